import type { MiddlewareHandler } from "hono";
import { MAX_DRAIN_MS } from "../../limits.ts";
import type { AppEnv } from "../variables.ts";

/**
 * An answer that comes before the body was read is lost on a client that is still sending when the
 * connection closes. So the rest is read and thrown away, for 1.5 s at most (contract §1.8).
 */
export function discardRest(): MiddlewareHandler<AppEnv> {
  return async function discardRestOfBody(c, next) {
    await next();
    const { body } = c.req.raw;
    if (c.var.refusalReason === undefined || body === null || body.locked) return;
    // This client waits for a word before it sends; the first read would be that word.
    if (c.req.header("Expect")?.toLowerCase() === "100-continue" && !c.req.raw.bodyUsed) return;
    await discard(body);
  };
}

async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const deadline = Date.now() + MAX_DRAIN_MS;
  const reader = body.getReader({ mode: "byob" });
  const timer = setTimeout(() => {
    reader.cancel().catch(() => undefined);
  }, MAX_DRAIN_MS);
  try {
    while (Date.now() < deadline) {
      const { done } = await reader.read(new Uint8Array(DISCARD_BYTES));
      if (done) return;
    }
  } catch {
    // The client has gone: nobody is left to see the answer.
  } finally {
    clearTimeout(timer);
  }
}

const DISCARD_BYTES = 64 * 1024;
