/** A sender's file name, made harmless and kept recognisable (contract §3). */
import { MAX_FILE_NAME_BYTES } from "../limits.ts";

// Control characters, and marks that turn the direction of writing, so that a name shows as it is.
const UNSEEN =
  /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\u2028\u2029\uFEFF\uFFF9-\uFFFB]/gu;
const FORBIDDEN_ON_WINDOWS = /[<>:"|?*]/g;
const RESERVED_ON_WINDOWS = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i;

/**
 * The last part of the path, in NFC, without what cannot be seen, at most 200 bytes of UTF-8 with
 * its extension kept; `file` if nothing is left.
 */
export function safeFileName(name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? "";
  const seen = base.toWellFormed().normalize("NFC").replace(UNSEEN, "");
  const plain = seen.replace(FORBIDDEN_ON_WINDOWS, "_");
  const harmless = withoutMargin(plain).replace(RESERVED_ON_WINDOWS, "_$&");
  return harmless === "" ? "file" : shortened(harmless);
}

/** Without dots and white space around it; a regular expression would try each of a thousand dots. */
function withoutMargin(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isMargin(text[start])) start += 1;
  while (end > start && isMargin(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isMargin(character: string | undefined): boolean {
  return character === "." || character?.trim() === "";
}

/** What stands behind the last dot, in lower case; empty if that is none, as in `Report v1.2` or `Dr. Who`. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
  return /^\d*$|\s/.test(extension) ? "" : extension;
}

/** The name with an extension that it has not, and still no longer than a name may be. */
export function withExtension(name: string, extension: string): string {
  return fitted(name, `.${extension}`);
}

function shortened(name: string): string {
  const extension = extensionOf(name);
  const isExtension = extension !== "" && byteLength(extension) <= MAX_EXTENSION_BYTES;
  const tail = isExtension ? name.slice(name.lastIndexOf(".")) : "";
  return fitted(name.slice(0, name.length - tail.length), tail);
}

function fitted(start: string, tail: string): string {
  let stem = "";
  let bytes = byteLength(tail);
  for (const character of start) {
    bytes += byteLength(character);
    if (bytes > MAX_FILE_NAME_BYTES) break;
    stem += character;
  }
  return stem + tail;
}

const MAX_EXTENSION_BYTES = 16;

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
