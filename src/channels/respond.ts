/** The one way to a response. It is made once, with all of its headers: changing one costs more. */
import { MAX_DRAIN_MS } from "../limits.ts";
import type { SenderAnswer } from "../providers/answers.ts";
import { type Refusal, tell } from "../refusal.ts";
import type { Answering, Handler, Notes } from "./exchange.ts";

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A body of any kind, or none; every answer carries its `X-Request-Id`. */
export function answer(exchange: Answering, body: BodyInit | null, more: Answer = {}): Response {
  return respond(exchange, body, undefined, more);
}

/** JSON text as it is. */
export function answerJson(exchange: Answering, json: string, more: Answer = {}): Response {
  return respond(exchange, json, "application/json", more);
}

export function answerText(exchange: Answering, text: string, more: Answer = {}): Response {
  return respond(exchange, text, "text/plain; charset=utf-8", more);
}

function respond(
  exchange: Answering,
  body: BodyInit | null,
  type: string | undefined,
  { status = 200, headers }: Answer,
): Response {
  const notes = exchange.notes;
  const id = { "X-Request-Id": notes.requestId };
  return new Response(body, {
    status,
    headers: {
      ...(type === undefined ? id : { "Content-Type": type, ...id }),
      ...taskHeaders(notes),
      ...notes.answerHeaders,
      ...headers,
    },
  });
}

/** Where the task can be asked for, once it has its turn. */
function taskHeaders({ taskId, turn, isRepeat }: Notes): Record<string, string> | undefined {
  if (taskId === undefined) return undefined;
  const id = encodeURIComponent(taskId);
  if (turn === undefined) return { "X-Task-Id": id };
  const place = { "X-Task-Id": id, Location: `/v1/tasks/${id}?turn=${turn}` };
  return isRepeat ? { ...place, "Idempotency-Replayed": "true" } : place;
}

/**
 * `{"detail": …}` with its status and `X-Error-Code` (contract §1.7); notes the reason for the log
 * line. An answer that comes before the body was read is lost on a client that is still sending
 * when the connection closes, so the rest is thrown away first, for 1.5 s at most (§1.8).
 */
export async function refuse(exchange: Answering, refusal: Refusal): Promise<Response> {
  const { status, detail, headers, task } = tell(refusal);
  exchange.notes.refusalReason = refusal.reason;
  await discardRest(exchange.request);
  const json = JSON.stringify({ detail });
  return answerJson(exchange, task === undefined ? json : `${json.slice(0, -1)},"task":${task}}`, {
    status,
    headers: { ...headers, "X-Error-Code": refusal.reason },
  });
}

/** An answer in a sender's own words, seen also by who is still sending. */
export async function answerSender(
  exchange: Answering,
  { status, headers, body }: SenderAnswer,
  more: Answer["headers"] = {},
): Promise<Response> {
  await discardRest(exchange.request);
  return answer(exchange, body, { status, headers: { ...headers, ...more } });
}

/** The handler of the request's method; GET's answers HEAD as well, and any other is refused. */
export function byMethod(handlers: Readonly<Record<string, Handler>>): Handler {
  const known = new Map(Object.entries(handlers));
  const get = known.get("GET");
  if (get !== undefined) known.set("HEAD", get);
  const allow = [...known.keys()].toSorted().join(", ");
  return (exchange) =>
    known.get(exchange.request.method)?.(exchange) ??
    refuse(exchange, { reason: "method_not_allowed", allow });
}

async function discardRest({ headers, body, bodyUsed }: Request): Promise<void> {
  if (body === null || body.locked) return;
  // This client waits for a word before it sends; the first read would be that word.
  if (headers.get("Expect")?.toLowerCase() === "100-continue" && !bodyUsed) return;
  const deadline = Date.now() + MAX_DRAIN_MS;
  const reader = body.getReader({ mode: "byob" });
  const timer = setTimeout(() => {
    reader.cancel().catch(() => undefined);
  }, MAX_DRAIN_MS);
  try {
    while (Date.now() < deadline) {
      const { done } = await reader.read(new Uint8Array(DISCARD_BYTES));
      if (done) return;
    }
  } catch {
    // The client has gone: nobody is left to see the answer.
  } finally {
    clearTimeout(timer);
  }
}

const DISCARD_BYTES = 64 * 1024;
