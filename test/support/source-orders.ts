import { type Answer, jsonOf, send, type Sent } from "./http.ts";
import { type Happening, type Key, type Letter, now, type Sender } from "./sender.ts";
import type { TaskPair } from "./task-pair.ts";
import type { Taken } from "./task-rows.ts";

export type Settings = Readonly<Record<string, unknown>>;

/** Where a source is kept, and whose it is. */
export interface Place {
  readonly agent?: string;
  readonly apiKey?: string;
}

/** A source as its owner sees it. */
export interface Source {
  readonly agent: string;
  readonly name: string;
  readonly url: string;
  /** What its owner was answered when it was made. */
  readonly shown: Readonly<Record<string, unknown>>;
  /** How the `task_id` of each of its conversations begins. */
  readonly prefix: string;
}

let made = 0;

/** A name that no source has had: what a Worker remembers of another one is not of this. */
export function freshName(label = "source"): string {
  return `${label}-${made++}`;
}

/** Any request to `/v1/agents/{agent}/sources{rest}`. */
export function askSources(
  pair: TaskPair,
  method: string,
  rest: string,
  { agent = "agent-1", apiKey = "test-key", ...sent }: Place & Sent = {},
): Promise<Answer> {
  return send(`${pair.gateway.url}/v1/agents/${agent}/sources${rest}`, {
    ...sent,
    method,
    headers: { "x-api-key": apiKey, ...sent.headers },
  });
}

export function putSource(
  pair: TaskPair,
  name: string,
  settings: unknown,
  place: Place = {},
): Promise<Answer> {
  return askSources(pair, "PUT", `/${name}`, {
    ...place,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(settings),
  });
}

/** A new source, or with the name of one that there is, that one changed. Throws if it is refused. */
export async function makeSource(
  pair: TaskPair,
  settings: Settings,
  { name = freshName(), ...place }: Place & { readonly name?: string } = {},
): Promise<Source> {
  const answer = await putSource(pair, name, settings, place);
  if (answer.status >= 300) throw new Error(`PUT was refused: ${answer.status} ${answer.text}`);
  const shown = jsonOf(answer) as Readonly<Record<string, unknown>>;
  const { agent = "agent-1" } = place;
  return { agent, name, url: String(shown["url"]), shown, prefix: `${agent}:${name}:` };
}

/** A new source that proves nothing. */
export function openSource(pair: TaskPair, settings: Settings = {}): Promise<Source> {
  return makeSource(pair, { provider: "none", ...settings });
}

/** A new source of this sender, with its first secret. */
export function sourceOf(
  pair: TaskPair,
  { provider, key }: Sender,
  settings: Settings = {},
): Promise<Source> {
  return makeSource(
    pair,
    { provider, secret: key.secret, ...settings },
    { name: freshName(provider) },
  );
}

export interface Posting extends Partial<Letter> {
  readonly key: Key;
}

/** What happened, signed for this source and sent to it; its own headers win over the signature's. */
export async function deliver(
  { url }: Pick<Source, "url">,
  { body, headers }: Pick<Happening, "body" | "headers">,
  { key, at = now(), id = `msg_${made++}`, address = url, ...signed }: Posting,
): Promise<Answer> {
  const signature = await key.sign({ body: signed.body ?? body, address, at, id });
  return send(url, { headers: { ...signature, ...headers }, body });
}

/** The n-th thing that happens at this sender, by its present key. */
export function happen(sender: Sender, source: Source, n: number): Promise<Answer> {
  return deliver(source, sender.happens(n), { key: sender.key });
}

/** All that the platform took for this source so far, in order. */
export function ranFor(pair: TaskPair, { prefix }: Pick<Source, "prefix">): Taken[] {
  return pair.platform.taken.filter(({ id }) => id.startsWith(prefix));
}

/** Waits until the platform took so many tasks for this source, and gives them. */
export async function ran(
  pair: TaskPair,
  source: Pick<Source, "prefix">,
  count = 1,
): Promise<Taken[]> {
  await pair.platform.until(() => ranFor(pair, source).length >= count);
  return ranFor(pair, source);
}

/** As `ran`, for one: throws if there are more. */
export async function ranOnce(pair: TaskPair, source: Pick<Source, "prefix">): Promise<Taken> {
  const [first, ...more] = await ran(pair, source);
  if (first === undefined || more.length > 0) throw new Error(`Ran ${1 + more.length} times`);
  return first;
}

/** The context that a task was sent with. */
export function contextOf({ sent }: Taken): unknown {
  return JSON.parse(sent.additional_context ?? "null");
}

/** The user that a task was sent with. */
export function userOf({ sent }: Taken): Readonly<Record<string, string>> | undefined {
  return (sent.input as { user?: Record<string, string> }).user;
}

/** One line of a source's list of deliveries. */
export interface Listed {
  readonly at: unknown;
  readonly delivery_id: unknown;
  readonly outcome: unknown;
  readonly status: unknown;
  readonly task_id: unknown;
  readonly turn: unknown;
  readonly error: unknown;
}

/** What `GET …/sources/{name}` answers. */
export async function showSource(
  pair: TaskPair,
  name: string,
  place: Place = {},
): Promise<Readonly<Record<string, unknown>> & { readonly deliveries: readonly Listed[] }> {
  const answer = await askSources(pair, "GET", `/${name}`, place);
  if (answer.status !== 200) throw new Error(`GET was refused: ${answer.status} ${answer.text}`);
  return jsonOf(answer) as never;
}
