import type { Desks } from "../agent-desk/desks.ts";
import type { Config } from "../config.ts";
import type { Conversations } from "../conversation/conversations.ts";
import type { Past } from "../conversation/past.ts";
import type { Rooms } from "../conversation/rooms.ts";
import type { Platform } from "../platform/platform.ts";
import type { SenderAnswer } from "../providers/answers.ts";
import type { Refusal } from "../refusal.ts";
import type { Links } from "../uploads/link.ts";

/** What a request gathers on its way: for the handlers, and for its log line. */
export interface Variables {
  requestId: string;
  config: Config;
  platform: Platform;
  links: Links;
  conversations: Conversations;
  past: Past;
  desks: Desks;
  rooms: Rooms;
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
  Variables: Variables;
}
