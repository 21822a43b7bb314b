/**
 * For the tests of a conversation's object: its clock is moved by hand and stands in the future, so
 * that no alarm comes by itself; the platform and the callbacks' host are stood in for.
 */
import { env } from "cloudflare:workers";
import {
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { vi } from "vitest";
import { arrivalOf, type TurnCall } from "./arrival.ts";
import type { Conversation } from "./conversation.ts";
import { createConversations } from "./conversations.ts";
import type { Accepted } from "./messages.ts";
import { type Rooms, roomsOf } from "./rooms.ts";
import type { TaskRow } from "./rows.ts";
import type { Running } from "./worker-sending.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const KEY = "key-of-the-caller";
export const TOKENS = '{"mcp":"token-of-the-user"}';
export const HOOK = "https://hooks.test/inlet";

/** Nothing listens there: what the stand-in does not answer cannot be reached. */
const ORIGIN = "http://127.0.0.1:1";
const START = Date.parse("2030-01-01T00:00:00Z");

type Reply = () => Response | Promise<Response>;

/** Answers with this status. */
export function status(code: number, headers: Record<string, string> = {}): Reply {
  return () => Response.json({ detail: "said by the stand-in" }, { status: code, headers });
}

export const lost: Reply = () => {
  throw new TypeError("Network connection lost.");
};

export const never: Reply = () => new Promise(() => undefined);

export interface Post {
  readonly url: string;
  readonly at: number;
  readonly body: string;
  readonly headers: Headers;
}

/** One row for each id, which shows the latest task alone. */
class StandIn {
  /** The prompts of the tasks that were taken. */
  readonly taken: string[] = [];
  readonly bodies: string[] = [];
  /** What it was asked: `show` and `start`, in order. */
  readonly calls: string[] = [];
  readonly posts: Post[] = [];
  /** The next calls are answered so; the task of such a `start` is not taken. */
  readonly starts: Reply[] = [];
  readonly shows: Reply[] = [];
  /** Every call is answered so. */
  always: Reply | undefined;
  hook: Reply = () => new Response();
  /** What it says of an agent. */
  agent: Reply = () => Response.json({ id: "agent", organization_id: "org" });
  readonly #rows = new Map<string, Record<string, unknown>>();

  readonly fetch = async (address: string | URL | Request, init: RequestInit = {}) => {
    const request = new Request(address, init);
    const body = await request.text();
    if (request.url.startsWith(ORIGIN)) return this.#platform(request, body);
    const { url, headers } = request;
    this.posts.push({ url, at: Date.now(), body, headers });
    return this.hook();
  };

  end(id: string, given: Record<string, unknown> = {}): void {
    const finished_at = new Date().toISOString();
    const end = { status: "completed", result: "Done", finished_at, ...given };
    this.#rows.set(id, { ...this.#rows.get(id), ...end });
  }

  take(body: string): Response {
    const { id, input } = JSON.parse(body);
    this.taken.push(input.text);
    this.bodies.push(body);
    const times = { created_at: new Date().toISOString(), finished_at: null };
    this.#rows.set(id, {
      id,
      agent_id: "agent",
      status: "executing",
      ...times,
      result: null,
      input,
    });
    return Response.json(this.#rows.get(id));
  }

  #platform(request: Request, body: string): Response | Promise<Response> {
    if (request.url.startsWith(`${ORIGIN}/v1/agents`) && request.method === "GET") {
      return this.agent();
    }
    const isShow = request.method === "GET";
    this.calls.push(isShow ? "show" : "start");
    const scripted = this.always ?? (isShow ? this.shows : this.starts).shift();
    if (scripted !== undefined) return scripted();
    if (!isShow) return this.take(body);
    const shown = this.#rows.get(decodeURIComponent(new URL(request.url).pathname.slice(10)));
    return shown === undefined ? status(404)() : Response.json(shown);
  }
}

export let standIn: StandIn;

export const SECRET = "a-secret-of-the-gateway-".repeat(3);

const SETTINGS = {
  GATEWAY_SECRET: SECRET,
  GATEWAY_SECRET_PREVIOUS: "",
  PLATFORM_URL: ORIGIN,
  CALLBACK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  CALLBACK_HOSTS: "hooks.test",
  SYNC_TIMEOUT_SECONDS: "1",
};

function set(settings: Record<string, string>): void {
  Object.assign(env, settings);
}

export function open(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
  vi.spyOn(console, "error").mockReturnValue();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  standIn = new StandIn();
  vi.spyOn(globalThis, "fetch").mockImplementation((...given) => standIn.fetch(...given));
  set(SETTINGS);
}

export async function close(): Promise<void> {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await reset();
}

/** Moves the clock. */
export function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** When a synchronous call's time is over. */
export function untilLater(): Running {
  return { deadline: Date.now() + SECOND, onSent: () => undefined };
}

export function stub(): DurableObjectStub<Conversation> {
  return env.CONVERSATIONS.getByName("org/t");
}

/** Evicts the object; the next one has other settings, if any are given. */
export async function restart(settings: Record<string, string> = {}): Promise<void> {
  set(settings);
  await evictDurableObject(stub());
  await runInDurableObject(stub(), (instance) => {
    // The settings of an isolate are read once.
    Object.assign(instance, { env: { ...env } });
  });
}

export function roomsHere(): Rooms {
  return roomsOf({ ...env });
}

const unfinished: Promise<unknown>[] = [];

/** Comes back once what went on behind its caller is over. */
export async function quiet(): Promise<void> {
  await Promise.all(unfinished.splice(0));
}

export function conversations() {
  const { platform, seal, stash } = roomsHere();
  return createConversations({
    namespace: () => env.CONVERSATIONS,
    platform,
    seal,
    stash,
    syncTimeoutSeconds: 1,
    waitUntil: (promise) => unfinished.push(promise),
  });
}

export interface Given {
  readonly task?: Partial<TurnCall["task"]>;
  readonly handling?: Partial<TurnCall["handling"]>;
  readonly isNew?: boolean;
  readonly apiKey?: string;
  readonly repeat?: TurnCall["repeat"];
}

export function call(prompt: string, given: Given = {}): TurnCall {
  const { task, handling, isNew = false, apiKey = KEY, repeat = null } = given;
  return {
    organisation: "org",
    task: {
      agentId: "agent",
      id: "t",
      prompt,
      files: [],
      disableAttachmentInjection: false,
      ...task,
    },
    isNew,
    handling: { asynchronous: true, overlap: "queue", debounceSeconds: 0, ...handling },
    shape: { json: false },
    apiKey,
    repeat,
  };
}

/** What its Worker would have it do; an asynchronous task unless told otherwise. */
export async function accept(prompt: string, given: Given = {}): Promise<Accepted> {
  return stub().accept(await arrivalOf(call(prompt, given), roomsHere()));
}

export function acceptSync(given: Given = {}): Promise<Accepted> {
  return accept("sync", { ...given, handling: { asynchronous: false } });
}

export function rows(): Promise<TaskRow[]> {
  return read<TaskRow>("SELECT * FROM task ORDER BY turn");
}

export async function row(turn: number): Promise<TaskRow> {
  const found = (await rows()).find((one) => one.turn === turn);
  if (found === undefined) throw new Error(`there is no turn ${turn}`);
  return found;
}

export function read<Row extends Record<string, SqlStorageValue>>(sql: string): Promise<Row[]> {
  return runInDurableObject(stub(), (_, { storage }) => storage.sql.exec<Row>(sql).toArray());
}

/** Everything that lies in its tables, as one text. */
export async function dump(): Promise<string> {
  const names = await read<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  );
  const tables = names.map(({ name }) => read(`SELECT * FROM "${name}"`));
  return JSON.stringify(await Promise.all(tables));
}

export function alarmAt(): Promise<number | null> {
  return runInDurableObject(stub(), (_, { storage }) => storage.getAlarm());
}

/** How long until the alarm comes. */
export async function untilAlarm(): Promise<number> {
  const at = await alarmAt();
  if (at === null) throw new Error("no alarm is set");
  return at - Date.now();
}

/** Lets the alarm come when it is due, so many times. */
export async function ring(times = 1): Promise<void> {
  for (let rung = 0; rung < times; rung += 1) {
    later(Math.max(0, await untilAlarm()));
    await runDurableObjectAlarm(stub());
  }
}
