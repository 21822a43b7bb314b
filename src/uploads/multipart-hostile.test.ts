import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readParts } from "./multipart.ts";

const HEADER = 'Content-Disposition: form-data; name="f"';

interface ReadPart {
  readonly isFile: boolean;
  readonly content: Buffer;
}

async function read(source: AsyncIterable<Uint8Array>): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const { isFile, content } of readParts(source, "X")) {
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece.slice());
    parts.push({ isFile, content: Buffer.concat(pieces) });
  }
  return parts;
}

/** Of these sizes, one after the other, and over again. */
async function* cut(form: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < form.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield form.slice(at, at + size);
    at += size;
  }
}

// Some of it is made of what boundaries are made of, so that much of it looks like one.
const BRICKS = ["\r\n--X", "\r\n--", "\r", "\n", "-", "X", " ", "\t", "\0"];
const content = fc
  .oneof(
    fc.array(fc.constantFrom(...BRICKS)).map((bricks) => Buffer.from(bricks.join(""))),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  )
  .filter((bytes) => !/\r\n--X(?:[ \t]*\r\n|--)/.test(`${bytes.toString("latin1")}\r\n`));
const anyParts = fc.array(fc.record({ isFile: fc.boolean(), content }), { maxLength: 5 });
const anySizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

describe("any form, in any pieces", () => {
  it("is read back byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(anyParts, anySizes, async (parts, sizes) => {
        const written = parts.flatMap(({ isFile, content: bytes }) => [
          Buffer.from(`--X\r\n${HEADER}${isFile ? '; filename="a"' : ""}\r\n\r\n`),
          bytes,
          Buffer.from("\r\n"),
        ]);
        const form = Buffer.concat([...written, Buffer.from("--X--\r\n")]);
        expect(await read(cut(form, sizes))).toEqual(parts);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused wherever it is cut off", async () => {
    await fc.assert(
      fc.asyncProperty(anyParts, anySizes, fc.nat(), async (parts, sizes, at) => {
        const written = parts.flatMap(({ content: bytes }) => [
          Buffer.from(`--X\r\n${HEADER}\r\n\r\n`),
          bytes,
          Buffer.from("\r\n"),
        ]);
        const form = Buffer.concat([...written, Buffer.from("--X--")]);
        const start = form.subarray(0, at % form.length);
        await expect(read(cut(start, sizes))).rejects.toThrow(/ends before its closing boundary/);
      }),
    );
  });
});

// An isolate's processor is shared by all requests in it, and these forms need no accepted key.
describe("what a hostile form costs", () => {
  it("is little time for headers of white space", async () => {
    const header = `${HEADER}; filename=""\r\nA: a${" ".repeat(16_000)}b`;
    const form = Buffer.from(`${`--X\r\n${header}\r\n\r\n\r\n`.repeat(20)}--X--`);
    const startedAt = performance.now();
    await read(cut(form, [64 * 1024]));
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  it("is little time for white space behind a boundary", async () => {
    const spaces = Buffer.alloc(64 * 1024, " ");
    async function* padded(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("--X");
      for (let piece = 0; piece < 960; piece += 1) yield spaces;
    }
    const startedAt = performance.now();
    await read(padded()).catch(() => undefined);
    // As much as any other 60 MB: what grows with the square is held whole, and copied each time.
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
