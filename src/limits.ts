/**
 * Every ceiling that is not a setting: its unit in its name, its reason in a line.
 * The ceilings that an operator may move are settings (`config.ts`).
 */

/** A parser that recurses, on any side of us, overflows somewhere past this (contract §1.4). */
export const MAX_JSON_LEVELS = 1_000;

/**
 * Prompt and context as JSON. A body of control characters grows six-fold when it is written so;
 * an isolate has 128 MB in all, and a call to a Durable Object carries 32 MiB.
 */
export const MAX_TASK_CHARS = 24 * 1024 * 1024;

/** What an agent of the embedded platform returns, as text, under the same two ceilings. */
export const MAX_RESULT_CHARS = 15 * 1024 * 1024;

/** What is kept of the message of an agent that throws. */
export const MAX_ERROR_CHARS = 64 * 1024;

/** A path deeper than a body may be can find nothing; this is generous for long key names. */
export const MAX_PATH_CHARS = 4_096;

/** Contract §1: the platform's row id; counted in code points. */
export const MAX_TASK_ID_CODE_POINTS = 256;

/** Version names are a number or a word (`draft`); they travel in an address. */
export const MAX_AGENT_VERSION_CHARS = 128;

/** Far above any key that is issued, far below what a header may hold. */
export const MAX_API_KEY_CHARS = 1_024;

/** Addresses whose query an isolate remembers: senders that call at one time … */
export const MAX_REMEMBERED_QUERIES = 500;

/** … each of the length that people paste; 500 of them are 4 MB with all that is made of them. */
export const MAX_REMEMBERED_ADDRESS_CHARS = 2_048;

/** Values of `Content-Type` that an isolate remembers … */
export const MAX_REMEMBERED_TYPES = 100;

/** … each no longer than any that is meant. */
export const MAX_REMEMBERED_TYPE_CHARS = 256;

/** What is left of a body after an early answer is read for so long, so that clients see it (§1.8). */
export const MAX_DRAIN_MS = 1_500;

/** One answer of the platform is held whole to be shaped; an isolate has 128 MB in all. */
export const MAX_PLATFORM_ANSWER_BYTES = 32 * 1024 * 1024;

/** Of a refusal's body only the wrong parameters are read. */
export const MAX_PLATFORM_REFUSAL_BYTES = 1024 * 1024;

/** How many of the platform's own problems are passed on in one refusal. */
export const MAX_PLATFORM_PROBLEMS = 100;

/** Accepting an async task is one insert; a platform that takes longer is not answering. */
export const MAX_ACCEPT_SECONDS = 30;

/** What an agent is shown of a conversation: the newest turns … */
export const MAX_EARLIER_TURNS = 50;

/** … as long as their texts together stay below this. */
export const MAX_EARLIER_BYTES = 1024 * 1024;

/** A Durable Object's SQLite takes 2 MB a row; longer texts are cut into pieces of this. */
export const MAX_ROW_BYTES = 1024 * 1024;

/** A row of a conversation holds two such texts at most, a task's words and its tokens. */
export const MAX_KEPT_BYTES = 900 * 1024;

/** Turns of the embedded platform are forgotten after this. */
export const THREAD_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

/** A run that keeps crashing the isolate is given up after so many starts. */
export const MAX_EXECUTION_ATTEMPTS = 3;

/** The headers of one part of a form: a name, a file name and a type, with room to spare. */
export const MAX_PART_HEADER_BYTES = 16 * 1024;

/** What file systems and download dialogs take, with room for an operator's own prefix. */
export const MAX_FILE_NAME_BYTES = 200;

/** R2 wants parts of one size, 5 MiB or more; two of them are a request's whole share of memory. */
export const PART_BYTES = 8 * 1024 * 1024;

/** Contract §3.1. The bucket's lifecycle rule removes objects a day later. */
export const LINK_DAYS = 30;

/** Contract §2.1: how long a key's right to an agent is taken for granted … */
export const RIGHT_FRESH_MS = 10 * 60 * 1000;

/** … and how long its organisation is, or its right while the platform cannot be reached. */
export const ACCEPTANCE_MS = 24 * 60 * 60 * 1000;

/** Accepted keys that one isolate remembers: about 200 bytes each. */
export const MAX_ACCEPTANCES_IN_MEMORY = 10_000;

/** Keys that one isolate remembers sealed: about 1 KB each. */
export const MAX_SEALED_KEYS_IN_MEMORY = 1_000;

/** Contract §3: addresses of files that one JSON body may give. */
export const MAX_LINKED_FILES = 20;

/** What a file's kind is told from where the rest goes straight to the store. */
export const HEAD_BYTES = PART_BYTES;

/** A Worker that waits says so at least this often, or is taken for gone. */
export const LEASE_MS = 15_000;

/** Contract §2.3: a repeat within this starts nothing. */
export const REPEAT_MS = 24 * 60 * 60 * 1000;

/** Contract §2.5: how long the end of a turn, and a dead task, are kept. */
export const CONVERSATION_RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

/** What the platform showed at a turn's end counts so long for what it shows before the next. */
export const SNAPSHOT_FRESH_MS = 60_000;

/** A callback's host has so long to answer. */
export const MAX_CALLBACK_SECONDS = 30;

/** Delivery ids are kept for 24 h: a signed time that may be older would let a repeat through. */
export const MAX_TOLERANCE_SECONDS = 24 * 60 * 60;

/** Events in one delivery; WhatsApp sends 1,000 at most, and each becomes a task. */
export const MAX_BATCH_EVENTS = 10_000;

/** What a sentence quotes of a title or a name that somebody else has written. */
export const MAX_QUOTED_CHARS = 200;

/** Twilio signs a form's fields, some dozens of them, so that they are sorted before it is proven. */
export const MAX_SIGNED_FORM_FIELDS = 1_000;

/** A Worker may take a source's settings for what they were so long ago (contract §4's sources). */
export const SOURCE_FRESH_MS = 10_000;

/** Sources that one isolate remembers, unknown ones too: some kilobytes each. */
export const MAX_SOURCES_IN_MEMORY = 1_000;

/** Sources of one agent: they are listed in one answer. */
export const MAX_SOURCES = 500;

/** A source's settings as JSON: a prompt of some pages, and lists of addresses. */
export const MAX_SOURCE_BYTES = 128 * 1024;

/** Contract §4: a secret that was replaced counts so long beside the new one. */
export const PREVIOUS_SECRET_MS = 24 * 60 * 60 * 1000;

/** Contract §4: deliveries that a source's list shows … */
export const MAX_LISTED_DELIVERIES = 50;

/** … of which so many may be unproven, or whoever knows the address could wash away the others. */
export const MAX_LISTED_UNPROVEN = 10;

/** So many of a source's tasks are known to it: those among them that died can be sent again. */
export const MAX_KEPT_TASKS = 200;

/** What a delivery's id and error are cut to in the list. */
export const MAX_LISTED_CHARS = 255;

/** Outcomes wait so long for others, to be noted with them in one call. */
export const NOTE_DELAY_MS = 200;

/** A claim on a token until its task is accepted (providers: what follows, 4) … */
export const CLAIM_MS = 60_000;

/** … and for good after it: its signed time is stale by then, however tolerant the source is. */
export const CLAIM_FOR_GOOD_MS = 2 * MAX_TOLERANCE_SECONDS * 1000;

/** Contract §4, `deduplicate`: as long as the ends of turns are kept. */
export const MAX_DEDUPLICATE_MINUTES = 30 * 24 * 60;

/** An unknown source is told so long after the request came, whatever it took to find out. */
export const UNKNOWN_SOURCE_MS = 250;

/** Tasks of one batch that are handed over at a time. */
export const MAX_PLACING = 16;
