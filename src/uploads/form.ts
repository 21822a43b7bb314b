/** A `multipart/form-data` body: its fields are gathered, its files go to the upload as they come. */
import type { Config } from "../config.ts";
import { collectFields, decodeUtf8, type Fields } from "../invocation/fields.ts";
import { headerParameters } from "../invocation/header-parameters.ts";
import { type JsonText, toJsonText } from "../invocation/json-text.ts";
import { joinAtMost, unlessNothing } from "../pieces.ts";
import { accepted, type Limit, type Refusal, refused, type Result } from "../refusal.ts";
import { boundaryOf, MultipartFault, type Part, readParts } from "./multipart.ts";
import type { IncomingFile, Upload } from "./upload.ts";

export interface FormOptions {
  readonly contentType: string;
  /** All fields together are a body that is not a file. */
  readonly limits: Pick<Config, "MAX_BODY_BYTES" | "MAX_FIELDS" | "MAX_FIELD_BYTES" | "MAX_FILES">;
  readonly upload: Upload;
  /** Told of each text field as it comes, before any file behind it. */
  readonly onField: (name: string, value: JsonText) => void;
}

/** Reads the whole form. On a refusal the upload may hold files that are still to be discarded. */
export async function readForm(
  source: AsyncIterable<Uint8Array>,
  { contentType, limits, upload, onField }: FormOptions,
): Promise<Result<Fields>> {
  const pairs: [string, JsonText][] = [];
  let fieldsBytes = 0;
  let parts = 0;
  try {
    for await (const part of readParts(source, boundaryOf(contentType))) {
      parts += 1;
      if (!(parts <= mostParts(limits))) return refused(tooManyParts(limits));
      const file = part.isFile ? await presentFile(part) : undefined;
      if (file !== undefined) {
        const added = await upload.add(file);
        if (!added.ok) return added;
      } else if (!part.isFile) {
        if (!(pairs.length < limits.MAX_FIELDS)) return refused(tooManyFields(limits.MAX_FIELDS));
        const field = await readField(part, limits.MAX_FIELD_BYTES);
        if (!field.ok) return field;
        const { bytes, value } = field.value;
        fieldsBytes += bytes;
        if (!(fieldsBytes <= limits.MAX_BODY_BYTES)) return refused(fieldsTooLarge(limits));
        pairs.push([part.name, value]);
        onField(part.name, value);
      }
    }
  } catch (thrown) {
    if (thrown instanceof MultipartFault) return refused(unreadable(thrown.message));
    throw thrown;
  }
  return accepted(collectFields(pairs));
}

/** The file, or `undefined` for a browser's file input that was left empty: no name, no bytes. */
async function presentFile(part: Part): Promise<IncomingFile | undefined> {
  const { name: field, fileName, contentType, content } = part;
  if (fileName !== "") return { field, fileName, contentType, content };
  const present = await unlessNothing(content);
  return present && { field, fileName, contentType, content: present };
}

interface Field {
  readonly value: JsonText;
  readonly bytes: number;
}

async function readField(part: Part, maxBytes: number): Promise<Result<Field>> {
  const charset = headerParameters(part.contentType).get("charset") ?? "utf-8";
  if (!/^utf-?8$/i.test(charset)) {
    return refused({ reason: "charset_unsupported", charset: charset.slice(0, 64) });
  }
  const bytes = await joinAtMost(part.content, maxBytes);
  if (bytes === undefined) {
    const what = `The field ${part.name.slice(0, 64)}`;
    return refused(tooLarge({ what, value: maxBytes, unit: "bytes", setting: "MAX_FIELD_BYTES" }));
  }
  const text = decodeUtf8(bytes);
  if (text.ok) return accepted({ value: toJsonText(text.value), bytes: bytes.byteLength });
  return refused(unreadable(`the field ${part.name.slice(0, 64)} is not UTF-8`));
}

function unreadable(why: string): Refusal {
  return { reason: "body_unreadable", problem: `The multipart body cannot be read: ${why}` };
}

function fieldsTooLarge({ MAX_BODY_BYTES: value }: FormOptions["limits"]): Refusal {
  return tooLarge({ what: "All fields", value, unit: "bytes", setting: "MAX_BODY_BYTES" });
}

/** Inputs that were left empty are no files, but each costs its reading: as many again may come. */
function mostParts({ MAX_FIELDS, MAX_FILES }: FormOptions["limits"]): number {
  return 2 * (MAX_FIELDS + MAX_FILES);
}

function tooManyParts(limits: FormOptions["limits"]): Refusal {
  const value = mostParts(limits);
  return tooLarge({ what: "A form", value, unit: "parts", setting: "MAX_FIELDS, MAX_FILES" });
}

function tooManyFields(value: number): Refusal {
  return tooLarge({ what: "A form", value, unit: "fields", setting: "MAX_FIELDS" });
}

function tooLarge(limit: Limit): Refusal {
  return { reason: "limit_exceeded", limit };
}
