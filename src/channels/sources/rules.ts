import type { HandlingRules } from "../../invocation/handling.ts";
import type { Exchange } from "../exchange.ts";

/** What the settings say of waiting and callbacks; a sender's own `Prefer` is nothing to a source. */
export function rulesOf(exchange: Exchange): HandlingRules {
  const { SYNC_TIMEOUT_SECONDS: maxWaitSeconds, CALLBACK_HOSTS: callbackHosts = [] } =
    exchange.rooms.config;
  return { maxWaitSeconds, callbackHosts };
}
