/** How a Worker waits. */

export const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

/** Seconds until `deadline` (unix milliseconds), 0 at least. */
export function secondsTo(deadline: number): number {
  return Math.max(0, deadline - Date.now()) / 1000;
}

/** The longer the wait has been, the longer it may go on unnoticed. */
export function pauseMs(waitedMs: number): number {
  return Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, waitedMs / 4));
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A deploy resets objects and breaks the calls that wait in them: the Worker attaches again. */
export async function reattaching<Told>(call: () => Promise<Told>): Promise<Told> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (thrown) {
      if (failures >= MAX_REATTACHMENTS) throw thrown;
      await sleep(MIN_PAUSE_MS * 2 ** failures);
    }
  }
}

const MAX_REATTACHMENTS = 5;
