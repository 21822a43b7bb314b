import { PlatformOutage } from "./platform.ts";

/**
 * The work's outcome, or a `PlatformOutage` once the time is over. A race instead of an
 * `AbortSignal`, which costs a call twice as much; what lost the race ends with the request.
 */
export async function within<Value>(seconds: number, work: Promise<Value>): Promise<Value> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new PlatformOutage("platform_timeout", `no reply in ${seconds} s`));
  }, seconds * 1000);
  try {
    return await Promise.race([work, over]);
  } finally {
    // A timer that still runs keeps the request alive.
    clearTimeout(timer);
  }
}
