import type { Notes } from "./exchange.ts";

/**
 * One line of JSON for a request that is over. Only what is ours goes into it: never an address, a
 * key, a token or a prompt. Times are whole milliseconds; at the edge the clock stands still
 * between I/O.
 */
export function writeLogLine(notes: Notes, status: number, ms: number): void {
  const line = JSON.stringify({
    request_id: notes.requestId,
    channel: notes.channel ?? null,
    agent: notes.agentId ?? null,
    status,
    reason: notes.refusalReason,
    ms,
    platform_ms: notes.platformMs,
    cause: notes.cause,
  });
  if (status >= 500) console.error(line);
  else console.log(line);
}
