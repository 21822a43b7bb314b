/** A request's body: within its limits, decoded, parsed; its files stored (contract §1.4, §3). */
import type { Config } from "../config.ts";
import { type Body, decodeUtf8, NO_BODY, readFields } from "../invocation/fields.ts";
import { fileNameOf, headerParameters } from "../invocation/header-parameters.ts";
import type { JsonText } from "../invocation/json-text.ts";
import type { BodyKind, MediaType } from "../invocation/media-type.ts";
import { atMost, pieces, readAtMost, StreamBroken, TooMuch, unlessNothing } from "../pieces.ts";
import { accepted, type Refusal, refused, type Result } from "../refusal.ts";
import { readForm } from "../uploads/form.ts";
import { extensionOfType } from "../uploads/kind.ts";
import type { Upload } from "../uploads/upload.ts";
import { inflate, inflating, isGzip } from "./inflate.ts";

export interface BodyOptions {
  readonly config: Config;
  /** What its `Content-Type` says. */
  readonly type: Result<MediaType>;
  /** The query has a prompt, so plain text is context. */
  readonly hasPrompt: boolean;
  /** The query's name for a file that is the whole body. */
  readonly fileName: string | undefined;
  readonly upload: Upload;
  /** Told of a form's fields as they come, before the files behind them. */
  readonly onField: (name: string, value: JsonText) => void;
  /** Told of each piece of a form or file as it was sent, before it is inflated or parsed. */
  readonly onPiece?: (piece: Uint8Array) => void;
}

/** Reads nothing of a body that its headers already forbid. */
export function readBody(request: Request, options: BodyOptions): Promise<Result<Body>> {
  const { headers } = request;
  const { type } = options;
  const length = lengthIn(headers);
  if (length === 0) return Promise.resolve(accepted(NO_BODY));
  if (!type.ok) return unlessEmpty(request, type.refusal);
  const gzip = isGzip(headers.get("content-encoding"));
  if (!gzip.ok) return unlessEmpty(request, gzip.refusal);
  const { kind } = type.value;
  switch (kind) {
    case "multipart":
    case "file": {
      const { body } = request;
      if (body === null) return Promise.resolve(accepted(NO_BODY));
      const { onPiece } = options;
      const arriving: Arriving = { headers, bytes: length, body, isGzip: gzip.value, onPiece };
      return kind === "file"
        ? readFile(arriving, options)
        : readMultipart(arriving, type.value, options);
    }
    case "json":
    case "form":
    case "text":
    case "verbatim":
      return readText(request, kind, {
        config: options.config,
        hasPrompt: options.hasPrompt,
        isGzip: gzip.value,
      });
  }
}

/** As sent; NaN where the request does not say. */
function lengthIn(headers: Headers): number {
  return Number(headers.get("content-length") ?? Number.NaN);
}

function readText(
  request: Request,
  kind: Exclude<BodyKind, "multipart" | "file">,
  options: FieldsOptions,
): Promise<Result<Body>> {
  return readWhole(request, options).then((bytes) => {
    if (!bytes.ok) return bytes;
    const fields = fieldsOf(kind, bytes.value, options);
    giveBack(bytes.value);
    return fields;
  });
}

/** Frees the memory of bytes that nothing needs any more, before the collector would. */
export function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

export interface FieldsOptions extends Pick<BodyOptions, "config" | "hasPrompt"> {
  readonly isGzip: boolean;
}

/** The fields of a body that is text, out of its bytes as they were sent. */
export function fieldsOf(
  kind: Exclude<BodyKind, "multipart" | "file">,
  bytes: Uint8Array,
  { config, hasPrompt, isGzip: isCompressed }: FieldsOptions,
): Result<Body> {
  const text = textOf(bytes, isCompressed, config);
  if (!text.ok) return text;
  return readFields(kind, text.value, { hasPrompt, maxFields: config.MAX_FIELDS });
}

interface Arriving {
  readonly headers: Headers;
  /** As sent; NaN where the request does not say. */
  readonly bytes: number;
  readonly body: ReadableStream<Uint8Array>;
  readonly isGzip: boolean;
  readonly onPiece: BodyOptions["onPiece"];
}

async function* told(
  source: AsyncGenerator<Uint8Array>,
  onPiece: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    onPiece(piece);
    yield piece;
  }
}

/** What arrives, inflated, no more of it than a request may have; `undefined` if it is nothing. */
async function arrived(
  { body, isGzip: isCompressed, onPiece }: Arriving,
  config: Config,
): Promise<AsyncGenerator<Uint8Array> | undefined> {
  const all = pieces(body);
  const sent = await unlessNothing(onPiece === undefined ? all : told(all, onPiece));
  if (sent === undefined) return undefined;
  const source = isCompressed ? inflating(sent) : sent;
  return unlessNothing(
    atMost(source, config.MAX_UPLOAD_BYTES, () => tooLarge("MAX_UPLOAD_BYTES", config)),
  );
}

async function readMultipart(
  arriving: Arriving,
  { header }: MediaType,
  { config, upload, onField }: BodyOptions,
): Promise<Result<Body>> {
  if (arriving.bytes > mostSent(config.MAX_UPLOAD_BYTES, arriving))
    return refused(tooLarge("MAX_UPLOAD_BYTES", config));
  try {
    const source = await arrived(arriving, config);
    if (source === undefined) return accepted(NO_BODY);
    const options = { contentType: header, limits: config, upload, onField };
    const fields = await readForm(source, options);
    return fields.ok ? accepted({ fields: fields.value, isJson: false }) : fields;
  } catch (thrown) {
    return refuseBroken(thrown);
  }
}

async function readFile(
  arriving: Arriving,
  { upload, fileName, config }: BodyOptions,
): Promise<Result<Body>> {
  const { headers, body, bytes } = arriving;
  if (bytes > mostSent(config.MAX_UPLOAD_BYTES, arriving))
    return refused(tooLarge("MAX_UPLOAD_BYTES", config));
  const disposition = headerParameters(headers.get("content-disposition") ?? "");
  const contentType = headers.get("content-type") ?? "";
  const extension = extensionOfType(contentType);
  const typeName = extension === undefined ? "" : `file.${extension}`;
  try {
    const isSized = bytes >= 0 && !arriving.isGzip && arriving.onPiece === undefined;
    const content = isSized ? { stream: body, bytes } : await arrived(arriving, config);
    if (content === undefined) return accepted(NO_BODY);
    const added = await upload.add({
      field: "body",
      fileName: fileNameOf(disposition) || fileName || typeName,
      contentType,
      content,
    });
    return added.ok ? accepted(NO_BODY) : added;
  } catch (thrown) {
    return refuseBroken(thrown);
  }
}

/** What is the sender's fault is refused; anything else is not. */
function refuseBroken(thrown: unknown): Result<never> {
  if (thrown instanceof TooMuch) return refused(thrown.refusal);
  if (!(thrown instanceof StreamBroken)) throw thrown;
  return refused({ reason: "body_unreadable", problem: thrown.message });
}

/** An empty body with any type is no body; one without a length shows only when it is read. */
async function unlessEmpty({ headers, body }: Request, refusal: Refusal): Promise<Result<Body>> {
  if (body === null || headers.has("content-length")) return refused(refusal);
  const reader = body.getReader();
  try {
    const { done } = await reader.read();
    return done ? accepted(NO_BODY) : refused(refusal);
  } catch {
    return refused(refusal);
  } finally {
    reader.releaseLock();
  }
}

/** A body that is no file, as it was sent. */
export function readWhole(
  request: Request,
  { config, isGzip: isCompressed }: Pick<FieldsOptions, "config" | "isGzip">,
): Promise<Result<Uint8Array>> {
  const maxBytes = mostSent(config.MAX_BODY_BYTES, { isGzip: isCompressed });
  return readRaw(request, { maxBytes, tooLarge: () => tooLarge("MAX_BODY_BYTES", config) });
}

export interface RawOptions {
  readonly maxBytes: number;
  readonly tooLarge: () => Refusal;
}

/** A request's bytes; refuses those that are too many, or were cut off. */
export function readRaw(
  request: Request,
  { maxBytes, tooLarge: tooMany }: RawOptions,
): Promise<Result<Uint8Array>> {
  const length = lengthIn(request.headers);
  if (length > maxBytes) return Promise.resolve(refused(tooMany()));
  // The runtime holds a body to its Content-Length, and reads it whole the fastest.
  if (length >= 0) {
    return request.arrayBuffer().then((bytes) => accepted(new Uint8Array(bytes)), refuseCutOff);
  }
  const { body } = request;
  const reading = body === null ? Promise.resolve(new Uint8Array()) : readAtMost(body, maxBytes);
  return reading.then(
    (bytes) => (bytes === undefined ? refused(tooMany()) : accepted(bytes)),
    refuseCutOff,
  );
}

function refuseCutOff(): Result<never> {
  return refused({ reason: "body_unreadable", problem: "The body was cut off" });
}

function textOf(sent: Uint8Array, isCompressed: boolean, config: Config): Result<string> {
  if (!isCompressed || sent.byteLength === 0) return decodeUtf8(sent);
  try {
    const bytes = inflate(sent, config.MAX_BODY_BYTES);
    return bytes === undefined ? refused(tooLarge("MAX_BODY_BYTES", config)) : decodeUtf8(bytes);
  } catch {
    return refused({ reason: "body_unreadable", problem: "The body is not valid gzip" });
  }
}

/** How much may be sent where `most` may come out: what cannot be compressed grows a little. */
function mostSent(most: number, { isGzip: isCompressed }: Pick<Arriving, "isGzip">): number {
  return isCompressed ? most + GZIP_OVERHEAD_BYTES + most / 1_000 : most;
}

const GZIP_OVERHEAD_BYTES = 1_024;

function tooLarge(setting: "MAX_BODY_BYTES" | "MAX_UPLOAD_BYTES", config: Config): Refusal {
  const what = setting === "MAX_BODY_BYTES" ? "The body" : "A request";
  const limit = { what, value: config[setting], unit: "bytes", setting };
  return { reason: "limit_exceeded", limit };
}
