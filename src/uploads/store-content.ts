/** A file's content on its way to the store, cut into equal parts while it is still arriving. */
import { HEAD_BYTES, PART_BYTES } from "../limits.ts";
import { joined, pieces } from "../pieces.ts";
import { accepted, type Result } from "../refusal.ts";
import type { FileMeta, FileStore, OpenFile } from "./file-store.ts";

export interface Target {
  readonly store: FileStore;
  readonly key: string;
  /** Asked once, with the first part, before anything is stored. */
  readonly metaFor: (head: Uint8Array) => Promise<Result<FileMeta>>;
}

export interface StoredContent extends FileMeta {
  readonly size: number;
}

/** A stream whose length is known, as that of a request's body with a `Content-Length`. */
export interface SizedStream {
  readonly stream: ReadableStream<Uint8Array>;
  readonly bytes: number;
}

/** Stores all of `content`. Whatever stops it, nothing is left in the store. */
export function storeContent(
  content: AsyncIterable<Uint8Array> | SizedStream,
  target: Target,
): Promise<Result<StoredContent>> {
  if (!("stream" in content)) return storePieces(content, target);
  return content.bytes > PART_BYTES
    ? storeStream(content, target)
    : storePieces(pieces(content.stream), target);
}

/** In one `put`, straight from the request: the head is looked at, the rest is passed by. */
async function storeStream(
  { stream, bytes }: SizedStream,
  { store, key, metaFor }: Target,
): Promise<Result<StoredContent>> {
  const head = await readHead(stream);
  const meta = await metaFor(head);
  if (!meta.ok) return meta;
  const { readable, writable } = new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  const feed = async (): Promise<void> => {
    try {
      await writer.write(head);
      for await (const piece of pieces(stream)) await writer.write(piece);
      await writer.close();
    } catch (thrown) {
      // Without this the store would wait for bytes that do not come.
      await writer.abort(thrown).catch(() => undefined);
      throw thrown;
    }
  };
  const [fed, stored] = await Promise.allSettled([feed(), store.put(key, readable, meta.value)]);
  if (fed.status === "rejected") throw fed.reason;
  if (stored.status === "rejected") throw stored.reason;
  return accepted({ ...meta.value, size: bytes });
}

async function readHead(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces(stream)) {
    read.push(piece.slice());
    bytes += piece.byteLength;
    if (bytes >= HEAD_BYTES) break;
  }
  return joined(read, bytes);
}

/**
 * Stores what comes in pieces: a small file in one `put`, a larger one in parts. While one part goes
 * out, the next is filled: two buffers of 8 MiB are all the memory that it takes. Nobody sees the
 * file until the last part is in.
 */
async function storePieces(
  content: AsyncIterable<Uint8Array>,
  { store, key, metaFor }: Target,
): Promise<Result<StoredContent>> {
  const parts = equalParts(content);
  try {
    return await storeParts(parts, { store, key, metaFor });
  } finally {
    // Lets go of a content that was refused before its end.
    await parts.return(undefined);
  }
}

async function storeParts(
  parts: AsyncGenerator<EqualPart>,
  { store, key, metaFor }: Target,
): Promise<Result<StoredContent>> {
  const first = await parts.next();
  const head = first.done === true ? new Uint8Array() : first.value.bytes;
  const meta = await metaFor(head);
  if (!meta.ok) return meta;
  if (first.done === true || first.value.isLast) {
    await store.put(key, head, meta.value);
    return accepted({ ...meta.value, size: head.byteLength });
  }
  const file = await store.open(key, meta.value);
  try {
    const size = await writeParts(file, head, parts);
    await file.close();
    return accepted({ ...meta.value, size });
  } catch (thrown) {
    await file.abandon();
    throw thrown;
  }
}

async function writeParts(
  file: OpenFile,
  head: Uint8Array,
  parts: AsyncIterable<EqualPart>,
): Promise<number> {
  let size = head.byteLength;
  let number = 1;
  let written = file.write(number, head);
  // A failure is met at the next await; until then it is nobody's.
  written.catch(() => undefined);
  for await (const { bytes } of parts) {
    await written;
    number += 1;
    size += bytes.byteLength;
    written = file.write(number, bytes);
    written.catch(() => undefined);
  }
  await written;
  return size;
}

interface EqualPart {
  /** Belongs to the consumer until it has asked for the part after the next one. */
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** Parts of `PART_BYTES`, the last one shorter; an empty content is one empty part. */
async function* equalParts(content: AsyncIterable<Uint8Array>): AsyncGenerator<EqualPart> {
  let filling = createBuffer();
  let spare = createBuffer();
  for await (const piece of content) {
    let rest = filling.add(piece);
    while (rest.byteLength > 0) {
      yield { bytes: filling.take(), isLast: false };
      [filling, spare] = [spare, filling];
      rest = filling.add(rest);
    }
  }
  yield { bytes: filling.take(), isLast: true };
}

const BUFFER_STEPS = [64 * 1024, 1024 * 1024, PART_BYTES] as const;

interface FillBuffer {
  /** Copies what fits, and gives back the rest. */
  add(piece: Uint8Array): Uint8Array;
  /** What was added, in place; the buffer is empty after it. */
  take(): Uint8Array;
}

/** Grows in few steps up to a part, so that a small file takes little, and a large one leaves little behind. */
function createBuffer(): FillBuffer {
  let space = new Uint8Array();
  let filled = 0;
  return {
    add(piece) {
      const fits = Math.min(piece.byteLength, PART_BYTES - filled);
      if (filled + fits > space.byteLength) {
        const larger = new Uint8Array(
          BUFFER_STEPS.find((step) => step >= filled + fits) ?? PART_BYTES,
        );
        larger.set(space.subarray(0, filled));
        space = larger;
      }
      space.set(piece.subarray(0, fits), filled);
      filled += fits;
      return piece.subarray(fits);
    },
    take() {
      const taken = space.subarray(0, filled);
      filled = 0;
      return taken;
    },
  };
}
