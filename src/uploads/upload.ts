/**
 * The files of one request: all of them are kept, or none.
 *
 * A file goes to the store while it is still arriving, so it is there before the request is known
 * to be good. `discardUnlessKept` takes back whatever was stored; what a crash leaves behind, the bucket's
 * lifecycle rules remove. Nothing is stored before `admit` has accepted the caller.
 */
import { createHash, type Hash } from "node:crypto";
import type { Config } from "../config.ts";
import type { UploadedFile } from "../invocation/task.ts";
import { atMost, pieces, TooMuch } from "../pieces.ts";
import { accepted, type Refusal, refused, type Result } from "../refusal.ts";
import { safeFileName } from "./file-name.ts";
import type { FileStore } from "./file-store.ts";
import { isAcceptedName, kindOfFile } from "./kind.ts";
import type { Links } from "./link.ts";
import { type SizedStream, storeContent } from "./store-content.ts";

export interface IncomingFile {
  /** The form's field; `body` where the file is the whole body. */
  readonly field: string;
  /** As the sender wrote it; may be empty. */
  readonly fileName: string;
  readonly contentType: string;
  readonly content: AsyncIterable<Uint8Array> | SizedStream;
}

export interface Upload {
  /** What has been stored, in the order of arrival. */
  readonly files: readonly UploadedFile[];
  /** Throws `TooMuch` and `StreamBroken` where the content does. */
  add(file: IncomingFile): Promise<Result<"added">>;
  /** The task was taken: its agent will read the files. */
  keep(): void;
  /** A caller that hangs up from here on ends the request, and what it stored is left behind. */
  letGo(): void;
  /** Removes what was stored, to its last part, if nobody has said to keep it. */
  discardUnlessKept(): Promise<void>;
}

export interface UploadOptions {
  readonly store: FileStore;
  readonly links: Links;
  /** The gateway's, for the links. */
  readonly origin: () => string;
  readonly limits: Pick<Config, "MAX_FILE_BYTES" | "MAX_FILES">;
  /** Whether each file's SHA-256 is wanted, which costs a pass over its bytes. */
  readonly isHashed: boolean;
  /** Asked once, before the first byte is stored, for the organisation that the files belong to. */
  readonly admit: () => Promise<Result<{ readonly organisation: string }>>;
}

export function createUpload(options: UploadOptions): Omit<Upload, "letGo"> {
  const { store, links, origin, limits, isHashed, admit } = options;
  const files: UploadedFile[] = [];
  const keys: string[] = [];
  let isKept = false;
  const upload = crypto.randomUUID();
  let admission: ReturnType<UploadOptions["admit"]> | undefined;

  return {
    files,

    async add({ field, fileName, contentType, content }) {
      if (!(files.length < limits.MAX_FILES)) return refused(tooMany(limits.MAX_FILES));
      const name = safeFileName(fileName);
      if (!isAcceptedName(name)) {
        const problem = `The file ${name} is of a kind that is not accepted`;
        return refused({ reason: "file_unsupported", problem });
      }
      admission ??= admit();
      const admitted = await admission;
      if (!admitted.ok) return admitted;
      const key = `files/${admitted.value.organisation}/${upload}/${files.length + 1}`;
      const metaFor = (head: Uint8Array) => kindOfFile(name, head, contentType);
      // Before the first byte: what fails from here on is taken back.
      keys.push(key);
      const tooLarge = (): Refusal => fileTooLarge(name, limits.MAX_FILE_BYTES);
      const source = bounded(content, limits.MAX_FILE_BYTES, tooLarge);
      const hash = isHashed ? createHash("sha256") : undefined;
      const hashed = hash === undefined ? source : hashing(source, hash);
      const stored = await storeContent(hashed, { store, key, metaFor });
      if (!stored.ok) return stored;
      const url = await links.sign(origin(), { key, name: stored.value.name }, Date.now());
      const sha256 = hash && { sha256: hash.digest("hex") };
      files.push({ ...stored.value, ...sha256, field, key, url });
      return accepted("added");
    },

    keep() {
      isKept = true;
    },

    async discardUnlessKept() {
      if (!isKept) await store.remove(keys);
    },
  };
}

/** The same content; throws `TooMuch` as soon as there is more of it than a file may have. */
function bounded(
  content: IncomingFile["content"],
  maxBytes: number,
  refusal: () => Refusal,
): AsyncIterable<Uint8Array> | SizedStream {
  if (!("stream" in content)) return atMost(content, maxBytes, refusal);
  if (!(content.bytes <= maxBytes)) throw new TooMuch(refusal());
  return content;
}

/** The same bytes, each told to `hash` as it goes by. */
async function* hashing(
  content: AsyncIterable<Uint8Array> | SizedStream,
  hash: Hash,
): AsyncGenerator<Uint8Array> {
  for await (const piece of "stream" in content ? pieces(content.stream) : content) {
    hash.update(piece);
    yield piece;
  }
}

function tooMany(value: number): Refusal {
  const limit = { what: "A request", value, unit: "files", setting: "MAX_FILES" };
  return { reason: "limit_exceeded", limit };
}

function fileTooLarge(name: string, value: number): Refusal {
  const what = `The file ${name}`;
  const limit = { what, value, unit: "bytes", setting: "MAX_FILE_BYTES" };
  return { reason: "limit_exceeded", limit };
}
