/**
 * A body that is read while it is proven. The proof runs over the bytes as they were sent, before
 * they are inflated or parsed, and nothing of what parsing finds is told before it has come out well.
 */
import { type Body, type Fields, NO_BODY } from "../../invocation/fields.ts";
import type { BodyKind, MediaType } from "../../invocation/media-type.ts";
import type { Config } from "../../config.ts";
import { pieces, StreamBroken } from "../../pieces.ts";
import type { Proof, ProofFault, Proven } from "../../providers/provider.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import type { Upload } from "../../uploads/upload.ts";
import { fieldsOf, giveBack, readBody, readWhole } from "../body.ts";
import { isGzip } from "../inflate.ts";

export interface ProvenBody {
  readonly proven: Proven;
  readonly body: Body;
}

/** Why there is none: it could not be read to its end, the proof failed, or what was proven cannot be taken. */
export type Turned =
  { readonly unread: Refusal } | { readonly fault: ProofFault } | { readonly refusal: Refusal };

export interface ProvingOptions {
  readonly proof: Proof;
  /** What the body's `Content-Type` says. */
  readonly type: Result<MediaType>;
  readonly config: Config;
  readonly upload: Upload;
}

export function readProven(
  request: Request,
  options: ProvingOptions,
): Promise<Result<ProvenBody, Turned>> {
  const { proof, type } = options;
  const mayStream = proof.needs !== "bytes" && type.ok && isInParts(type.value.kind);
  return mayStream ? readStreaming(request, options) : readHeld(request, options);
}

/** Forms with parts and files go to the store as they come, uncommitted until the proof is good. */
function isInParts(kind: BodyKind): kind is "multipart" | "file" {
  return kind === "multipart" || kind === "file";
}

async function readStreaming(
  request: Request,
  { proof, type, config, upload }: ProvingOptions,
): Promise<Result<ProvenBody, Turned>> {
  const onPiece = (piece: Uint8Array) => proof.update(piece);
  const tolerant = tolerating(upload);
  const door = { type, config, upload: tolerant.upload, onPiece };
  const body = await readBody(request, bodyOptions(door));
  // A limit is told at once: the rest would only be read to be thrown away.
  if (!body.ok && body.refusal.reason === "limit_exceeded") return unread(body.refusal);
  await readRest(request, { maxBytes: config.MAX_UPLOAD_BYTES, onPiece });
  const proven = proof.finish(body.ok ? { fields: body.value.fields } : {});
  if (!proven.ok) return refused({ fault: proven.refusal });
  if (!body.ok) return refused(body);
  const refusal = tolerant.refusal();
  if (refusal !== undefined) return refused({ refusal });
  return accepted({ proven: proven.value, body: body.value });
}

function unread(refusal: Refusal): Result<never, Turned> {
  return refused({ unread: refusal });
}

/** A file of a kind that is not taken is told of once the proof, which may stand behind it, is good. */
function tolerating(upload: Upload) {
  let refusal: Refusal | undefined;
  const add: Upload["add"] = async (file) => {
    const added = await upload.add(file);
    if (added.ok || added.refusal.reason !== "file_unsupported") return added;
    refusal ??= added.refusal;
    return accepted("added");
  };
  return { upload: { ...upload, add }, refusal: () => refusal };
}

interface BodyDoor {
  readonly type: Result<MediaType>;
  readonly config: Config;
  readonly upload: Upload;
  readonly onPiece?: (piece: Uint8Array) => void;
}

/** What a sender calls its fields is nothing to us: texts are context, and names are its own. */
function bodyOptions(door: BodyDoor) {
  return { ...door, hasPrompt: true, fileName: undefined, onField: () => undefined };
}

interface Rest {
  readonly maxBytes: number;
  readonly onPiece: (piece: Uint8Array) => void;
}

/** What parsing has left behind is signed too. What is too much, or breaks off, proves nothing. */
async function readRest({ body }: Request, { maxBytes, onPiece }: Rest): Promise<void> {
  if (body === null || body.locked) return;
  let size = 0;
  try {
    for await (const piece of pieces(body)) {
      onPiece(piece);
      size += piece.byteLength;
      if (!(size <= maxBytes)) return;
    }
  } catch (thrown) {
    if (!(thrown instanceof StreamBroken)) throw thrown;
  }
}

async function readHeld(
  request: Request,
  proving: ProvingOptions,
): Promise<Result<ProvenBody, Turned>> {
  const gzip = isGzip(request.headers.get("content-encoding"));
  const options = { config: proving.config, isGzip: gzip.ok && gzip.value };
  const bytes = await readWhole(request, options);
  if (!bytes.ok) return unread(bytes.refusal);
  const read = await proveHeld(request, bytes.value, proving);
  giveBack(bytes.value);
  return read;
}

async function proveHeld(
  request: Request,
  bytes: Uint8Array,
  proving: ProvingOptions,
): Promise<Result<ProvenBody, Turned>> {
  const { proof } = proving;
  proof.update(bytes);
  if (proof.needs === "fields") {
    const body = await parse(request, bytes, proving);
    // The proof stands in the fields: without them there is none.
    const proven = proof.finish({ fields: body.ok ? body.value.fields : NO_FIELDS });
    if (!proven.ok) return refused({ fault: proven.refusal });
    return body.ok ? accepted({ proven: proven.value, body: body.value }) : refused(body);
  }
  const proven = proof.finish({ bytes });
  if (!proven.ok) return refused({ fault: proven.refusal });
  const body = await parse(request, bytes, proving);
  return body.ok ? accepted({ proven: proven.value, body: body.value }) : refused(body);
}

const NO_FIELDS: Fields = new Map();

function parse(
  request: Request,
  bytes: Uint8Array,
  { type, config, upload }: ProvingOptions,
): Result<Body> | Promise<Result<Body>> {
  if (bytes.byteLength === 0) return accepted(NO_BODY);
  if (!type.ok) return type;
  const { kind } = type.value;
  const { url, headers } = request;
  if (isInParts(kind)) {
    const again = new Request(url, { method: "POST", headers, body: bytes });
    return readBody(again, bodyOptions({ type, config, upload }));
  }
  const gzip = isGzip(headers.get("content-encoding"));
  return gzip.ok ? fieldsOf(kind, bytes, { config, hasPrompt: true, isGzip: gzip.value }) : gzip;
}
