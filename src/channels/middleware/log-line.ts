import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../variables.ts";

const REQUEST_ID = /^[\w=-]{1,255}$/;

/**
 * Gives the request its id (the caller's own `X-Request-Id` where it is a plain word) and writes
 * one line of JSON when it is over. Only what is ours goes into it: never an address, a key, a
 * token or a prompt. Times are whole milliseconds; at the edge the clock stands still between I/O.
 */
export function logLine(): MiddlewareHandler<AppEnv> {
  return async function writeLogLine(c, next) {
    const startedAt = Date.now();
    const given = c.req.raw.headers.get("X-Request-Id") ?? "";
    c.set("requestId", REQUEST_ID.test(given) ? given : crypto.randomUUID());
    await next();
    const { status } = c.res;
    const line = JSON.stringify({
      request_id: c.get("requestId"),
      channel: c.get("channel") ?? null,
      agent: c.get("agentId") ?? null,
      status,
      reason: c.get("refusalReason"),
      ms: Date.now() - startedAt,
      platform_ms: c.get("platformMs"),
      cause: c.get("cause"),
    });
    if (status >= 500) console.error(line);
    else console.log(line);
  };
}
