import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { compoundFile, docx, made, zip } from "../support/files.ts";
import { sendRaw } from "../support/http.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { EMPTY } from "../support/uploads.ts";

const FILE_LIMIT = 100_000;

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ MAX_FILE_BYTES: String(FILE_LIMIT), MAX_UPLOAD_BYTES: "1500000" });
});
afterAll(() => pair.stop());

// Whatever is wrong with a request: nothing is run, and nothing is left behind.
afterEach(() => {
  const runs = pair.platform.requests.filter(({ method }) => method === "POST");
  expect(runs).toEqual([]);
  expect(pair.gateway.stored()).toEqual(EMPTY);
  pair.reset();
});

function fileOf(content: Part["content"], filename = "a.txt"): Part {
  return { name: "f", filename, content };
}

/** A good file, which is stored before what is wrong arrives. */
const good = fileOf("good", "good.txt");

function post(parts: readonly Part[]) {
  return pair.post({ query: "prompt=P", type: MULTIPART_TYPE, body: multipart(parts) });
}

function fields(count: number): Part[] {
  return Array.from({ length: count }, (_, n) => ({ name: `field ${n}`, content: "" }));
}

const tooLarge = (detail: string) => refusal(413, "limit_exceeded", detail);
const unsupported = (detail: string) => refusal(415, "file_unsupported", detail);
const unreadable = (why: string) =>
  refusal(400, "body_unreadable", `The multipart body cannot be read: ${why}`);

const TOO_MANY_FIELDS = tooLarge("A form may have at most 100 fields (MAX_FIELDS)");
const FILE_TOO_LARGE = tooLarge("The file a.txt may have at most 100000 bytes (MAX_FILE_BYTES)");
const FORM_TOO_LARGE = tooLarge("A request may have at most 1500000 bytes (MAX_UPLOAD_BYTES)");
const CUT_OFF = unreadable("it ends before its closing boundary");
const NO_BOUNDARY = unreadable("its Content-Type names no boundary of 1 to 70 characters");

describe("a form over a limit", () => {
  const large = "x".repeat(FILE_LIMIT);

  it.each([
    ["10,000 fields", fields(10_000), TOO_MANY_FIELDS],
    ["101 fields and a file", [good, ...fields(101)], TOO_MANY_FIELDS],
    [
      "21 files",
      Array<Part>(21).fill(good),
      tooLarge("A request may have at most 20 files (MAX_FILES)"),
    ],
    [
      "241 inputs that were left empty",
      Array.from({ length: 241 }, () => fileOf("", "")),
      tooLarge("A form may have at most 240 parts (MAX_FIELDS, MAX_FILES)"),
    ],
    ["a file one byte too large", [good, fileOf(`${large}x`)], FILE_TOO_LARGE],
    ["a file far too large", [good, fileOf(large.repeat(5))], FILE_TOO_LARGE],
    ["files too large together", Array<Part>(16).fill(fileOf(large)), FORM_TOO_LARGE],
  ])("is refused with its words: %s", async (_, parts, expected) => {
    expect(refusalOf(await post(parts))).toEqual(expected);
  });

  it.each([
    ["a file one byte too large", [good, fileOf(`${large}x`)], FILE_TOO_LARGE],
    ["files too large together", Array<Part>(16).fill(fileOf(large)), FORM_TOO_LARGE],
  ])("is refused in chunks without a length, and compressed: %s", async (_, parts, expected) => {
    const body = multipart(parts);
    const chunks = [body.subarray(0, 100), body.subarray(100, 9_000), body.subarray(9_000)];
    const inChunks = await pair.post({ type: MULTIPART_TYPE, body: chunks });
    const headers = { "content-encoding": "gzip" };
    const compressed = await pair.post({ type: MULTIPART_TYPE, headers, body: gzipSync(body) });
    expect([inChunks, compressed].map(refusalOf)).toEqual([expected, expected]);
  });

  it("is refused by its Content-Length alone, and the platform is not asked", async () => {
    const head = `POST /?agent_id=agent-1&x-api-key=k HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n`;
    const type = `Content-Type: ${MULTIPART_TYPE}\r\nContent-Length: 1500001\r\n\r\n`;
    const answer = await sendRaw(pair.gateway.url, head + type, { timeoutMs: 4_000 });
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*A request may have at most 1500000 bytes/s);
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("a form that cannot be read", () => {
  const whole = multipart([good, fileOf("more"), { name: "a", content: "1" }]);
  const text = whole.toString();

  it.each([
    ["no boundary", "multipart/form-data", whole, NO_BOUNDARY],
    [
      "a boundary of 71 characters",
      `multipart/form-data; boundary=${"b".repeat(71)}`,
      whole,
      NO_BOUNDARY,
    ],
    ["another boundary", "multipart/form-data; boundary=other", whole, CUT_OFF],
    ["an end in its closing boundary", MULTIPART_TYPE, whole.subarray(0, -4), CUT_OFF],
    ["an end in a field", MULTIPART_TYPE, text.slice(0, text.lastIndexOf("1\r\n") + 1), CUT_OFF],
    ["an end in a file", MULTIPART_TYPE, text.slice(0, text.indexOf("more") + 2), CUT_OFF],
    ["an end in a header", MULTIPART_TYPE, text.slice(0, text.indexOf("a.txt")), CUT_OFF],
    [
      "an end before its last boundary",
      MULTIPART_TYPE,
      text.slice(0, text.lastIndexOf("\r\n--")),
      CUT_OFF,
    ],
    [
      "line feeds alone",
      MULTIPART_TYPE,
      text.replaceAll("\r\n", "\n"),
      unreadable("its first boundary does not stand at the start of a line"),
    ],
    [
      "a part without a name",
      MULTIPART_TYPE,
      text.replace(' name="a"', ""),
      unreadable("a part has no name"),
    ],
    [
      "a file without a name",
      MULTIPART_TYPE,
      text.replaceAll(' name="f";', ""),
      unreadable("a part has no name"),
    ],
    [
      "a part of Base64",
      MULTIPART_TYPE,
      text.replace('"a.txt"', '"a.txt"\r\nContent-Transfer-Encoding: base64'),
      unreadable("a part has the Content-Transfer-Encoding base64"),
    ],
  ])("is refused: %s", async (_, type, body, expected) => {
    const answer = await pair.post({ query: "prompt=P", type, body });
    expect(refusalOf(answer)).toEqual(expected);
  });

  it.each([
    ["cut off", gzipSync(whole).subarray(0, -10)],
    ["with a wrong sum", Buffer.concat([gzipSync(whole).subarray(0, -8), Buffer.alloc(8)])],
    ["none at all", whole],
  ])("is refused: gzip that is %s", async (_, body) => {
    const headers = { "content-encoding": "gzip" };
    const answer = await pair.post({ type: MULTIPART_TYPE, headers, body });
    expect(refusalOf(answer)).toEqual(
      refusal(400, "body_unreadable", "The body is not valid gzip"),
    );
  });

  it("is refused: shorter than its Content-Length", async () => {
    const head = `POST /?agent_id=agent-1&x-api-key=k HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n`;
    const length = `Content-Type: ${MULTIPART_TYPE}\r\nContent-Length: ${whole.length + 9}\r\n\r\n`;
    const answer = await sendRaw(pair.gateway.url, head + length + text, { halfClose: true });
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"detail":"The body was cut off"/s);
  });

  it("is refused: a field of another charset", async () => {
    const answer = await post([
      good,
      { name: "a", content: "1", type: "text/plain; charset=latin1" },
    ]);
    const detail = "Charset latin1 is not accepted; send UTF-8";
    expect(refusalOf(answer)).toEqual(refusal(415, "charset_unsupported", detail));
  });

  it("is refused: a field that is not UTF-8", async () => {
    const answer = await post([good, { name: "a", content: Uint8Array.of(0xff) }]);
    expect(refusalOf(answer)).toEqual(
      refusal(400, "body_unreadable", expect.stringMatching(/\ba\b.*UTF-8/)),
    );
  });
});

describe("a file that is not what it may be", () => {
  const shows = (name: string, shown: string) =>
    unsupported(`The file ${name} is not what its name says: its bytes show ${shown}`);

  it.each([
    [
      "an .exe",
      fileOf("MZ\x90\0\x03\0\0\0", "setup.exe"),
      unsupported("The file setup.exe is of a kind that is not accepted"),
    ],
    ["an .exe named .pdf", fileOf("MZ\x90\0\x03\0\0\0", "a.pdf"), shows("a.pdf", "exe")],
    ["a text named .pdf", fileOf("hello", "a.pdf"), shows("a.pdf", "text")],
    ["a plain ZIP named .docx", fileOf(zip({ "a.txt": "x" }), "a.docx"), shows("a.docx", "zip")],
    ["a DOCX named .xlsx", fileOf(docx("x"), "a.xlsx"), shows("a.xlsx", "docx")],
    ["a PNG named .jpg", fileOf(made("a.png").bytes, "a.jpg"), shows("a.jpg", "png")],
    ["bytes named .txt", fileOf("a\0b"), shows("a.txt", "data")],
    [
      "old Office without an extension",
      fileOf(compoundFile(), "blob"),
      unsupported("The file blob has no extension, and its bytes show cfb"),
    ],
  ])("is refused: %s", async (_, file, expected) => {
    expect(refusalOf(await post([good, file]))).toEqual(expected);
  });

  it("is refused by the name that is safe", async () => {
    const answer = await post([fileOf("hello", "../../\u202ea%0D%0Ab.exe")]);
    expect(refusalOf(answer)).toEqual(
      refusal(415, "file_unsupported", expect.not.stringMatching(/[\r\n\u202e/]/)),
    );
  });
});
