import type { Context } from "hono";
import type { HandlingRules } from "../../invocation/handling.ts";
import type { AppEnv } from "../variables.ts";

/** What the settings say of waiting and callbacks; a sender's own `Prefer` is nothing to a source. */
export function rulesOf(c: Context<AppEnv>): HandlingRules {
  const { SYNC_TIMEOUT_SECONDS: maxWaitSeconds, CALLBACK_HOSTS: callbackHosts = [] } =
    c.get("rooms").config;
  return { maxWaitSeconds, callbackHosts };
}
