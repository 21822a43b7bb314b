// Small requests that cost much: none of them needs a key that is accepted, for none has a file.
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { knowsMemory, peakWorkerdBytes } from "../support/workerd-memory.ts";

const MIB = 1024 * 1024;
const ALLOWED_GROWTH_BYTES = 200 * MIB;

let pair: Pair;

// A runtime of its own for each: what is known of its memory is only the most that it ever held.
beforeEach(async () => {
  pair = await startPair();
  // What an isolate takes for its first requests is not the form's.
  await Promise.all(Array.from({ length: 20 }, () => pair.post({ body: "x".repeat(MIB) })));
});
afterEach(() => pair.stop());

function gzipped(...pieces: readonly (string | Buffer)[]): Promise<Buffer> {
  return buffer(Readable.from(pieces).pipe(createGzip()));
}

function repeated(text: string, times: number): string[] {
  return Array.from({ length: times }, () => text);
}

const START = multipart([{ name: "a", filename: "", content: "" }]).toString();
const BOUNDARY = START.slice(0, START.indexOf("\r\n"));
const EMPTY_INPUT = START.slice(0, START.lastIndexOf(BOUNDARY));

describe("a form of some 100 KB", () => {
  it.each<[string, () => Promise<Buffer>]>([
    [
      "fields of control characters",
      () =>
        gzipped(
          multipart(
            Array.from({ length: 99 }, (_, n) => ({
              name: `f${n}`,
              content: "\u0001".repeat(1_000_000),
            })),
          ),
        ),
    ],
    ["white space behind a boundary", () => gzipped(BOUNDARY, ...repeated(" ".repeat(MIB), 60))],
    [
      "white space in a header",
      () =>
        gzipped(
          ...repeated(
            EMPTY_INPUT.replace("\r\n\r\n", `\r\nA: a${" ".repeat(15_000)}b\r\n\r\n`),
            50,
          ),
          `${BOUNDARY}--`,
        ),
    ],
    [
      "empty file inputs",
      () => gzipped(...repeated(EMPTY_INPUT.repeat(1_000), 300), `${BOUNDARY}--`),
    ],
  ])("takes neither much time nor much memory: %s", async (_, make) => {
    const body = await make();
    expect(body.length).toBeLessThan(400_000);
    const before = knowsMemory ? peakWorkerdBytes() : 0;
    const startedAt = Date.now();
    const headers = { "content-encoding": "gzip" };
    const answer = await pair.post({ type: MULTIPART_TYPE, headers, body });
    expect([400, 413, 422]).toContain(answer.status);
    expect(Date.now() - startedAt).toBeLessThan(1_500);
    const growth = knowsMemory ? peakWorkerdBytes() - before : 0;
    expect(growth).toBeLessThan(ALLOWED_GROWTH_BYTES);
  });
});
