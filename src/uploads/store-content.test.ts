import { env } from "cloudflare:workers";
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { PART_BYTES } from "../limits.ts";
import { accepted, refused } from "../refusal.ts";
import { createFileStore, type FileStore } from "./file-store.ts";
import { type SizedStream, storeContent } from "./store-content.ts";

afterEach(reset);

const KEY = "files/org-1/upload-1/1";
const META = { name: "a.zip", type: "application/zip" };

interface Watched {
  readonly store: FileStore;
  /** Every multipart upload that was begun. */
  readonly uploads: R2MultipartUpload[];
}

/** The real bucket, and a note of the uploads that are begun in it: R2 gives no list of them. */
function watched(): Watched {
  const uploads: R2MultipartUpload[] = [];
  const bucket = new Proxy(env.FILES, {
    get(target, name) {
      if (name !== "createMultipartUpload") {
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      }
      return async (...args: Parameters<R2Bucket["createMultipartUpload"]>) => {
        const upload = await target.createMultipartUpload(...args);
        uploads.push(upload);
        return upload;
      };
    },
  });
  return { store: createFileStore(bucket), uploads };
}

/** Bytes that differ from place to place, so that a part that is lost or doubled shows. */
function patterned(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const words = new Uint32Array(bytes.buffer, 0, size >> 2);
  for (let at = 0; at < words.length; at += 1) words[at] = (at * 2_654_435_761) >>> 0;
  return bytes;
}

async function* inPieces(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function* broken(bytes: Uint8Array, cause: Error): AsyncGenerator<Uint8Array> {
  yield* inPieces(bytes);
  throw cause;
}

function sized(bytes: Uint8Array, length = bytes.length): SizedStream {
  return { stream: byteStream(inPieces(bytes)), bytes: length };
}

/** As a request's body is: one that can be read into a buffer. */
function byteStream(source: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { done, value } = await source.next();
      if (done !== true) {
        controller.enqueue(value);
        return;
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

function sha256(bytes: BufferSource): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", bytes);
}

async function stored(): Promise<string[]> {
  const { objects } = await env.FILES.list();
  return objects.map(({ key }) => key);
}

/** Whether R2 still takes parts for it. */
function isOpen({ key, uploadId }: R2MultipartUpload): Promise<boolean> {
  const resumed = env.FILES.resumeMultipartUpload(key, uploadId);
  return resumed.uploadPart(9, "x").then(
    () => true,
    () => false,
  );
}

const metaFor = () => Promise.resolve(accepted(META));

describe("storeContent", () => {
  it.each([
    ["no byte", 0, 0],
    ["one byte", 1, 0],
    ["a part less one byte", PART_BYTES - 1, 0],
    ["a part", PART_BYTES, 0],
    ["a part and one byte", PART_BYTES + 1, 1],
    ["two parts", 2 * PART_BYTES, 1],
    ["two parts and one byte", 2 * PART_BYTES + 1, 1],
  ])("stores %s from pieces, in one put or in parts", async (_, size, begun) => {
    const { store, uploads } = watched();
    const bytes = patterned(size);
    const result = await storeContent(inPieces(bytes), { store, key: KEY, metaFor });
    expect(result).toEqual(accepted({ ...META, size }));
    const object = await env.FILES.get(KEY);
    expect(object).toMatchObject({
      size,
      httpMetadata: { contentType: META.type },
      customMetadata: { name: META.name },
    });
    expect(await sha256((await object?.arrayBuffer()) ?? new Uint8Array(1))).toEqual(
      await sha256(bytes),
    );
    expect(uploads).toHaveLength(begun);
  });

  it.each([1, 1_000, PART_BYTES - 1, PART_BYTES + 1, 2 * PART_BYTES])(
    "stores the same from pieces of %i bytes",
    async (pieceBytes) => {
      const bytes = patterned(pieceBytes === 1 ? 5_000 : 2 * PART_BYTES + 1);
      const target = { store: createFileStore(env.FILES), key: KEY, metaFor };
      await storeContent(inPieces(bytes, pieceBytes), target);
      const object = await env.FILES.get(KEY);
      expect(await sha256((await object?.arrayBuffer()) ?? new Uint8Array(1))).toEqual(
        await sha256(bytes),
      );
    },
  );

  it.each([0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 1])(
    "stores a stream of %i bytes whose length is known",
    async (size) => {
      const { store, uploads } = watched();
      const bytes = patterned(size);
      const result = await storeContent(sized(bytes), { store, key: KEY, metaFor });
      expect(result).toEqual(accepted({ ...META, size }));
      const object = await env.FILES.get(KEY);
      expect(await sha256((await object?.arrayBuffer()) ?? new Uint8Array(1))).toEqual(
        await sha256(bytes),
      );
      expect(uploads).toEqual([]);
    },
  );

  it.each([
    ["pieces", (bytes: Uint8Array) => inPieces(bytes)],
    ["a stream", (bytes: Uint8Array) => sized(bytes)],
  ])("shows the first bytes of %s before any of them is stored", async (_, made) => {
    const { store, uploads } = watched();
    const bytes = patterned(PART_BYTES + 1);
    const heads: Uint8Array[] = [];
    const refusal = { reason: "file_unsupported", problem: "no" } as const;
    const result = await storeContent(made(bytes), {
      store,
      key: KEY,
      metaFor: (head) => {
        heads.push(head.slice());
        return Promise.resolve(refused(refusal));
      },
    });
    expect(result).toEqual(refused(refusal));
    expect(heads).toHaveLength(1);
    expect(heads[0]?.length).toBeGreaterThanOrEqual(1024 * 1024);
    expect(heads[0]).toEqual(bytes.subarray(0, heads[0]?.length));
    expect([uploads, await stored()]).toEqual([[], []]);
  });
});

describe("storeContent of what breaks", () => {
  const cause = new Error("the connection broke");

  it.each([
    ["before the first byte", 0, 0],
    ["in the first part", 1_000, 0],
    ["at the end of the first part", PART_BYTES, 0],
    ["in the second part", PART_BYTES + 1_000, 1],
    ["in the third part", 2 * PART_BYTES + 1_000, 1],
  ])("leaves neither an object nor an upload: pieces, %s", async (_, size, begun) => {
    const { store, uploads } = watched();
    const content = broken(patterned(size), cause);
    const result = storeContent(content, { store, key: KEY, metaFor });
    await expect(result).rejects.toBe(cause);
    expect(await stored()).toEqual([]);
    expect(await Promise.all(uploads.map(isOpen))).toEqual(Array(begun).fill(false));
  });

  it.each([1_000, PART_BYTES + 1_000])(
    "leaves no object: a stream, after %i bytes",
    async (size) => {
      const { store } = watched();
      const stream = byteStream(broken(patterned(size), cause));
      const content = { stream, bytes: 3 * PART_BYTES };
      await expect(storeContent(content, { store, key: KEY, metaFor })).rejects.toThrow();
      expect(await stored()).toEqual([]);
    },
  );

  it("leaves no object: a stream that is shorter than it said", async () => {
    const { store } = watched();
    const content = sized(patterned(PART_BYTES + 10), PART_BYTES + 11);
    await expect(storeContent(content, { store, key: KEY, metaFor })).rejects.toThrow();
    expect(await stored()).toEqual([]);
  });

  it.each(["open", "write", "close"] as const)(
    "leaves nothing where the store's %s fails",
    async (verb) => {
      const { store, uploads } = watched();
      const outage = new Error("R2 is out");
      const fail = () => Promise.reject(outage);
      const failing: FileStore = {
        ...store,
        open: async (key, meta) => {
          if (verb === "open") throw outage;
          return { ...(await store.open(key, meta)), [verb]: fail };
        },
      };
      const content = inPieces(patterned(2 * PART_BYTES + 1));
      const result = storeContent(content, { store: failing, key: KEY, metaFor });
      await expect(result).rejects.toBe(outage);
      expect(await stored()).toEqual([]);
      expect(await Promise.all(uploads.map(isOpen))).toEqual(uploads.map(() => false));
    },
  );
});
