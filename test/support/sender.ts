import { createHmac } from "node:crypto";

/** What is to be proven to the gateway. */
export interface Letter {
  readonly body: string;
  /** The source's whole address, as its owner registered it. */
  readonly address: string;
  /** Unix seconds. */
  readonly at: number;
  /** The delivery's id, where its scheme signs one. */
  readonly id: string;
}

export type HeaderFields = Readonly<Record<string, string>>;

/** One secret: what the source is given, and how its sender signs with it. */
export interface Key {
  readonly secret: string;
  readonly sign: (letter: Letter) => HeaderFields | Promise<HeaderFields>;
}

/** One thing that happened at a sender. */
export interface Happening {
  readonly body: string;
  /** Beside those of its signature. */
  readonly headers: HeaderFields;
  /** What follows the source's name in `task_id`; a delivery without one is its own conversation. */
  readonly conversation?: string;
  readonly user?: Readonly<Record<string, string>>;
  /** Exactly, for what a person wrote. */
  readonly prompt?: string;
}

/** The answer that a sender takes for a success. */
export interface Success {
  readonly status: number;
  /** The body, whole. */
  readonly text: string;
  /** How its content type begins. */
  readonly type?: string;
}

/** A kind of sender, as the gateway sees it over the wire. */
export interface Sender {
  readonly provider: string;
  readonly key: Key;
  /** A later secret of the same sender. */
  readonly nextKey: Key;
  /** The header that holds the signature or the token. */
  readonly signature: string;
  /** What stands in that header before the encoded bytes. */
  readonly encoding: "hex" | "base64" | "token";
  /** How many seconds an old or early time counts; without one, no time is signed. */
  readonly toleranceSeconds?: number;
  readonly success: Success;
  /** What runs by default, each with an id and a conversation of its own. */
  happens(n: number, at?: number): Happening;
}

export const JSON_TYPE = "application/json";
export const FORM_TYPE = "application/x-www-form-urlencoded";

export const STARTED: Success = { status: 200, text: '{"status":"Started"}', type: JSON_TYPE };
export const EMPTY_ANSWER: Success = { status: 200, text: "" };

export function now(): number {
  return Math.floor(Date.now() / 1000);
}

type Encoding = "hex" | "base64";

export function hmac(algorithm: string, secret: string, text: string, encoding: Encoding): string {
  return createHmac(algorithm, secret).update(text).digest(encoding);
}

/** Two keys that sign in the same way. */
export function keyPair(make: (secret: string) => Key["sign"], secrets: readonly [string, string]) {
  const [first, next] = secrets;
  return {
    key: { secret: first, sign: make(first) },
    nextKey: { secret: next, sign: make(next) },
  };
}

/** Secrets that say whose they are, where the scheme takes any text. */
export function plainSecrets(provider: string): readonly [string, string] {
  return [`hush7q4z-${provider}-one`, `hush7q4z-${provider}-two`];
}

/** A body as JSON, with its content type. */
export function json(value: unknown, headers: HeaderFields = {}) {
  return { body: JSON.stringify(value), headers: { "content-type": JSON_TYPE, ...headers } };
}

/** A body as a page's form, with its content type. */
export function formOf(fields: Readonly<Record<string, string>>) {
  return {
    body: new URLSearchParams(fields).toString(),
    headers: { "content-type": FORM_TYPE },
  };
}
