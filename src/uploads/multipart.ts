/**
 * `multipart/form-data`, read as it arrives (RFC 7578, RFC 2046 §5.1). Pulled, not pushed: a part's
 * content is read from the source only as fast as its consumer takes it, and nothing is held but
 * the piece at hand. What cannot be read is an error and never a part left out.
 */
import { Buffer } from "node:buffer";
import { fileNameOf, headerParameters, unreadIn } from "../invocation/header-parameters.ts";
import { readMediaType } from "../invocation/media-type.ts";
import { MAX_PART_HEADER_BYTES } from "../limits.ts";

/** The form cannot be read; the message says why, for the sender. */
export class MultipartFault extends Error {
  override readonly name = "MultipartFault";
}

export interface Part {
  /** The field's name. */
  readonly name: string;
  /**
   * A file: named as one, though its name be empty as that of a browser's file input that was left
   * empty, or of a type that files have.
   */
  readonly isFile: boolean;
  readonly fileName: string;
  /** The part's `Content-Type` as it came; empty if it has none. */
  readonly contentType: string;
  /** To be read before the next part is asked for; what is left of it then is passed over. */
  readonly content: AsyncGenerator<Uint8Array>;
}

/** The boundary that a form's `Content-Type` names (RFC 2046: 1 to 70 characters). */
export function boundaryOf(contentType: string): string {
  const boundary = headerParameters(contentType).get("boundary") ?? "";
  if (/^[\x20-\x7e]{0,69}[\x21-\x7e]$/.test(boundary)) return boundary;
  throw new MultipartFault("its Content-Type names no boundary of 1 to 70 characters");
}

/** The form's parts in their order. Ends after the closing boundary, the source read to its end. */
export async function* readParts(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<Part> {
  const form: Form = {
    ...createWindow(source),
    delimiter: Buffer.from(`\r\n--${boundary}`),
    isClosed: false,
  };
  try {
    for await (const preamble of contentOf(form)) {
      // Behind a byte order mark, say, it would be passed over, and a part with it.
      if (Buffer.from(preamble).includes(`--${boundary}`)) {
        throw new MultipartFault("its first boundary does not stand at the start of a line");
      }
    }
    while (!form.isClosed) {
      const part = readPartHeader(await headerBlock(form), contentOf(form));
      yield part;
      for await (const unread of part.content) void unread;
    }
    do form.skip(form.size());
    while (await form.more());
  } finally {
    await form.release();
  }
}

/** What of the source is in sight: the rest of the last piece, and the next one when asked. */
interface Window {
  size(): number;
  /** Where `bytes` stand in sight, from `from` on; -1 if they do not. */
  indexOf(bytes: Uint8Array, from?: number): number;
  at(index: number): number | undefined;
  take(bytes: number): Uint8Array;
  skip(bytes: number): void;
  /** Brings the next piece into sight; false at the end of the source. */
  more(): Promise<boolean>;
  /** Lets go of the source, whose rest another may want to read. */
  release(): Promise<void>;
}

interface Form extends Window {
  readonly delimiter: Buffer;
  /** The closing delimiter was passed. */
  isClosed: boolean;
}

/** In memory of its own, used again and again: what is taken is good until the next piece comes. */
function createWindow(source: AsyncIterable<Uint8Array>): Window {
  const pieces = source[Symbol.asyncIterator]();
  let memory = Buffer.alloc(WINDOW_BYTES);
  // As if a line had ended before: the first delimiter may be the very first thing.
  let start = 0;
  let end = memory.write("\r\n");
  return {
    size: () => end - start,
    indexOf(bytes, from = 0) {
      return memory.subarray(start, end).indexOf(bytes, from);
    },
    at: (index) => (start + index < end ? memory[start + index] : undefined),
    take(bytes) {
      start += bytes;
      // No Buffer: its slice() would not copy.
      return new Uint8Array(memory.buffer, memory.byteOffset + start - bytes, bytes);
    },
    skip(bytes) {
      start += bytes;
    },
    async more() {
      const { done, value } = await pieces.next();
      if (done === true) return false;
      const needed = end - start + value.byteLength;
      if (needed <= memory.byteLength) memory.copyWithin(0, start, end);
      else memory = Buffer.concat([memory.subarray(start, end)], needed);
      end -= start;
      start = 0;
      memory.set(value, end);
      end += value.byteLength;
      return true;
    },
    async release() {
      await pieces.return?.(undefined);
    },
  };
}

/** A piece, the rest of the one before, and a part's headers. */
const WINDOW_BYTES = 160 * 1024;

async function moreOrFault(form: Window): Promise<void> {
  if (!(await form.more())) throw new MultipartFault("it ends before its closing boundary");
}

/** The bytes up to the next delimiter, which is passed over. */
async function* contentOf(form: Form): AsyncGenerator<Uint8Array> {
  const { delimiter } = form;
  let from = 0;
  for (;;) {
    const found = form.indexOf(delimiter, from);
    if (found >= 0) {
      const line = await delimiterLine(form, found + delimiter.length);
      if (line !== undefined) {
        if (found > 0) yield form.take(found);
        form.skip(line.end - found);
        form.isClosed = line.isClosing;
        return;
      }
      // A line that only begins like the delimiter is content.
      from = found + 1;
      continue;
    }
    const certain = form.size() - delimiter.length + 1;
    if (certain > 0) yield form.take(certain);
    from = 0;
    await moreOrFault(form);
  }
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const DASH = 0x2d;

interface DelimiterLine {
  readonly end: number;
  readonly isClosing: boolean;
}

/** What follows a delimiter makes it one: `--` or nothing, white space at most, and the line's end. */
async function delimiterLine(form: Form, start: number): Promise<DelimiterLine | undefined> {
  await sees(form, start + 2);
  const isClosing = form.at(start) === DASH && form.at(start + 1) === DASH;
  for (let at = isClosing ? start + 2 : start; at <= start + MAX_PADDING_BYTES; at += 1) {
    const isEnd = !(await sees(form, at + 2)) && !(await sees(form, at + 1));
    if (isEnd && isClosing) return { end: at, isClosing };
    const code = form.at(at);
    if (code === CARRIAGE_RETURN && form.at(at + 1) === LINE_FEED)
      return { end: at + 2, isClosing };
    // Nothing more is read: how the last line ends does not matter.
    if (code === LINE_FEED && isClosing) return { end: at + 1, isClosing };
    if (code !== SPACE && code !== TAB) return undefined;
  }
  return undefined;
}

/** White space behind a delimiter comes from old mail gateways, if at all. */
const MAX_PADDING_BYTES = 64;

/** Brings the first `bytes` into sight; false if the source ends before. */
async function sees(form: Form, bytes: number): Promise<boolean> {
  while (form.size() < bytes) if (!(await form.more())) return false;
  return true;
}

const LINE_BREAK = Buffer.from("\r\n");
const BLANK_LINE = Buffer.from("\r\n\r\n");

async function headerBlock(form: Window): Promise<string> {
  for (;;) {
    // A part may have no header at all; it is then no part of a form.
    const end = form.indexOf(LINE_BREAK) === 0 ? 0 : form.indexOf(BLANK_LINE);
    if (end > MAX_PART_HEADER_BYTES || (end < 0 && form.size() > MAX_PART_HEADER_BYTES)) {
      throw new MultipartFault(`a part's headers are larger than ${MAX_PART_HEADER_BYTES} bytes`);
    }
    if (end >= 0) {
      const block = form.take(end);
      form.skip(BLANK_LINE.length);
      return decoded(block);
    }
    await moreOrFault(form);
  }
}

function decoded(block: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(block);
  } catch {
    throw new MultipartFault("a part's headers are not UTF-8");
  }
}

function readPartHeader(block: string, content: AsyncGenerator<Uint8Array>): Part {
  const headers = new Map<string, string>();
  for (const line of block.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (!/^[^\s]+$/.test(name)) throw new MultipartFault("a part has a line that is no header");
    const key = name.toLowerCase();
    const value = line.slice(colon + 1).trim();
    // Some clients say the same twice.
    if (key.startsWith("content-") && (headers.get(key) ?? value) !== value)
      throw new MultipartFault(`a part has two different headers ${key.slice(0, 32)}`);
    headers.set(key, value);
  }
  const disposition = headers.get("content-disposition") ?? "";
  if (!/^form-data\s*(?:;|$)/i.test(disposition)) {
    throw new MultipartFault("a part has no Content-Disposition: form-data");
  }
  const encoding = headers.get("content-transfer-encoding") ?? "binary";
  if (!/^(?:7bit|8bit|binary)$/i.test(encoding)) {
    throw new MultipartFault(`a part has the Content-Transfer-Encoding ${encoding.slice(0, 32)}`);
  }
  const parameters = new Map(
    Array.from(headerParameters(disposition), ([key, value]) => [key, unescaped(value)]),
  );
  const name = parameters.get("name") ?? "";
  if (name === "") throw new MultipartFault("a part has no name");
  const fileName = fileNameOf(parameters);
  const contentType = headers.get("content-type") ?? "";
  if (/^multipart\//i.test(contentType)) {
    throw new MultipartFault("a part holds parts of its own; send each file in one of the form's");
  }
  // A name that cannot be read is still a file's.
  const isNamed = fileName !== undefined || parameters.has("filename*");
  if (!isNamed && mayNameFile(disposition, parameters)) {
    throw new MultipartFault('a part names its file otherwise than by filename="…"');
  }
  const type = readMediaType(contentType);
  const isFile = isNamed || (type.ok && type.value.kind === "file");
  return { name, isFile, fileName: fileName ?? "", contentType, content };
}

/** What browsers escape in a name (WHATWG HTML, "multipart/form-data"). */
function unescaped(value: string): string {
  return value.replace(/%(?:22|0D|0A)/gi, (escape) => decodeURIComponent(escape));
}

/** As mail does (RFC 2231, `filename*0=`), or with a mark left out: not to be taken for a field. */
function mayNameFile(disposition: string, parameters: ReadonlyMap<string, string>): boolean {
  const isNamed = [...parameters.keys()].some((name) => name.startsWith("filename"));
  return isNamed || /filename\*?\s*=/i.test(unreadIn(disposition));
}
