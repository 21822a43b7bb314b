/** A request's body as fields: within its limits, decoded, parsed (contract §1.4). */
import type { Config } from "../../config.ts";
import { decodeUtf8, type Fields, NO_FIELDS, readFields } from "../../invocation/fields.ts";
import { readMediaType } from "../../invocation/media-type.ts";
import { pieces, readAtMost } from "../../pieces.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import { readMultipart } from "../../uploads/multipart.ts";
import { inflate, inflating, isGzip } from "./inflate.ts";

export interface BodyOptions {
  readonly config: Config;
  /** The query has a prompt, so plain text is context. */
  readonly hasPrompt: boolean;
}

/** Reads nothing of a body that its headers already forbid. */
export async function readBody(request: Request, options: BodyOptions): Promise<Result<Fields>> {
  const { headers, body } = request;
  if (body === null || headers.get("content-length") === "0") return accepted(NO_FIELDS);
  const type = readMediaType(headers.get("content-type"));
  if (!type.ok) return unlessEmpty(request, type.refusal);
  const gzip = isGzip(headers.get("content-encoding"));
  if (!gzip.ok) return unlessEmpty(request, gzip.refusal);
  const { kind, essence, header } = type.value;
  const { config, hasPrompt } = options;
  switch (kind) {
    case "multipart": {
      const source = gzip.value ? inflating(pieces(body)) : pieces(body);
      return readMultipart(source, header, config);
    }
    case "file":
      return unlessEmpty(request, { reason: "content_type_unsupported", type: essence });
    case "json":
    case "form":
    case "text":
    case "verbatim": {
      const text = await readText(request, gzip.value, config.MAX_BODY_BYTES);
      return text.ok ? readFields(kind, text.value, hasPrompt) : text;
    }
  }
}

/** An empty body with any type is no body; one without a length shows only when it is read. */
async function unlessEmpty({ headers, body }: Request, refusal: Refusal): Promise<Result<Fields>> {
  if (body === null || headers.has("content-length")) return refused(refusal);
  const reader = body.getReader();
  try {
    const { done } = await reader.read();
    return done ? accepted(NO_FIELDS) : refused(refusal);
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
  const sent = await readBytes(request, maxBytes);
  if (!sent.ok) return sent;
  if (!isCompressed || sent.value.byteLength === 0) return decodeUtf8(sent.value);
  try {
    const inflated = inflate(sent.value, maxBytes);
    return inflated === undefined ? refused(tooLarge(maxBytes)) : decodeUtf8(inflated);
  } catch {
    return refused({ reason: "body_unreadable", problem: "The body is not valid gzip" });
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Result<Uint8Array>> {
  const { body, headers } = request;
  const length = Number(headers.get("content-length") ?? Number.NaN);
  if (body === null) return accepted(new Uint8Array());
  if (length > maxBytes) return refused(tooLarge(maxBytes));
  try {
    // The runtime holds a body to its Content-Length, and reads it whole the fastest.
    const bytes =
      length >= 0 ? new Uint8Array(await request.arrayBuffer()) : await readAtMost(body, maxBytes);
    return bytes === undefined ? refused(tooLarge(maxBytes)) : accepted(bytes);
  } catch {
    return refused({ reason: "body_unreadable", problem: "The body was cut off" });
  }
}

function tooLarge(value: number): Refusal {
  const limit = { what: "The body", value, unit: "bytes", setting: "MAX_BODY_BYTES" };
  return { reason: "limit_exceeded", limit };
}
