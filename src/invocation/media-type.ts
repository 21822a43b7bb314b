/** What a `Content-Type` says a body is (contract §1.4). */
import { MAX_REMEMBERED_TYPE_CHARS, MAX_REMEMBERED_TYPES } from "../limits.ts";
import { accepted, refused, type Result } from "../refusal.ts";

export type BodyKind = "json" | "form" | "multipart" | "text" | "verbatim" | "file";

export interface MediaType {
  readonly kind: BodyKind;
  /** Lower case, without parameters; empty if the header was absent. */
  readonly essence: string;
  /** As it came; the boundary of a form stands in it. */
  readonly header: string;
}

const remembered = new Map<string, Result<MediaType>>();

/**
 * Reads the header; `null` is an absent one. Text in any charset but UTF-8 is refused. Senders use
 * few types, so the ones seen last are remembered.
 */
export function readMediaType(header: string | null): Result<MediaType> {
  const written = header?.trim() ?? "";
  const known = remembered.get(written);
  if (known !== undefined) return known;
  const type = read(written);
  // A form's boundary is never the same again.
  const mayComeAgain = type.ok && type.value.kind !== "multipart";
  if (mayComeAgain && written.length <= MAX_REMEMBERED_TYPE_CHARS) {
    if (remembered.size >= MAX_REMEMBERED_TYPES) remembered.clear();
    remembered.set(written, type);
  }
  return type;
}

function read(written: string): Result<MediaType> {
  const essence = (written.split(";", 1)[0] ?? "").trim().toLowerCase();
  const kind = kindOfType(essence);
  if (kind === undefined) {
    return refused({ reason: "content_type_unsupported", type: essence.slice(0, 128) });
  }
  const charset = kind === "file" ? undefined : charsetOf(written);
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    return refused({ reason: "charset_unsupported", charset: charset.slice(0, 64) });
  }
  return accepted({ kind, essence, header: written });
}

function kindOfType(essence: string): BodyKind | undefined {
  if (essence === "" || essence === "text/plain") return "text";
  if (essence === "application/x-www-form-urlencoded") return "form";
  if (essence === "multipart/form-data") return "multipart";
  if (essence === "application/json" || /^application\/[^/]+\+json$/.test(essence)) return "json";
  if (essence === "application/xml" || /^application\/[^/]+\+xml$/.test(essence)) return "verbatim";
  if (/^text\/[^/]+$/.test(essence)) return "verbatim";
  return FILE_TYPES.test(essence) ? "file" : undefined;
}

/** Types under which the accepted kinds of file (contract §3) are sent as a whole body. */
const FILE_TYPES =
  /^(?:image\/[^/]+|audio\/[^/]+|video\/webm|application\/(?:octet-stream|pdf|msword|zip|x-zip-compressed|vnd\.ms-(?:excel|powerpoint)|vnd\.openxmlformats-officedocument\.[^/]+))$/;

const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|([^;\s]*))/i;

function charsetOf(header: string): string | undefined {
  const match = CHARSET.exec(header);
  return match?.[1] ?? match?.[2];
}
