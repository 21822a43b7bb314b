// Small files of every accepted kind, down to what makes each one recognisable. Made here: no
// fixtures whose bytes nobody can read.
import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";

export interface MadeFile {
  readonly name: string;
  /** The kind's own media type. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

const text = (content: string): Uint8Array => Buffer.from(content);
const ascii = (content: string): Buffer => Buffer.from(content, "latin1");

/** One page with a line on it. */
export function pdf(line: string): Uint8Array {
  const stream = `BT /F1 24 Tf 72 720 Td (${line}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let body = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n";
  const offsets = objects.map((object, index) => {
    const offset = String(body.length).padStart(10, "0");
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${offset} 00000 n \n`;
  });
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${offsets.join("")}`;
  return ascii(
    `${body}${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`,
  );
}

/** A ZIP without compression (PKWARE APPNOTE 6.3). */
export function zip(entries: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const path = Buffer.from(name);
    const bytes = Buffer.from(content as string);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    locals.push(ascii("PK\x03\x04"), common, path, bytes);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(ascii("PK\x01\x02\x14\x00"), common, place, path);
    offset += 4 + common.length + path.length + bytes.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(entries).length, 4);
  end.writeUInt16LE(Object.keys(entries).length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, ...directory, ascii("PK\x05\x06"), end]);
}

const OFFICE = "application/vnd.openxmlformats-officedocument.";
const SCHEMAS = "http://schemas.openxmlformats.org";
const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';

type Entries = Parameters<typeof zip>[0];

/** Other parts of a package, in the order in which they are written. */
interface Surroundings {
  readonly before?: Entries;
  readonly after?: Entries;
}

/** An Office Open XML package (ECMA-376) with one part besides its two tables. */
function office(
  path: string,
  type: string,
  content: string,
  { before = {}, after = {} }: Surroundings = {},
): Uint8Array {
  return zip({
    ...before,
    "[Content_Types].xml": `${DECLARATION}<Types xmlns="${SCHEMAS}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/${path}" ContentType="${OFFICE}${type}.main+xml"/></Types>`,
    "_rels/.rels": `${DECLARATION}<Relationships xmlns="${SCHEMAS}/package/2006/relationships"><Relationship Id="r1" Type="${SCHEMAS}/officeDocument/2006/relationships/officeDocument" Target="${path}"/></Relationships>`,
    [path]: `${DECLARATION}${content}`,
    ...after,
  });
}

export function docx(line: string, surroundings: Surroundings = {}): Uint8Array {
  const main = `${SCHEMAS}/wordprocessingml/2006/main`;
  const body = `<w:body><w:p><w:r><w:t>${line}</w:t></w:r></w:p></w:body>`;
  const document = `<w:document xmlns:w="${main}">${body}</w:document>`;
  return office("word/document.xml", "wordprocessingml.document", document, surroundings);
}

export function xlsx(): Uint8Array {
  const workbook = `<workbook xmlns="${SCHEMAS}/spreadsheetml/2006/main"><sheets/></workbook>`;
  return office("xl/workbook.xml", "spreadsheetml.sheet", workbook);
}

export function pptx(): Uint8Array {
  const main = `${SCHEMAS}/presentationml/2006/main`;
  const presentation = `<p:presentation xmlns:p="${main}"/>`;
  return office("ppt/presentation.xml", "presentationml.presentation", presentation);
}

/** The head of a Compound File, as old Office wrote them (MS-CFB 2.2), and one empty sector. */
export function compoundFile(): Uint8Array {
  const file = Buffer.alloc(1024);
  file.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
  file.set([0x3e, 0, 0x03, 0, 0xfe, 0xff, 0x09, 0, 0x06, 0], 24);
  return file;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([ascii(type), data]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length, 0);
  numbers.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([numbers.subarray(0, 4), body, numbers.subarray(4)]);
}

/** One black pixel (RFC 2083). */
export function png(): Uint8Array {
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const pixels = deflateSync(Uint8Array.of(0, 0));
  const chunks = [chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([ascii("\x89PNG\r\n\x1a\n"), ...chunks]);
}

const base64 = (bytes: string): Uint8Array => Buffer.from(bytes, "base64");

const JPEG =
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";
const GIF = "R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=";
const WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==";

/** A hundredth of a second of silence. */
export function wav(): Uint8Array {
  const samples = 80;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.set([1, 0, 1, 0], 20);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.set([1, 0, 8, 0], 32);
  head.write("data", 36);
  head.writeUInt32LE(samples, 40);
  return Buffer.concat([head, Buffer.alloc(samples, 0x80)]);
}

/** Four frames of MPEG-1 layer 3, 128 kbit/s at 44.1 kHz. */
function mp3(): Uint8Array {
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0x00]);
  return Buffer.concat([frame, frame, frame, frame]);
}

function m4a(): Uint8Array {
  const size = Buffer.from([0, 0, 0, 24]);
  return Buffer.concat([
    size,
    ascii("ftypM4A \0\0\0\0M4A isom"),
    Buffer.from([0, 0, 0, 8]),
    ascii("mdat"),
  ]);
}

/** The first page of Ogg Vorbis (RFC 3533). */
function ogg(): Uint8Array {
  const head = Buffer.alloc(28);
  head.write("OggS");
  head.set([2], 5);
  head.set([1, 30], 26);
  const vorbis = Buffer.alloc(30);
  vorbis.write("\x01vorbis", "latin1");
  return Buffer.concat([head, vorbis]);
}

function flac(): Uint8Array {
  return Buffer.concat([ascii("fLaC"), Buffer.from([0x80, 0, 0, 34]), Buffer.alloc(34, 1)]);
}

/** An EBML head that says webm (RFC 8794 §11.2), and an empty segment. */
function webm(): Uint8Array {
  const docType = Buffer.concat([Buffer.from([0x42, 0x82, 0x84]), ascii("webm")]);
  const head = Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 0x80 + docType.length]);
  return Buffer.concat([head, docType, Buffer.from([0x18, 0x53, 0x80, 0x67, 0x80])]);
}

export const SVG_WITH_SCRIPT =
  '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(document.domain)</script></svg>';

/** One of each kind that the contract (§3) names. */
export const EVERY_KIND: readonly MadeFile[] = [
  { name: "a.pdf", type: "application/pdf", bytes: pdf("Hello") },
  { name: "a.doc", type: "application/msword", bytes: compoundFile() },
  { name: "a.docx", type: `${OFFICE}wordprocessingml.document`, bytes: docx("Hello") },
  { name: "a.txt", type: "text/plain", bytes: text("Grüße ☕\n") },
  { name: "a.md", type: "text/markdown", bytes: text("# Title\n\ntext\n") },
  { name: "a.csv", type: "text/csv", bytes: text("name,age\nJosé,7\n") },
  { name: "a.json", type: "application/json", bytes: text('{"a":[1,2]}') },
  { name: "a.xml", type: "application/xml", bytes: text('<?xml version="1.0"?><a/>') },
  { name: "a.html", type: "text/html", bytes: text("<!doctype html><p>Hello") },
  { name: "a.xls", type: "application/vnd.ms-excel", bytes: compoundFile() },
  { name: "a.xlsx", type: `${OFFICE}spreadsheetml.sheet`, bytes: xlsx() },
  { name: "a.ppt", type: "application/vnd.ms-powerpoint", bytes: compoundFile() },
  { name: "a.pptx", type: `${OFFICE}presentationml.presentation`, bytes: pptx() },
  { name: "a.png", type: "image/png", bytes: png() },
  { name: "a.jpeg", type: "image/jpeg", bytes: base64(JPEG) },
  { name: "a.gif", type: "image/gif", bytes: base64(GIF) },
  { name: "a.webp", type: "image/webp", bytes: base64(WEBP) },
  { name: "a.svg", type: "image/svg+xml", bytes: text(SVG_WITH_SCRIPT) },
  { name: "a.zip", type: "application/zip", bytes: zip({ "a.txt": "Hello", "b/c.txt": "" }) },
  { name: "a.mp3", type: "audio/mpeg", bytes: mp3() },
  { name: "a.wav", type: "audio/wav", bytes: wav() },
  { name: "a.m4a", type: "audio/mp4", bytes: m4a() },
  { name: "a.ogg", type: "audio/ogg", bytes: ogg() },
  { name: "a.flac", type: "audio/flac", bytes: flac() },
  { name: "a.webm", type: "audio/webm", bytes: webm() },
];

/** The made file of this name. */
export function made(name: string): MadeFile {
  const file = EVERY_KIND.find((kind) => kind.name === name);
  if (file === undefined) throw new Error(`${name} is not made`);
  return file;
}

/** Bytes that no ZIP program opens, and that begin as a ZIP does. */
export function zipHeaded(bytes: Uint8Array): Uint8Array {
  const headed = Uint8Array.from(bytes);
  headed.set([0x50, 0x4b, 3, 4]);
  return headed;
}
