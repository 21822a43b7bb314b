/** What the platform's replies mean (contract §1.7; what is assumed of it: README). */
import * as z from "zod/mini";
import { readHttpDate } from "../../http-date.ts";
import { readJson } from "../../invocation/read-json.ts";
import { MAX_JSON_LEVELS, MAX_PLATFORM_PROBLEMS } from "../../limits.ts";
import type { Problem, Refusal } from "../../refusal.ts";

const problemSchema = z.object({
  loc: z.array(z.union([z.string(), z.number()])),
  msg: z.string(),
  type: z.string(),
});
const detailSchema = z.object({ detail: z.unknown() });

/** The platform's own wrong parameters: of each only `loc`, `msg` and `type`. */
export function readProblems(text: string): readonly Problem[] {
  const json = readJson(text, MAX_JSON_LEVELS);
  const body = detailSchema.safeParse(json.ok ? JSON.parse(json.value) : undefined);
  const detail = body.data?.detail;
  const listed = (Array.isArray(detail) ? detail : [])
    .slice(0, MAX_PLATFORM_PROBLEMS)
    .flatMap((problem) => problemSchema.safeParse(problem).data ?? []);
  if (listed.length > 0) return listed;
  const msg = typeof detail === "string" ? detail : "The agent platform refused the parameters";
  return [{ loc: ["body"], msg, type: "platform_refused" }];
}

const RATE_HEADERS = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"] as const;

/** The platform's limit with its headers; without a `Retry-After` of its own one is worked out. */
export function rateLimited(headers: Headers, now: number): Refusal {
  const told = RATE_HEADERS.flatMap((name): [string, string][] => {
    const value = readable(headers.get(name));
    return value === undefined ? [] : [[name, value]];
  });
  const retryAfter = retryAfterIn(headers) ?? secondsUntilReset(headers, now);
  return {
    reason: "rate_limited",
    headers: { "Retry-After": retryAfter ?? MINUTE, ...Object.fromEntries(told) },
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** Seconds or a date (RFC 9110 §10.2.3). */
function retryAfterIn(headers: Headers): string | undefined {
  const text = readable(headers.get("Retry-After"))?.trim() ?? "";
  return /^\d{1,9}$/.test(text) || readHttpDate(text) > 0 ? text : undefined;
}

/** What a caller's client would not choke on. */
function readable(value: string | null): string | undefined {
  return value !== null && /^[\x20-\x7e]{1,64}$/.test(value) ? value : undefined;
}

const MINUTE = "60";
const HOUR_SECONDS = 3_600;

/** `X-RateLimit-Reset` is in unix seconds; the platform's windows are a minute and an hour. */
function secondsUntilReset(headers: Headers, now: number): string | undefined {
  const reset = Number(headers.get("X-RateLimit-Reset") ?? Number.NaN);
  const seconds = Math.ceil(reset - now / 1000);
  return seconds >= 1 && seconds <= HOUR_SECONDS ? String(seconds) : undefined;
}
