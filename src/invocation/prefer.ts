/**
 * The seconds of `Prefer: wait=N` (RFC 7240 §4.3), 1 or more; `undefined` if there are none. What
 * is malformed is ignored, as preferences are.
 */
export function preferredWait(header: string | null): number | undefined {
  if (header === null) return undefined;
  for (const preference of header.replace(QUOTED, bareNumber).split(",")) {
    const [, seconds] = /^\s*wait\s*=\s*(\d{1,9})\s*(?:;|$)/i.exec(preference) ?? [];
    if (seconds !== undefined) return Number(seconds) || undefined;
  }
  return undefined;
}

/** A quoted text, whose commas part nothing; one that never ends takes in all that follows. */
const QUOTED = /"(?:[^"\\]|\\.?)*(?:"|$)/g;

function bareNumber(quoted: string): string {
  return /^"\d+"$/.test(quoted) ? quoted.slice(1, -1) : '""';
}
