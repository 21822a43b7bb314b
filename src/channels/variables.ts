import type { RequestIdVariables } from "hono/request-id";
import type { Config } from "../config.ts";
import type { Platform } from "../platform/platform.ts";
import type { Refusal } from "../refusal.ts";
import type { Links } from "../uploads/link.ts";

/** What a request gathers on its way: for the handlers, and for its log line. */
export interface Variables extends RequestIdVariables {
  config: Config;
  platform: Platform;
  links: Links;
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
