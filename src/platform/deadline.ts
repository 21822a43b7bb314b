import { PlatformOutage } from "./platform.ts";

/**
 * The work's outcome, or a `PlatformOutage` once the time is over. A timer instead
 * of an `AbortSignal`, which costs a call twice as much; what comes too late ends with the request.
 */
export function within<Value>(seconds: number, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new PlatformOutage("platform_timeout", `no reply in ${seconds} s`));
    }, seconds * 1000);
    // A timer that still runs keeps the request alive.
    work.then(
      (value) => {
        clearTimeout(timer);
        return resolve(value);
      },
      (thrown: unknown) => {
        clearTimeout(timer);
        reject(thrown);
      },
    );
  });
}
