/** A request's body: within its limits, decoded, parsed; its files stored (contract §1.4, §3). */
import type { Config } from "../../config.ts";
import { type Body, decodeUtf8, NO_BODY, readFields } from "../../invocation/fields.ts";
import { fileNameOf, headerParameters } from "../../invocation/header-parameters.ts";
import type { JsonText } from "../../invocation/json-text.ts";
import { type MediaType, readMediaType } from "../../invocation/media-type.ts";
import { pieces, readAtMost, StreamBroken, unlessNothing } from "../../pieces.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import { readForm } from "../../uploads/form.ts";
import { extensionOfType } from "../../uploads/kind.ts";
import type { Upload } from "../../uploads/upload.ts";
import { inflate, inflating, isGzip } from "./inflate.ts";

export interface BodyOptions {
  readonly config: Config;
  /** The query has a prompt, so plain text is context. */
  readonly hasPrompt: boolean;
  /** The query's name for a file that is the whole body. */
  readonly fileName: string | undefined;
  readonly upload: Upload;
  /** Told of a form's fields as they come, before the files behind them. */
  readonly onField: (name: string, value: JsonText) => void;
}

/** Reads nothing of a body that its headers already forbid. */
export async function readBody(request: Request, options: BodyOptions): Promise<Result<Body>> {
  const { headers } = request;
  if (headers.get("content-length") === "0") return accepted(NO_BODY);
  const type = readMediaType(headers.get("content-type"));
  if (!type.ok) return unlessEmpty(request, type.refusal);
  const gzip = isGzip(headers.get("content-encoding"));
  if (!gzip.ok) return unlessEmpty(request, gzip.refusal);
  const { kind } = type.value;
  switch (kind) {
    case "multipart":
    case "file": {
      const { body } = request;
      if (body === null) return accepted(NO_BODY);
      const arriving: Arriving = { headers, body, isGzip: gzip.value };
      return kind === "file"
        ? readFile(arriving, options)
        : readMultipart(arriving, type.value, options);
    }
    case "json":
    case "form":
    case "text":
    case "verbatim": {
      const text = await readText(request, gzip.value, options.config.MAX_BODY_BYTES);
      const { hasPrompt, config } = options;
      return text.ok
        ? readFields(kind, text.value, { hasPrompt, maxFields: config.MAX_FIELDS })
        : text;
    }
  }
}

interface Arriving {
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array>;
  readonly isGzip: boolean;
}

function piecesOf({ body, isGzip: isCompressed }: Arriving): AsyncGenerator<Uint8Array> {
  return isCompressed ? inflating(pieces(body)) : pieces(body);
}

async function readMultipart(
  arriving: Arriving,
  { header }: MediaType,
  { config, upload, onField }: BodyOptions,
): Promise<Result<Body>> {
  if (Number(arriving.headers.get("content-length")) > config.MAX_UPLOAD_BYTES) {
    const limit = { what: "A form", value: config.MAX_UPLOAD_BYTES, unit: "bytes" };
    return refused({ reason: "limit_exceeded", limit: { ...limit, setting: "MAX_UPLOAD_BYTES" } });
  }
  try {
    const source = await unlessNothing(piecesOf(arriving));
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
  { upload, fileName }: BodyOptions,
): Promise<Result<Body>> {
  const { headers, body } = arriving;
  const length = Number(headers.get("content-length") ?? Number.NaN);
  const disposition = headerParameters(headers.get("content-disposition") ?? "");
  const contentType = headers.get("content-type") ?? "";
  const extension = extensionOfType(contentType);
  const isSized = length >= 0 && !arriving.isGzip;
  try {
    const added = await upload.add({
      field: "body",
      fileName:
        fileNameOf(disposition) || fileName || (extension === undefined ? "" : `file.${extension}`),
      contentType,
      content: isSized ? { stream: body, bytes: length } : piecesOf(arriving),
    });
    return added.ok ? accepted(NO_BODY) : added;
  } catch (thrown) {
    return refuseBroken(thrown);
  }
}

/** What is the sender's fault is refused; anything else is not. */
function refuseBroken(thrown: unknown): Result<never> {
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

async function readText(
  request: Request,
  isCompressed: boolean,
  maxBytes: number,
): Promise<Result<string>> {
  // What cannot be compressed grows a little.
  const maxSentBytes = isCompressed ? maxBytes + GZIP_OVERHEAD_BYTES + maxBytes / 1_000 : maxBytes;
  const sent = await readBytes(request, maxSentBytes);
  if (!sent.ok) return sent;
  if (!isCompressed || sent.value.byteLength === 0) return decodeUtf8(sent.value);
  try {
    const inflated = inflate(sent.value, maxBytes);
    return inflated === undefined ? refused(tooLarge(maxBytes)) : decodeUtf8(inflated);
  } catch {
    return refused({ reason: "body_unreadable", problem: "The body is not valid gzip" });
  }
}

const GZIP_OVERHEAD_BYTES = 1_024;

async function readBytes(request: Request, maxBytes: number): Promise<Result<Uint8Array>> {
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (length > maxBytes) return refused(tooLarge(maxBytes));
  try {
    // The runtime holds a body to its Content-Length, and reads it whole the fastest.
    if (length >= 0) return accepted(new Uint8Array(await request.arrayBuffer()));
    const { body } = request;
    const bytes = body === null ? new Uint8Array() : await readAtMost(body, maxBytes);
    return bytes === undefined ? refused(tooLarge(maxBytes)) : accepted(bytes);
  } catch {
    return refused({ reason: "body_unreadable", problem: "The body was cut off" });
  }
}

function tooLarge(value: number): Refusal {
  const limit = { what: "The body", value, unit: "bytes", setting: "MAX_BODY_BYTES" };
  return { reason: "limit_exceeded", limit };
}
