/**
 * The kinds of file that are accepted (contract §3): by the name's extension *and* by the bytes.
 * What the bytes show is told by file-type: the most complete of its kind, and kept up to date.
 */
import { fileTypeFromBuffer } from "file-type";
import { accepted, refused, type Result } from "../refusal.ts";
import { extensionOf, withExtension } from "./file-name.ts";

/** What the bytes of a kind may show: file-type's own names, or `text` for what it knows nothing of. */
interface Kind {
  readonly type: string;
  readonly shows: readonly string[];
}

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ["pdf", { type: "application/pdf", shows: ["pdf"] }],
  ["doc", { type: "application/msword", shows: ["cfb"] }],
  ["docx", { type: office("wordprocessingml.document"), shows: ["docx"] }],
  ["xls", { type: "application/vnd.ms-excel", shows: ["cfb"] }],
  ["xlsx", { type: office("spreadsheetml.sheet"), shows: ["xlsx"] }],
  ["ppt", { type: "application/vnd.ms-powerpoint", shows: ["cfb"] }],
  ["pptx", { type: office("presentationml.presentation"), shows: ["pptx"] }],
  ["txt", { type: "text/plain", shows: ["text", "xml"] }],
  ["md", { type: "text/markdown", shows: ["text", "xml"] }],
  ["markdown", { type: "text/markdown", shows: ["text", "xml"] }],
  ["csv", { type: "text/csv", shows: ["text"] }],
  ["json", { type: "application/json", shows: ["text"] }],
  ["xml", { type: "application/xml", shows: ["text", "xml"] }],
  ["html", { type: "text/html", shows: ["text", "xml"] }],
  ["htm", { type: "text/html", shows: ["text", "xml"] }],
  ["svg", { type: "image/svg+xml", shows: ["text", "xml"] }],
  ["png", { type: "image/png", shows: ["png", "apng"] }],
  ["jpg", { type: "image/jpeg", shows: ["jpg"] }],
  ["jpeg", { type: "image/jpeg", shows: ["jpg"] }],
  ["gif", { type: "image/gif", shows: ["gif"] }],
  ["webp", { type: "image/webp", shows: ["webp"] }],
  ["zip", { type: "application/zip", shows: ["zip"] }],
  ["mp3", { type: "audio/mpeg", shows: ["mp3"] }],
  ["wav", { type: "audio/wav", shows: ["wav"] }],
  ["m4a", { type: "audio/mp4", shows: ["m4a", "mp4"] }],
  ["ogg", { type: "audio/ogg", shows: ["ogg", "oga", "opus", "spx"] }],
  ["flac", { type: "audio/flac", shows: ["flac"] }],
  ["webm", { type: "audio/webm", shows: ["webm"] }],
]);

function office(document: string): string {
  return `application/vnd.openxmlformats-officedocument.${document}`;
}

/** Kinds by what their bytes show, for names without an extension. `cfb` may be any old Office file. */
const EXTENSION_SHOWN: ReadonlyMap<string, string> = new Map([
  ["apng", "png"],
  ["oga", "ogg"],
  ["opus", "ogg"],
  ["spx", "ogg"],
  ["text", "txt"],
]);

export interface NamedKind {
  /** The name, with the extension of its bytes if it had none. */
  readonly name: string;
  /** The kind's own media type; what the sender said of it does not count. */
  readonly type: string;
}

/** Whether a file of this name may be accepted at all: asked before any of it is read. */
export function isAcceptedName(name: string): boolean {
  const extension = extensionOf(name);
  return extension === "" || KINDS.has(extension);
}

/** The extension that a media type stands for; `undefined` if it says nothing of the kind. */
export function extensionOfType(contentType: string): string | undefined {
  const essence = essenceOf(contentType);
  const kind = [...KINDS].find(([, { type }]) => type === essence);
  return kind?.[0] ?? OTHER_TYPES.get(essence);
}

/** Names of the same kinds that senders use as well. */
const OTHER_TYPES: ReadonlyMap<string, string> = new Map([
  ["image/jpg", "jpg"],
  ["application/x-zip-compressed", "zip"],
  ["audio/mp3", "mp3"],
  ["audio/wave", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/vnd.wave", "wav"],
  ["audio/m4a", "m4a"],
  ["audio/x-m4a", "m4a"],
  ["audio/x-flac", "flac"],
  ["video/webm", "webm"],
]);

function essenceOf(contentType: string): string {
  return (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
}

/**
 * The kind of a file with an accepted name. `head` is its first bytes: all of them for a small file, a few MiB of a large
 * one. `declaredType` helps to tell texts apart, and old Office files, where the name says nothing.
 */
export async function kindOfFile(
  name: string,
  head: Uint8Array,
  declaredType: string,
): Promise<Result<NamedKind>> {
  const extension = extensionOf(name);
  const kind = KINDS.get(extension);
  if (kind !== undefined && head.byteLength === 0) return accepted({ name, type: kind.type });
  const shown = await shownBy(head);
  if (kind !== undefined) {
    if (kind.shows.includes(shown)) return accepted({ name, type: kind.type });
    if (extension === "zip" && isZip(head)) return accepted({ name, type: kind.type });
    return unsupported(`The file ${name} is not what its name says: its bytes show ${shown}`);
  }
  const found = extensionFor(shown, declaredType);
  const foundKind = KINDS.get(found);
  if (foundKind === undefined) {
    return unsupported(`The file ${name} has no extension, and its bytes show ${shown}`);
  }
  return accepted({ name: withExtension(name, found), type: foundKind.type });
}

function unsupported(problem: string): Result<never> {
  return refused({ reason: "file_unsupported", problem });
}

/** The sender's type decides among the kinds whose bytes look alike, and among no others. */
function extensionFor(shown: string, declaredType: string): string {
  const essence = essenceOf(declaredType);
  for (const [extension, { type, shows }] of KINDS) {
    if (type === essence && shows.includes(shown)) return extension;
  }
  return EXTENSION_SHOWN.get(shown) ?? shown;
}

/** file-type's name for the bytes; `text` or `data` where it has none. */
async function shownBy(head: Uint8Array): Promise<string> {
  const shown = await fileTypeFromBuffer(head);
  if (shown === undefined) return isUtf16(head) || !head.includes(0) ? "text" : "data";
  // Two or three letters are enough for some kinds: "BM" is a bitmap, "MZ" a program. But all of
  // these have control characters soon, and a text that only begins so has none.
  return TEXTUAL.has(shown.ext) || !isPlainText(head) ? shown.ext : "text";
}

/** Kinds of which whole files may be plain text; their marks are long enough to be sure of. */
const TEXTUAL: ReadonlySet<string> = new Set(["pdf", "rtf", "ps", "eps", "xml"]);

const PLAIN_TEXT_BYTES = 64 * 1024;
const CONTROLS_IN_TEXT: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b]);

/** Without control characters, whatever its encoding. */
function isPlainText(head: Uint8Array): boolean {
  const start = head.subarray(0, PLAIN_TEXT_BYTES);
  return start.every((byte) => (byte >= 0x20 && byte !== 0x7f) || CONTROLS_IN_TEXT.has(byte));
}

/** By its byte order mark. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** Whatever is made of a ZIP (a DOCX, a JAR) may be named one. */
function isZip(head: Uint8Array): boolean {
  const [p, k, third, fourth] = head;
  return (
    p === 0x50 && k === 0x4b && ((third === 3 && fourth === 4) || (third === 5 && fourth === 6))
  );
}
