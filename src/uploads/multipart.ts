/**
 * `multipart/form-data`, read as it arrives (RFC 7578). The grammar is busboy's: streaming, and the
 * most widely used of its kind. Limits and refusals are ours.
 */
import Busboy from "busboy";
import type { Config } from "../config.ts";
import { collectFields, type Fields, NO_FIELDS } from "../invocation/fields.ts";
import { type JsonText, toJsonText } from "../invocation/json-text.ts";
import { accepted, type Limit, type Refusal, refused, type Result } from "../refusal.ts";

export type MultipartLimits = Pick<Config, "MAX_UPLOAD_BYTES" | "MAX_FIELDS" | "MAX_FIELD_BYTES">;

const FILE_REFUSED: Refusal = {
  reason: "file_unsupported",
  problem: "Files are not accepted yet; send their addresses as text",
};

/** The form's fields, in the order of arrival. A file with a name or a byte in it is refused. */
export async function readMultipart(
  source: AsyncIterable<Uint8Array>,
  contentType: string,
  limits: MultipartLimits,
): Promise<Result<Fields>> {
  const pairs: [string, JsonText][] = [];
  let refusal: Refusal | undefined;
  const refuse = (reason: Refusal): void => {
    refusal ??= reason;
  };

  let form: Busboy.Busboy;
  try {
    form = Busboy({
      headers: { "content-type": contentType },
      defParamCharset: "utf8",
      limits: { fields: limits.MAX_FIELDS, fieldSize: limits.MAX_FIELD_BYTES },
    });
  } catch {
    return refused(unreadable("its Content-Type has no boundary"));
  }
  form.on("field", (name: string | undefined, value, { valueTruncated }) => {
    if (valueTruncated) refuse(tooLarge(fieldLimit(limits)));
    if (name === undefined) refuse(unreadable("a part has no name"));
    else pairs.push([name, toJsonText(value)]);
  });
  form.on("file", (_, file, { filename }: { filename?: string }) => {
    if ((filename ?? "") !== "") refuse(FILE_REFUSED);
    file.on("data", () => {
      refuse(FILE_REFUSED);
    });
  });
  form.on("fieldsLimit", () => {
    refuse(tooLarge(fieldsLimit(limits)));
  });
  const ended = new Promise<void>((resolve) => {
    form.on("error", () => {
      refuse(unreadable("it ends before its closing boundary"));
      resolve();
    });
    form.on("close", resolve);
  });

  let bytes = 0;
  try {
    for await (const piece of source) {
      bytes += piece.byteLength;
      if (!(bytes <= limits.MAX_UPLOAD_BYTES)) refuse(tooLarge(uploadLimit(limits)));
      if (refusal !== undefined) break;
      form.write(piece);
    }
  } catch {
    refuse(unreadable("it was cut off"));
  }
  if (bytes === 0 && refusal === undefined) return accepted(NO_FIELDS);
  form.end();
  await ended;
  return refusal === undefined ? accepted(collectFields(pairs)) : refused(refusal);
}

function unreadable(why: string): Refusal {
  return { reason: "body_unreadable", problem: `The multipart body cannot be read: ${why}` };
}

function tooLarge(limit: Limit): Refusal {
  return { reason: "limit_exceeded", limit };
}

function fieldLimit({ MAX_FIELD_BYTES: value }: MultipartLimits): Limit {
  return { what: "A field", value, unit: "bytes", setting: "MAX_FIELD_BYTES" };
}

function fieldsLimit({ MAX_FIELDS: value }: MultipartLimits): Limit {
  return { what: "A form", value, unit: "fields", setting: "MAX_FIELDS" };
}

function uploadLimit({ MAX_UPLOAD_BYTES: value }: MultipartLimits): Limit {
  return { what: "A request", value, unit: "bytes", setting: "MAX_UPLOAD_BYTES" };
}
