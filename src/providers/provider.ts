/**
 * What every kind of sender is to the gateway. A provider is pure: bytes, headers, address, secrets
 * and the time come in, a result goes out; it reads no clock and keeps nothing.
 *
 * A delivery's way: `beginProof` before a byte of the body is read, `update` with each piece as it
 * streams, `finish`, then `read`, then the source's event filter, and `answers`.
 */
import type { Fields } from "../invocation/fields.ts";
import type { Query } from "../invocation/query.ts";
import type { User } from "../invocation/task.ts";
import type { Refusal, Result } from "../refusal.ts";
import { type Answers, DEFAULT_ANSWERS, type SenderAnswer } from "./answers.ts";
import { NO_SETTINGS, type Settings, type SettingsSchema } from "./settings.ts";

/** A request's headers; `Headers` is one. A header that came twice is one text, joined by commas. */
export interface HeaderLookup {
  get(name: string): string | null;
}

/** What is known of a request before its body is. */
export interface ProofRequest {
  /** In capitals. */
  readonly method: string;
  /** The whole address as the source's owner registered it: public origin, path, query as it came. */
  readonly address: string;
  readonly headers: HeaderLookup;
  /** The present one first, then the previous ones that still count. Each is tried in constant work. */
  readonly secrets: readonly string[];
  readonly settings: Settings;
  /** Unix seconds. */
  readonly now: number;
}

/** Why a proof failed: for the list of deliveries. The sender is told one sentence for all of them. */
export type ProofFault = "missing" | "malformed" | "stale" | "wrong";

/** What the body must be given to `finish` as, beside the pieces that `update` has seen. */
export type ProofNeeds = "pieces" | "bytes" | "fields";

/** A proof that has begun: the headers are in order, the body is still to come. Used once. */
export interface Proof {
  /**
   * `pieces`: nothing more; the body may stream to the store meanwhile. `bytes`: the whole raw body,
   * so it is held whole, within the limit of bodies. `fields`: what the body was read as, since the
   * proof stands in it (Mailgun's); files that came with it wait uncommitted.
   */
  readonly needs: ProofNeeds;
  /** Takes the next piece of the body as it was sent, before it is inflated or parsed. */
  update(piece: Uint8Array): void;
  /** After the last piece. Compares in constant time. */
  finish(body: ProofBody): Result<Proven, ProofFault>;
}

export interface ProofBody {
  readonly bytes?: Uint8Array;
  readonly fields?: Fields;
}

export interface Proven {
  /** The one of the secrets that proved it: a handshake is signed with this one. Empty for `none`. */
  readonly secret: string;
  /** What may be accepted once, and again only with the same body: any other body is a bad signature. */
  readonly claim?: Claim;
}

export interface Claim {
  readonly token: string;
  /** SHA-256 of the raw body in hex. */
  readonly bodyHash: string;
}

/** A delivery whose proof was good. */
export interface Received {
  readonly headers: HeaderLookup;
  /** As `readFields` gives them. Plain text and lists are under `body`. */
  readonly fields: Fields;
  /** Of `Proven`. */
  readonly secret: string;
  readonly settings: Settings;
}

/** One event, which may run the agent once. */
export interface Delivery {
  /** By which a repeat is known, if the sender has one. As long as the sender likes: keep its hash. */
  readonly id: string | undefined;
  /** The sender's own name for what happened, with its action: `issues.opened`, `invoice.paid`. */
  readonly event: string;
  /** Other names of the same, which `events` may hold too. */
  readonly aliases?: readonly string[];
  /** Whether it runs where the source has no `events` of its own. */
  readonly runsByDefault: boolean;
  /** The sender's conversation, for `task_id`; without one the delivery is a conversation by itself. */
  readonly conversation?: string | undefined;
  readonly user?: User | undefined;
  /** Without one, the context is the prompt. */
  readonly prompt?: string | undefined;
  /** The context; the source's own mapping and prompt are read in it too. */
  readonly fields: Fields;
}

/** What a proven delivery turns out to be. */
export type Reading =
  /** A question of the sender's about us: it is answered, and nothing runs. */
  | { readonly kind: "handshake"; readonly answer: SenderAnswer }
  /** Never run, whatever the source's `events` say; told as a success. */
  | { readonly kind: "ignored"; readonly why: string }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | Deliveries;

export interface Deliveries {
  readonly kind: "deliveries";
  /** In the order of the body; one at least, unless all were malformed. */
  readonly deliveries: readonly Delivery[];
  /** Events of a batch that could not be read: they spoil no others. */
  readonly malformed: number;
  /** What is told otherwise than by the provider's `answers`, for this delivery. */
  readonly answers?: Partial<Answers>;
}

export interface Provider {
  readonly name: string;
  /** What it uses besides POST; `greet` answers these. */
  readonly methods: readonly ("GET" | "HEAD")[];
  /** Unverified kinds are braked (providers: what follows, 6). */
  readonly isVerified: boolean;
  /** Waits too briefly for an agent: `"asynchronous": false` is refused. */
  readonly mustBeAsynchronous: boolean;
  /** Whether its events have names; where they have none, `events` is refused. */
  readonly namesEvents: boolean;
  /** Its handshake needs the source's `verify_token`; elsewhere one is refused. */
  readonly usesVerifyToken: boolean;
  /** What it takes of `header`, `signed` and the others; `readSettings` checks by it. */
  readonly settings: SettingsSchema;
  readonly answers: Answers;
  /** A phrase that says what is wrong with a secret that is being set; `undefined` is none given. */
  secretProblem(secret: string | undefined): string | undefined;
  /** Refuses what the headers alone show: a signature that is missing, malformed, doubled or stale. */
  beginProof(request: ProofRequest): Result<Proof, ProofFault>;
  /** Answers a GET or HEAD. Any of `verifyTokens` counts. */
  greet(query: Query, verifyTokens: readonly string[]): SenderAnswer;
  /** Only ever called with what was proven. Hostile fields never make it throw. */
  read(received: Received): Reading;
}

type Own = Pick<Provider, "name" | "beginProof" | "read"> & Partial<Provider>;

/** A provider with what most of them have in common. */
export function defineProvider(own: Own): Provider {
  return {
    methods: [],
    isVerified: true,
    mustBeAsynchronous: false,
    namesEvents: true,
    usesVerifyToken: false,
    settings: NO_SETTINGS,
    answers: DEFAULT_ANSWERS,
    secretProblem: (secret = "") => (secret === "" ? "is required" : undefined),
    greet: () => ({ status: 200, headers: {}, body: null }),
    ...own,
  };
}
