import { accepted, type Problem, refused, type Result } from "../refusal.ts";

const KEY = /^(?:"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/;

/** `Idempotency-Key` (contract §2.3): 1 to 255 visible ASCII characters, quoted or bare. */
export function readIdempotencyKey(header: string | null): Result<string | undefined, Problem> {
  if (header === null) return accepted(undefined);
  const [, quoted, bare] = KEY.exec(header.trim()) ?? [];
  const key = quoted ?? bare;
  if (key !== undefined) return accepted(key);
  return refused({
    loc: ["header", "Idempotency-Key"],
    msg: "must be 1 to 255 visible ASCII characters, quoted or bare",
    type: "string_pattern_mismatch",
  });
}
