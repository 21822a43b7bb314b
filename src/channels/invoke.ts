/** From an invocation to its answer, for every channel: on its own, or in its conversation's order. */
import { accepts } from "hono/accepts";
import type { TurnCall } from "../conversation/arrival.ts";
import type { Placed } from "../conversation/conversations.ts";
import { type Answer, shapeAnswer } from "../invocation/answer.ts";
import type { Invocation, Shape } from "../invocation/invocation.ts";
import { kindOf, textOf, toJsonText } from "../invocation/json-text.ts";
import type { TaskState } from "../invocation/task.ts";
import { PlatformOutage } from "../platform/platform.ts";
import type { Refusal, Result } from "../refusal.ts";
import type { Upload } from "../uploads/upload.ts";
import { answerJson, answerText, refuse } from "./respond.ts";
import type { Exchange } from "./exchange.ts";
import { sha256Hex } from "../sha256.ts";

export interface Call {
  readonly invocation: Invocation;
  readonly upload: Pick<Upload, "keep" | "letGo">;
  readonly apiKey: string;
  readonly idempotencyKey: string | undefined;
}

/** A synchronous call that names neither conversation nor key has a conversation of its own. */
export function invoke(exchange: Exchange, call: Call): Promise<Response> {
  const { task, handling, isNamed } = call.invocation;
  exchange.notes.agentId = task.agentId;
  const isAlone = !handling.asynchronous && !isNamed && call.idempotencyKey === undefined;
  return isAlone ? run(exchange, call) : takeTurn(exchange, call);
}

async function run(exchange: Exchange, { invocation, upload, apiKey }: Call): Promise<Response> {
  const notes = exchange.notes;
  notes.taskId = invocation.task.id;
  const startedAt = Date.now();
  let state: Result<TaskState>;
  try {
    state = await exchange.rooms.platform.run(invocation.task, { apiKey });
  } catch (thrown) {
    // The platform may have it, and shows it under its id.
    if (thrown instanceof PlatformOutage && !thrown.tookNothing) notes.turn = 1;
    throw thrown;
  } finally {
    notes.platformMs = Date.now() - startedAt;
  }
  if (state.ok) upload.keep();
  return respondWith(exchange, state, invocation.shape);
}

async function takeTurn(exchange: Exchange, call: Call): Promise<Response> {
  const { invocation, upload, apiKey } = call;
  const deadline = syncDeadline(exchange);
  const admission = await exchange.rooms.platform.admit(invocation.task.agentId, { apiKey });
  if (!admission.ok) return refuse(exchange, admission.refusal);
  const turnCall = turnCallOf(call, admission.value.organisation);
  return invokeInTurn(exchange, turnCall, { upload, deadline });
}

/** When a synchronous call has waited for long enough: unix milliseconds. */
function syncDeadline(exchange: Exchange): number {
  return Date.now() + exchange.rooms.config.SYNC_TIMEOUT_SECONDS * 1000;
}

export interface InTurn {
  readonly upload: Pick<Upload, "keep" | "letGo">;
  readonly deadline?: number;
}

/** The same for a call whose conversation is known. */
export async function invokeInTurn(
  exchange: Exchange,
  turnCall: TurnCall,
  { upload, deadline = syncDeadline(exchange) }: InTurn,
): Promise<Response> {
  exchange.notes.taskId = turnCall.task.id;
  const placed = await place(exchange, turnCall, upload);
  if (placed === "conflict") return refuse(exchange, KEY_USED);
  const { turn, isRepeat, isDropped } = placed;
  Object.assign(exchange.notes, { turn, isRepeat, isDropped });
  if (isDropped) return answerJson(exchange, DROPPED);
  if (turnCall.handling.asynchronous) {
    if (!isRepeat) upload.keep();
    return start(exchange, turnCall, placed);
  }
  // A repeat may be the one that sends the task, with its own files.
  let isOurs = !isRepeat;
  const onSent = () => {
    isOurs = true;
  };
  // Who hangs up in the queue is not sent: its files are the lifecycle rules' to remove.
  upload.letGo();
  const running = exchange.rooms.conversations.run(turnCall, placed, { deadline, onSent });
  const end = await timed(exchange, keepingOnFault(upload, running));
  if (mayHaveRun(end) && isOurs) upload.keep();
  return respondWith(exchange, end, turnCall.shape);
}

/** A turn whose end was lost may have been the agent's. */
function mayHaveRun(end: Result<TaskState>): boolean {
  return end.ok || end.refusal.reason === "platform_failed";
}

/** Hands a task over. */
export function place(
  exchange: Exchange,
  call: TurnCall,
  upload: Pick<Upload, "keep">,
): Promise<Placed | "conflict"> {
  return keepingOnFault(upload, exchange.rooms.conversations.place(call));
}

/** After a fault of ours the task may be on disk, or at the platform, all the same. */
async function keepingOnFault<Value>(
  upload: Pick<Upload, "keep">,
  work: Promise<Value>,
): Promise<Value> {
  try {
    return await work;
  } catch (thrown) {
    if (!(thrown instanceof PlatformOutage)) upload.keep();
    throw thrown;
  }
}

async function start(exchange: Exchange, call: TurnCall, { turn }: Placed): Promise<Response> {
  const { waitSeconds } = call.handling;
  if (waitSeconds === undefined) return answerJson(exchange, STARTED);
  const conversations = exchange.rooms.conversations;
  const end = await timed(exchange, conversations.waitFor(call, turn, waitSeconds));
  if (end === "dropped") return answerJson(exchange, DROPPED);
  if (end !== undefined) return respondWith(exchange, end, call.shape);
  const json = `{"status":"Started","id":${toJsonText(call.task.id)}}`;
  return answerJson(exchange, json, { status: 202 });
}

const STARTED = '{"status":"Started"}';
const DROPPED = '{"status":"Dropped"}';

const KEY_USED: Refusal = {
  reason: "parameters_invalid",
  problems: [
    {
      loc: ["header", "Idempotency-Key"],
      msg: "was used for another request; use a new key, or send the same request",
      type: "idempotency_key_reused",
    },
  ],
};

function turnCallOf(
  { invocation, apiKey, idempotencyKey: key }: Call,
  organisation: string,
): TurnCall {
  const { task, isNamed, handling, shape } = invocation;
  const isDerived = !isNamed && key !== undefined;
  const id = isDerived ? derivedId([organisation, task.agentId, key]) : task.id;
  const repeat =
    key === undefined
      ? null
      : { key: `${task.agentId} ${key}`, hash: sha256Hex(invocation.fingerprint()) };
  const isNew = !isNamed && !isDerived;
  return { organisation, task: { ...task, id }, isNew, handling, shape, apiKey, repeat };
}

/** A repeat must find the conversation of the first, which was not named. */
function derivedId(parts: readonly string[]): string {
  return sha256Hex(JSON.stringify(parts)).slice(0, 32);
}

async function timed<Value>(exchange: Exchange, call: Promise<Value>): Promise<Value> {
  const startedAt = Date.now();
  try {
    return await call;
  } finally {
    exchange.notes.platformMs = Date.now() - startedAt;
  }
}

function respondWith(
  exchange: Exchange,
  state: Result<TaskState>,
  shape: Shape,
): Response | Promise<Response> {
  return state.ok ? respond(exchange, state.value, shape) : refuse(exchange, state.refusal);
}

function respond(exchange: Exchange, state: TaskState, shape: Shape): Response | Promise<Response> {
  const answer = shapeAnswer(state, shape);
  return answer.ok ? respondShaped(exchange, answer.value) : refuse(exchange, answer.refusal);
}

function respondShaped(exchange: Exchange, { json, resultFormat }: Answer): Response {
  const headers = resultFormat && { "X-Result-Format": resultFormat };
  const more = headers && { headers };
  return kindOf(json) === "text" && prefersText(exchange)
    ? answerText(exchange, textOf(json), more)
    : answerJson(exchange, json, more);
}

function prefersText({ headers, context }: Exchange): boolean {
  if (headers.get("Accept")?.includes("text/plain") !== true) return false;
  const supports = ["application/json", "text/plain"];
  return (
    accepts(context, { header: "Accept", supports, default: "application/json" }) === "text/plain"
  );
}
