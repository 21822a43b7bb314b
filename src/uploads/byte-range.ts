/** `Range` and the conditions of a GET (RFC 9110 §13, §14). Pure. */
import { readHttpDate } from "../http-date.ts";

/** Bytes from `offset`, or the last `suffix` of them. */
export type ByteRange =
  { readonly offset: number; readonly length?: number } | { readonly suffix: number };

/** What tells one state of a file from another. */
interface Validators {
  /** Quoted, as in the header. */
  readonly etag: string;
  readonly uploadedAt: Date;
}

/**
 * The one range that is asked for. `undefined` where the header is absent, malformed, of another
 * unit, or names several: the whole file is then the answer (RFC 9110 §14.2).
 */
export function readRange(header: string | null): ByteRange | undefined {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") return { suffix: position(last) };
  const offset = position(first);
  const end = last === "" ? Number.MAX_SAFE_INTEGER : position(last);
  if (end === Number.MAX_SAFE_INTEGER) return { offset };
  return end >= offset ? { offset, length: end - offset + 1 } : undefined;
}

/** What no number can hold lies behind every file. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** First and last byte of a range within `size` bytes; `undefined` if it lies outside. */
export function resolveRange(
  range: ByteRange,
  size: number,
): { readonly first: number; readonly last: number } | undefined {
  const first = "suffix" in range ? Math.max(0, size - range.suffix) : range.offset;
  const length = "suffix" in range ? range.suffix : (range.length ?? size);
  const last = Math.min(size, first + length) - 1;
  return first <= last ? { first, last } : undefined;
}

/** Whether the client's copy is still good, so that 304 is the answer (RFC 9110 §13.2.2). */
export function isNotModified(headers: Headers, { etag, uploadedAt }: Validators): boolean {
  const tags = headers.get("if-none-match");
  if (tags !== null) return tags.trim() === "*" || tagsIn(tags).includes(opaque(etag));
  const since = readHttpDate(headers.get("if-modified-since") ?? "");
  return wholeSeconds(uploadedAt.getTime()) <= since;
}

/** Whether a range may be answered with: `If-Range` wants a strong match (RFC 9110 §13.1.5). */
export function isRangeWanted(headers: Headers, { etag, uploadedAt }: Validators): boolean {
  const condition = headers.get("if-range")?.trim();
  if (condition === undefined) return true;
  return condition.includes('"')
    ? condition === etag
    : readHttpDate(condition) === wholeSeconds(uploadedAt.getTime());
}

function tagsIn(header: string): string[] {
  return Array.from(header.matchAll(/(?:W\/)?("[^"]*")/g), ([, tag = ""]) => tag);
}

/** The comparison of `If-None-Match` is weak. */
function opaque(etag: string): string {
  return etag.replace(/^W\//, "");
}

/** Dates in headers have no milliseconds. */
function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}
