/** Days as sources count them: from midnight to midnight UTC. Times are unix milliseconds. */

/** `2026-11-22`. */
export type Day = string;

export function dayOf(now: number): Day {
  return new Date(now).toISOString().slice(0, 10);
}

/** Whole seconds until the next midnight, 1 at least. */
export function secondsToMidnight(now: number): number {
  return Math.max(1, Math.ceil((DAY_MS - (now % DAY_MS)) / 1000));
}

const DAY_MS = 24 * 60 * 60 * 1000;
