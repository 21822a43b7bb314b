/**
 * Reading a stream by hand. The runtime's own chunks are 4 KiB, and each costs a turn of the event
 * loop; read into larger buffers, a megabyte comes in ten times as fast.
 */
import type { Refusal } from "./refusal.ts";

const PIECE_BYTES = 64 * 1024;

/** The stream ended before its time, or was not what it said; the message is for its sender. */
export class StreamBroken extends Error {
  override readonly name = "StreamBroken";
}

/**
 * The stream's bytes in pieces of up to 64 KiB; throws `StreamBroken`. Left early, the rest stays
 * in the stream. A piece is good until the next one is asked for: its memory is then used again, so
 * that a hundred megabytes pass by without as much garbage.
 */
export async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader({ mode: "byob" });
  let memory = new ArrayBuffer(PIECE_BYTES);
  try {
    for (;;) {
      const { done, value } = await reader
        .readAtLeast(PIECE_BYTES, new Uint8Array(memory))
        .catch(throwBroken);
      if (value !== undefined) memory = value.buffer;
      if (value !== undefined && value.byteLength > 0) yield value;
      if (done) return;
    }
  } finally {
    reader.releaseLock();
  }
}

/** The same pieces, or `undefined` if there is none. */
export async function unlessNothing(
  source: AsyncGenerator<Uint8Array>,
): Promise<AsyncGenerator<Uint8Array> | undefined> {
  const first = await source.next();
  return first.done === true ? undefined : startingWith(first.value, source);
}

async function* startingWith(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    yield* rest;
  } finally {
    // Left at the first piece, the rest would never hear of it, and keep its stream locked.
    await rest.return(undefined);
  }
}

/** A source has more bytes than it may; carries what its sender is told. */
export class TooMuch extends Error {
  override readonly name = "TooMuch";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super();
    this.refusal = refusal;
  }
}

/** The same pieces; throws `TooMuch` as soon as there are more than `maxBytes`. */
export async function* atMost(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  refusal: () => Refusal,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of source) {
    size += piece.byteLength;
    if (!(size <= maxBytes)) throw new TooMuch(refusal());
    yield piece;
  }
}

function throwBroken(cause: unknown): never {
  throw new StreamBroken("The body was cut off", { cause });
}

/** All bytes of the stream, or `undefined` as soon as there are more than `maxBytes` of them. */
export function readAtMost(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  return joinAtMost(pieces(stream), maxBytes);
}

/** The same for what has been cut into pieces already; each is copied. */
export async function joinAtMost(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.byteLength;
    if (!(size <= maxBytes)) return undefined;
    read.push(piece.slice());
  }
  return joined(read, size);
}

/** One text of bytes out of several; `size` is their sum. */
export function joined(read: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = read;
  if (only !== undefined && only.byteLength === size) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of read) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
