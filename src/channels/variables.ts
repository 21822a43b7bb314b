import type { Context } from "hono";
import type { SenderAnswer } from "../providers/answers.ts";
import type { Refusal } from "../refusal.ts";
import type { ChannelRooms } from "./channel-rooms.ts";

/** What a request gathers on its way: for its handlers, and for its log line. */
export interface Notes {
  readonly requestId: string;
  /** On every answer besides: CORS. */
  answerHeaders?: Readonly<Record<string, string>>;
  /** How a source's sender is told of what is thrown. */
  trouble?: SenderAnswer | undefined;
  /** The conversation, once it is known: every answer names it then. */
  taskId?: string;
  /** The task's place in it: where the task can be asked for. */
  turn?: number;
  /** The first request of this `Idempotency-Key` has been here before. */
  isRepeat?: boolean;
  /** For the log line. */
  channel?: string;
  agentId?: string;
  platformMs?: number;
  refusalReason?: Refusal["reason"];
  cause?: string;
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    notes: Notes;
    rooms: ChannelRooms;
  };
}

export type Handler = (c: Context<AppEnv>) => Response | Promise<Response>;
