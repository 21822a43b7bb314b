/** The one way from a refusal to a response (contract §1.7). */
import type { Context } from "hono";
import { type Refusal, tell } from "../refusal.ts";
import type { AppEnv } from "./variables.ts";

/** `{"detail": …}` with its status and `X-Error-Code`; notes the reason for the log line. */
export function refuse(c: Context<AppEnv>, refusal: Refusal): Response {
  const { status, detail, headers, task } = tell(refusal);
  c.set("refusalReason", refusal.reason);
  const body = JSON.stringify({ detail });
  return c.body(task === undefined ? body : `${body.slice(0, -1)},"task":${task}}`, status, {
    ...headers,
    "Content-Type": "application/json",
    "X-Error-Code": refusal.reason,
  });
}

/** Answers any method but the ones named. */
export function methodNotAllowed(allow: string) {
  return function notAllowed(c: Context<AppEnv>): Response {
    return refuse(c, { reason: "method_not_allowed", allow });
  };
}
