import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MULTIPART_TYPE, multipartFields } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { knowsMemory, peakWorkerdBytes } from "../support/workerd-memory.ts";

const MIB = 1024 * 1024;
const ALLOWED_GROWTH_BYTES = 100 * MIB;

/** A gigabyte behind `start`, in some 1 MB of gzip. */
async function bomb(start: string | Uint8Array): Promise<Buffer> {
  const mebibyte = Buffer.alloc(MIB, "0");
  const pieces = [Buffer.from(start), ...Array.from({ length: 1_000 }, () => mebibyte)];
  return buffer(Readable.from(pieces).pipe(createGzip({ level: 9 })));
}

const bombs = new Map<string, Buffer>();
let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
  bombs.set("JSON", await bomb('{"prompt":"'));
  bombs.set("multipart", await bomb(multipartFields({ prompt: "hi", a: "" }).subarray(0, -20)));
  // What an isolate takes for its first requests is not the bomb's.
  await Promise.all(Array.from({ length: 20 }, () => pair.post({ body: "x".repeat(MIB) })));
});
afterAll(() => pair.stop());

function send(kind: string, type: string) {
  const body = bombs.get(kind) ?? "";
  const headers = { "content-encoding": "gzip" };
  return pair.post({ type, headers, body, timeoutMs: 10_000 });
}

describe("a gzip bomb", () => {
  it("is 1 GB out of 1 MB", () => {
    const sizes = Array.from(bombs.values(), ({ length }) => length);
    expect(sizes.every((size) => size > 0.9 * MIB && size < 1.2 * MIB)).toBe(true);
  });

  it.each([
    ["JSON", "application/json", "MAX_BODY_BYTES"],
    ["JSON", "application/x-www-form-urlencoded", "MAX_BODY_BYTES"],
    ["JSON", "text/plain", "MAX_BODY_BYTES"],
    ["multipart", MULTIPART_TYPE, "MAX_(FIELD|UPLOAD)_BYTES"],
  ])("of %s (%s) is stopped at the limit", async (kind, type, limit) => {
    const before = knowsMemory ? peakWorkerdBytes() : 0;
    const answers = [await send(kind, type)];
    answers.push(...(await Promise.all([send(kind, type), send(kind, type), send(kind, type)])));
    const expected = refusal(413, "limit_exceeded", expect.stringMatching(limit));
    expect(answers.map(refusalOf)).toEqual(answers.map(() => expected));
    const growth = knowsMemory ? peakWorkerdBytes() - before : 0;
    expect(growth).toBeLessThan(ALLOWED_GROWTH_BYTES);
  });
});
