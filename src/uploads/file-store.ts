/** Where files lie: R2, behind the few verbs that uploads and links need. */
import { type ByteRange, resolveRange } from "./byte-range.ts";

/** What is kept beside a file's bytes. */
export interface FileMeta {
  readonly name: string;
  readonly type: string;
}

export interface StoredFile extends FileMeta {
  readonly size: number;
  /** Quoted, as in the header. */
  readonly etag: string;
  readonly uploadedAt: Date;
}

/** A file that is written in parts of one size, the last one excepted. */
export interface OpenFile {
  /** `number` counts from 1. The bytes may be reused once this has come back. */
  write(number: number, bytes: Uint8Array): Promise<void>;
  /** Makes the file; before that, nobody sees it. */
  close(): Promise<void>;
  /** Leaves nothing. Never throws: what it cannot remove, the bucket's lifecycle rule does. */
  abandon(): Promise<void>;
}

/** Does not guarantee that a key was free: keys are random, and used once. */
export interface FileStore {
  put(key: string, bytes: Uint8Array | ReadableStream<Uint8Array>, meta: FileMeta): Promise<void>;
  open(key: string, meta: FileMeta): Promise<OpenFile>;
  find(key: string): Promise<StoredFile | undefined>;
  /** `undefined` if there is no such file; "unsatisfiable" if the range lies outside of it. */
  read(key: string, range?: ByteRange): Promise<ReadFile | "unsatisfiable" | undefined>;
  /** Never throws: what it cannot remove, the bucket's lifecycle rule does. */
  remove(keys: readonly string[]): Promise<void>;
}

export interface ReadFile extends StoredFile {
  readonly body: ReadableStream<Uint8Array>;
}

export function createFileStore(bucket: R2Bucket): FileStore {
  return {
    async put(key, bytes, meta) {
      await bucket.put(key, bytes, metadata(meta));
    },

    async open(key, meta) {
      const upload = await bucket.createMultipartUpload(key, metadata(meta));
      const parts: R2UploadedPart[] = [];
      return {
        async write(number, bytes) {
          parts.push(await upload.uploadPart(number, bytes));
        },
        async close() {
          await upload.complete(parts);
        },
        async abandon() {
          await upload.abort().catch(() => undefined);
        },
      };
    },

    async find(key) {
      const object = await bucket.head(key);
      return object === null ? undefined : storedFile(object);
    },

    async read(key, range) {
      try {
        const object = await bucket.get(key, range === undefined ? {} : { range });
        return object === null ? undefined : { ...storedFile(object), body: object.body };
      } catch (thrown) {
        if (range !== undefined && (await liesOutside(bucket, key, range))) return "unsatisfiable";
        throw thrown;
      }
    },

    async remove(keys) {
      if (keys.length > 0) await bucket.delete([...keys]).catch(() => undefined);
    },
  };
}

function metadata({ name, type }: FileMeta): R2PutOptions & R2MultipartOptions {
  return { httpMetadata: { contentType: type }, customMetadata: { name } };
}

function storedFile(object: R2Object): StoredFile {
  return {
    name: object.customMetadata?.["name"] ?? "file",
    type: object.httpMetadata?.contentType ?? "application/octet-stream",
    size: object.size,
    etag: object.httpEtag,
    uploadedAt: object.uploaded,
  };
}

/** R2 says so with several errors, depending on how the range was given. */
async function liesOutside(bucket: R2Bucket, key: string, range: ByteRange): Promise<boolean> {
  const object = await bucket.head(key);
  return object !== null && resolveRange(range, object.size) === undefined;
}
