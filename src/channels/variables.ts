import type { Config } from "../config.ts";
import type { Platform } from "../platform/platform.ts";
import type { Refusal } from "../refusal.ts";
import type { Links } from "../uploads/link.ts";

/** What a request gathers on its way: for the handlers, and for its log line. */
export interface Variables {
  requestId: string;
  config: Config;
  platform: Platform;
  links: Links;
  /** The conversation, once it is known: every answer names it then. */
  taskId?: string;
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
