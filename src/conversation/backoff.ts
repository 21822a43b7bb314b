/** When to try again (contract §2.2 and §2.4). Times are milliseconds; `random` is from 0 to 1. */
import { readHttpDate } from "../http-date.ts";

const RETRY_SECONDS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400] as const;
const JITTER = 0.2;

/** The wait after so many failures in a row; `undefined` once there have been too many. */
export function retryDelayMs(failures: number, random: number): number | undefined {
  const seconds = RETRY_SECONDS[failures - 1];
  return seconds && Math.round(seconds * 1000 * (1 + JITTER * (2 * random - 1)));
}

/** The platform is asked after 1, 2, 4, 8, 15 s, then every 30 s: the waits in between. */
const ASK_SECONDS = [1, 1, 2, 4, 7] as const;
const ASK_LATER_SECONDS = 30;

/** The wait before the next question, after so many. */
export function askDelayMs(asked: number): number {
  return (ASK_SECONDS[asked] ?? ASK_LATER_SECONDS) * 1000;
}

/** `Retry-After` (RFC 9110 §10.2.3): seconds or a date; 0 if it is neither, a day at most. */
export function retryAfterMs(header: string | undefined, now: number): number {
  const text = header?.trim() ?? "";
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : readHttpDate(text) - now;
  return wait > 0 ? Math.min(wait, DAY_MS) : 0;
}

const DAY_MS = 24 * 60 * 60 * 1000;
