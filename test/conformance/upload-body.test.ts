import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from "vitest";
import { docx, made } from "../support/files.ts";
import { send, sendRaw } from "../support/http.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { described, EMPTY, links, opened, sha256 } from "../support/uploads.ts";

const LIMIT = 100_000;
const ANY = "application/octet-stream";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ MAX_FILE_BYTES: String(LIMIT), MAX_UPLOAD_BYTES: "80000" });
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

const pdf = made("a.pdf").bytes;
const PDF = { type: "application/pdf", body: pdf };

describe("a file as the whole body", () => {
  it.each([
    ["application/pdf", "a.pdf", "file.pdf"],
    ["image/png", "a.png", "file.png"],
    ["image/svg+xml", "a.svg", "file.svg"],
    ["audio/mpeg", "a.mp3", "file.mp3"],
    ["audio/x-wav", "a.wav", "file.wav"],
    ["video/webm", "a.webm", "file.webm"],
    ["application/zip", "a.zip", "file.zip"],
    ["application/msword", "a.doc", "file.doc"],
    ["application/vnd.ms-excel", "a.xls", "file.xls"],
    [made("a.xlsx").type, "a.xlsx", "file.xlsx"],
    [ANY, "a.docx", "file.docx"],
    ["application/pdf; charset=binary", "a.pdf", "file.pdf"],
  ])("is named by its type, or else by its bytes: %s", async (type, file, name) => {
    const { bytes, type: kind } = made(file);
    const answer = await pair.post({ type, body: bytes });
    expect(answer.status).toBe(200);
    expect(described(pair)).toEqual([{ field: "body", name, type: kind, size: bytes.length }]);
    expect(pair.lastTask()).toMatchObject({ input: { text: "", files: [expect.any(String)] } });
    expect(await opened(pair)).toEqual([sha256(bytes)]);
  });

  it.each([
    ["Content-Disposition", 'attachment; filename="a b.pdf"', "", "a b.pdf"],
    ["Content-Disposition, inline", "inline; filename=a.pdf", "", "a.pdf"],
    ["RFC 8187", "attachment; filename=x.pdf; filename*=UTF-8''%E2%82%AC.pdf", "", "€.pdf"],
    ["filename in the query", "", "filename=q%20%C3%BC.pdf", "q ü.pdf"],
    ["Content-Disposition first", "attachment; filename=a.pdf", "filename=q.pdf", "a.pdf"],
    ["the query where that is empty", 'attachment; filename=""', "filename=q.pdf", "q.pdf"],
    ["the query where that has none", "attachment", "filename=q.pdf", "q.pdf"],
    ["its type where both are empty", 'attachment; filename=""', "filename=", "file.pdf"],
    ["a path of Windows", String.raw`attachment; filename="C:\docs\a.pdf"`, "", "a.pdf"],
    ["a path", "", "filename=..%2F..%2Fetc%2Fa.pdf", "a.pdf"],
    ["a name without an extension", "", "filename=scan", "scan.pdf"],
  ])("is named by %s", async (_, disposition, query, name) => {
    const headers = { "content-disposition": disposition };
    const answer = await pair.post({ ...PDF, query, ...(disposition !== "" && { headers }) });
    expect(answer.status).toBe(200);
    expect(described(pair)).toMatchObject([{ name, type: "application/pdf" }]);
  });

  it("is named in raw UTF-8", async () => {
    const head = `POST /?agent_id=agent-1&x-api-key=k HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\nContent-Type: application/pdf\r\n`;
    const name = 'Content-Disposition: attachment; filename="grüße.pdf"\r\n';
    await sendRaw(pair.gateway.url, Buffer.from(`${head}${name}Content-Length: 8\r\n\r\n%PDF-1.4`));
    expect(described(pair)).toMatchObject([{ name: "grüße.pdf", size: 8 }]);
  });

  it("comes with parameters and a prompt in the query", async () => {
    await pair.post({ ...PDF, query: "prompt=Read&user_id=7&disable_attachment_injection=1" });
    expect(pair.lastTask()).toMatchObject({
      input: { text: "Read", user: { id: "7" }, files: [expect.any(String)] },
      disable_attachment_injection: true,
    });
  });

  it.each([
    ["in chunks", {}, [pdf.subarray(0, 100), pdf.subarray(100)]],
    ["compressed", { "content-encoding": "gzip" }, gzipSync(pdf)],
    ["compressed, in chunks", { "content-encoding": "gzip" }, [gzipSync(pdf)]],
  ])("may come %s", async (_, headers, body) => {
    const answer = await pair.post({ type: "application/pdf", headers, body });
    expect(answer.status).toBe(200);
    expect(described(pair)).toMatchObject([{ name: "file.pdf", size: pdf.length }]);
    expect(await opened(pair)).toEqual([sha256(pdf)]);
  });

  it.each([
    ["with its length", {}, ""],
    ["in chunks", {}, []],
    ["in chunks, said to be compressed", { "content-encoding": "gzip" }, []],
    ["compressed", { "content-encoding": "gzip" }, gzipSync("")],
  ])("is no body where it is empty, %s", async (_, headers, body) => {
    const delivery = { type: "application/pdf", headers: { ...headers }, body };
    expect((await pair.post({ ...delivery, query: "prompt=P" })).status).toBe(200);
    expect(links(pair)).toEqual([]);
    const alone = await pair.post(delivery);
    expect(refusalOf(alone)).toMatchObject({ status: 422, code: "parameters_invalid" });
  });
});

describe("a large file as the whole body", () => {
  it("is of the kind that it is in a form", async () => {
    const there = await startPair();
    onTestFinished(() => there.stop());
    // Whatever stands first in a DOCX: its table of contents need not.
    const before = { "customXml/item1.xml": "x".repeat(2_000_000) };
    const after = { "word/media/image1.bin": new Uint8Array(9_000_000) };
    const body = docx("Hello", { before, after });
    const inForm = multipart([{ name: "f", filename: "a.docx", content: body }]);
    const answers = [
      await there.post({ type: MULTIPART_TYPE, body: inForm }),
      await there.post({ type: ANY, query: "filename=a.docx", body: [body] }),
      await there.post({ type: ANY, query: "filename=a.docx", body }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});

describe("a file as the whole body that is refused", () => {
  let before = EMPTY;
  beforeEach(() => {
    before = pair.gateway.stored();
  });
  afterEach(() => {
    const methods = pair.platform.requests.map(({ method }) => method);
    expect(methods).not.toContain("POST");
    expect(pair.gateway.stored()).toEqual(before);
  });

  const tooLarge = refusal(
    413,
    "limit_exceeded",
    expect.stringMatching(
      / may have at most (?:100000|80000) bytes \(MAX_(?:FILE|UPLOAD)_BYTES\)$/,
    ),
  );

  it.each([
    ["than a file may be", LIMIT + 1],
    ["than a request may be", 80_001],
  ])("is larger %s", async (_, size) => {
    const whole = Buffer.alloc(size, "x");
    const halves = [whole.subarray(0, 40_000), whole.subarray(40_000)];
    const delivery = { query: "filename=a.txt", type: ANY };
    const headers = { "content-encoding": "gzip" };
    const answers = [
      await pair.post({ ...delivery, body: whole }),
      await pair.post({ ...delivery, body: halves }),
      await pair.post({ ...delivery, headers, body: gzipSync(whole) }),
    ];
    expect(answers.map(refusalOf)).toEqual([tooLarge, tooLarge, tooLarge]);
  });

  it.each([
    [
      "an .exe of another name",
      "filename=a.pdf",
      Buffer.from("MZ\x90\0\x03\0\0\0", "latin1"),
      "exe",
    ],
    ["a text of a PDF's type", "", Buffer.from("hello"), "text"],
  ])("is %s", async (_, query, body, shown) => {
    const answer = await pair.post({ query, type: "application/pdf", body });
    const detail = expect.stringMatching(
      new RegExp(`\\.pdf is not what its name says: .* ${shown}$`),
    );
    expect(refusalOf(answer)).toEqual(refusal(415, "file_unsupported", detail));
  });

  it("is broken gzip", async () => {
    const headers = { "content-encoding": "gzip" };
    const body = gzipSync(pdf).subarray(0, -9);
    const answer = await pair.post({ type: "application/pdf", headers, body });
    const detail = "The body is not valid gzip";
    expect(refusalOf(answer)).toEqual(refusal(400, "body_unreadable", detail));
  });

  it("is shorter than its Content-Length", async () => {
    const head = `POST /?agent_id=agent-1&x-api-key=k HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n`;
    const bytes = `${head}Content-Type: application/pdf\r\nContent-Length: 80\r\n\r\n%PDF-1.4`;
    const answer = await sendRaw(pair.gateway.url, bytes, { halfClose: true });
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"detail":"The body was cut off"/s);
  });

  it("has no agent", async () => {
    const headers = { "x-api-key": "a-key-of-its-own", "content-type": "application/pdf" };
    const answer = await send(pair.gateway.url, { headers, body: pdf });
    expect(refusalOf(answer)).toEqual(refusal(400, "agent_id_missing", "agent_id is required"));
    expect(pair.platform.requests.map(({ path }) => path)).toEqual(["/v1/agents?per_page=1"]);
  });
});
