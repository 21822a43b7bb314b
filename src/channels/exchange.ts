import type { Context } from "hono";
import type { SenderAnswer } from "../providers/answers.ts";
import type { Refusal } from "../refusal.ts";
import type { ChannelRooms } from "./channel-rooms.ts";

/** What a request gathers on its way: for its handlers, and for its log line. */
export interface Notes {
  readonly requestId: string;
  /** On every answer besides: CORS. */
  answerHeaders: Readonly<Record<string, string>> | undefined;
  /** How a source's sender is told of what is thrown. */
  trouble: SenderAnswer | undefined;
  /** The conversation, once it is known: every answer names it then. */
  taskId: string | undefined;
  /** The task's place in it: where the task can be asked for. */
  turn: number | undefined;
  /** The first request of this `Idempotency-Key` has been here before. */
  isRepeat: boolean;
  /** Its conversation was busy, and it is not run. */
  isDropped: boolean;
  /** For the log line. */
  channel: string | undefined;
  agentId: string | undefined;
  platformMs: number | undefined;
  refusalReason: Refusal["reason"] | undefined;
  cause: string | undefined;
}

/**
 * Made with all of its fields: V8 throws away the code that it has optimized for an object which
 * grows, at each collection that finds none of its size.
 */
export function notesOf(requestId: string): Notes {
  return {
    requestId,
    answerHeaders: undefined,
    trouble: undefined,
    taskId: undefined,
    turn: undefined,
    isRepeat: false,
    isDropped: false,
    channel: undefined,
    agentId: undefined,
    platformMs: undefined,
    refusalReason: undefined,
    cause: undefined,
  };
}

/** One request on its way to its answer. */
export interface Exchange {
  readonly request: Request;
  /** The request's: each reading of them from it is a call into the runtime. */
  readonly headers: Headers;
  readonly url: string;
  readonly env: Env;
  readonly rooms: ChannelRooms;
  readonly notes: Notes;
  /** Hono's, for the parts of the path. */
  readonly context: Context;
}

/** What an answer needs of it; there is one even where the rooms cannot be made. */
export type Answering = Pick<Exchange, "request" | "notes">;

export type Handler = (exchange: Exchange) => Response | Promise<Response>;
