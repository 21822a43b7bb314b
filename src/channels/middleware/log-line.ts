import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../variables.ts";

/**
 * One line of JSON a request. Only what is ours goes into it: never an address, a key, a token or
 * a prompt. Times are whole milliseconds; at the edge the clock stands still between I/O.
 */
export function logLine(): MiddlewareHandler<AppEnv> {
  return async function writeLogLine(c, next) {
    const startedAt = Date.now();
    await next();
    const { requestId, channel, agentId, refusalReason, platformMs, cause } = c.var;
    const { status } = c.res;
    const line = JSON.stringify({
      request_id: requestId,
      channel: channel ?? null,
      agent: agentId ?? null,
      status,
      reason: refusalReason,
      ms: Date.now() - startedAt,
      platform_ms: platformMs,
      cause,
    });
    if (status >= 500) console.error(line);
    else console.log(line);
  };
}
