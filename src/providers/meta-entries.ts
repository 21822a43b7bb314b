/**
 * Meta's batches: entries of changes of messages. Each message becomes a body of its own, of the
 * same shape with this one message in it, so that a path such as `entry.0.changes.0.value.messages.0`
 * finds every message, whichever place it had.
 */
import type { Fields } from "../invocation/fields.ts";
import { type JsonText, objectText } from "../invocation/json-text.ts";
import type { User } from "../invocation/task.ts";
import { MAX_BATCH_EVENTS } from "../limits.ts";
import { isTrueIn, listIn, objectOf, textIn, userFrom } from "./found.ts";
import type { Delivery } from "./provider.ts";

export interface MetaEvents {
  /** `undefined` is one that could not be read. */
  readonly deliveries: (Delivery | undefined)[];
  /** States of messages, and messages of our own. */
  neverRun: number;
}

/** Puts one event back into the layers that it was taken from. */
type Wrap = (event: JsonText) => Fields;

export function readMetaEntries(body: Fields): MetaEvents {
  const events: MetaEvents = { deliveries: [], neverRun: 0 };
  for (const entryText of elements(body, "entry")) {
    const entry = objectOf(entryText);
    if (entry === undefined) events.deliveries.push(undefined);
    else readEntry(events, body, entry);
    if (events.deliveries.length > MAX_BATCH_EVENTS) break;
  }
  return events;
}

/** One more than is taken, so that too many are seen to be. */
function elements(fields: Fields, name: string): readonly JsonText[] {
  return listIn(fields, name, MAX_BATCH_EVENTS + 1);
}

function readEntry(events: MetaEvents, body: Fields, entry: Fields): void {
  const inEntry = (name: string, value: JsonText) =>
    within(body, "entry", listOf(objectText(within(entry, name, listOf(value)))));
  for (const event of elements(entry, "messaging")) {
    readMessaging(events, event, (value) => inEntry("messaging", value));
  }
  for (const text of elements(entry, "changes")) {
    const change = objectOf(text);
    if (change === undefined) events.deliveries.push(undefined);
    else {
      readChange(events, change, (value) =>
        inEntry("changes", objectText(within(change, "value", value))),
      );
    }
  }
}

function listOf(element: JsonText): JsonText {
  return `[${element}]`;
}

function within(outer: Fields, name: string, value: JsonText): Fields {
  return new Map(outer).set(name, value);
}

/** WhatsApp's `messages`; a change of any other field is one event, and runs only if it is named. */
function readChange(events: MetaEvents, change: Fields, wrap: Wrap): void {
  const field = textIn(change, "field") ?? "change";
  const text = change.get("value");
  const value = objectOf(text);
  if (text === undefined || (field === "messages" && value === undefined)) {
    events.deliveries.push(undefined);
  } else if (field === "messages" && value !== undefined) {
    readMessages(events, value, wrap);
  } else {
    const fields = wrap(text);
    events.deliveries.push({ id: undefined, event: field, runsByDefault: false, fields });
  }
}

function readMessages(events: MetaEvents, value: Fields, wrap: Wrap): void {
  const people = contactsIn(value);
  events.neverRun += elements(value, "statuses").length;
  for (const text of elements(value, "messages")) {
    const message = objectOf(text);
    events.deliveries.push(message && readMessage(message, people, oneOf(value, wrap)));
    if (events.deliveries.length > MAX_BATCH_EVENTS) return;
  }
}

/** The value with one message and the contact who sent it, and no states of others. */
function oneOf(value: Fields, wrap: Wrap) {
  return (message: Fields, contact: Contact | undefined) => {
    const one = new Map(value).set("messages", listOf(objectText(message)));
    one.delete("statuses");
    // All contacts of a batch beside each of its messages would be a thousand times a thousand.
    one.delete("contacts");
    if (contact !== undefined) one.set("contacts", listOf(contact.text));
    return wrap(objectText(one));
  };
}

interface Contact {
  readonly text: JsonText;
  readonly id: string | undefined;
  readonly name: string | undefined;
}

/** By telephone number and by user id: since there are user names, a person may have only the latter. */
function contactsIn(value: Fields): ReadonlyMap<string, Contact> {
  const contacts = new Map<string, Contact>();
  for (const text of elements(value, "contacts")) {
    const contact = objectOf(text);
    if (contact === undefined) continue;
    const name = textIn(contact, "profile.name");
    const ids = [textIn(contact, "wa_id"), textIn(contact, "user_id")];
    const one: Contact = { text, name, id: ids.find((id) => id !== undefined) };
    for (const id of ids) if (id !== undefined) contacts.set(id, one);
  }
  return contacts;
}

/** Where the words of each kind of message stand. */
const WORDS = [
  "text.body",
  "button.text",
  "interactive.button_reply.title",
  "interactive.list_reply.title",
  "image.caption",
  "video.caption",
  "document.caption",
] as const;

/** A message of a person without a number may name nobody; a single contact is its sender. */
function senderAmong(people: ReadonlyMap<string, Contact>, message: Fields): Contact | undefined {
  const ids = [textIn(message, "from"), textIn(message, "from_user_id")];
  const named = ids.filter((id) => id !== undefined);
  if (named.length > 0) return people.get(named.find((id) => people.has(id)) ?? "");
  const all = [...new Set(people.values())];
  return all.length === 1 ? all[0] : undefined;
}

function readMessage(
  message: Fields,
  people: ReadonlyMap<string, Contact>,
  wrap: (message: Fields, contact: Contact | undefined) => Fields,
): Delivery | undefined {
  const id = textIn(message, "id");
  if (id === undefined) return undefined;
  const contact = senderAmong(people, message);
  const sender = textIn(message, "from", "from_user_id") ?? contact?.id;
  return {
    id,
    event: "messages",
    runsByDefault: true,
    conversation: sender,
    user: userFrom({ id: sender, first_name: contact?.name }),
    prompt: textIn(message, ...WORDS),
    fields: wrap(message, contact),
  };
}

/** Messenger's and Instagram's: what was said, or which button was pressed. */
function readMessaging(events: MetaEvents, text: JsonText, wrap: Wrap): void {
  const event = objectOf(text);
  if (event === undefined) events.deliveries.push(undefined);
  else if (isTrueIn(event, "message.is_echo") || event.has("read") || event.has("delivery")) {
    events.neverRun += 1;
  } else events.deliveries.push(readSaid(event, wrap(text)));
}

function readSaid(event: Fields, fields: Fields): Delivery | undefined {
  const sender = textIn(event, "sender.id");
  if (sender === undefined) return undefined;
  const [kind] = [...event.keys()].filter((name) => !ENVELOPE.has(name));
  const user: User = { id: sender };
  return {
    id: textIn(event, "message.mid", "postback.mid"),
    event: kind === "message" ? "messages" : `messaging_${kind ?? "event"}s`,
    runsByDefault: kind === "message" || kind === "postback",
    conversation: sender,
    user,
    prompt: textIn(event, "message.text", "postback.title", "postback.payload"),
    fields,
  };
}

const ENVELOPE = new Set(["sender", "recipient", "timestamp", "messaging_feedback", "hop_context"]);
