import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { readParts } from "./multipart.ts";

interface ReadPart {
  readonly name: string;
  readonly isFile: boolean;
  readonly fileName: string;
  readonly contentType: string;
  readonly text: string;
}

/** The bytes in pieces of this size, in the runtime's own way: each in a buffer of its own. */
async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function contentOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

async function read(source: AsyncIterable<Uint8Array>, boundary = "X"): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const { content, ...part } of readParts(source, boundary)) {
    parts.push({ ...part, text: (await contentOf(content)).toString("latin1") });
  }
  return parts;
}

function readText(form: string, size = 64 * 1024): Promise<ReadPart[]> {
  return read(cut(Buffer.from(form, "utf8"), size));
}

/** A form of one part `f` with this content, between boundaries `X`. */
function formOf(content: string): string {
  return `--X\r\nContent-Disposition: form-data; name="f"\r\n\r\n${content}\r\n--X--\r\n`;
}

/** A form of one part with these header lines. */
function formWith(...headers: readonly string[]): string {
  return `--X\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\nc\r\n--X--`;
}

const DISPOSITION = 'Content-Disposition: form-data; name="f"';

function faultOf(form: string): Promise<unknown> {
  return readText(form).catch((thrown: unknown) => thrown);
}

function fault(message: RegExp) {
  return expect.objectContaining({
    name: "MultipartFault",
    message: expect.stringMatching(message),
  });
}

const LOOK_ALIKES: [string, string][] = [
  ["a longer boundary", "a\r\n--XY\r\nb"],
  ["no line break behind it", "a\r\n--X b"],
  ["white space and then no line break", "a\r\n--X \t \tb\r\n"],
  ["one dash behind it", "a\r\n--X-\r\nb"],
  ["a line feed alone behind it", "a\r\n--X\nb"],
  ["a carriage return alone behind it", "a\r\n--X\rb"],
  ["a line feed alone before it", "a\n--X\r\nb"],
  ["a carriage return alone before it", "a\r--X--b"],
  ["no line break before it", "a--X\r\nb--X--"],
  ["one dash before it", "a\r\n-X\r\nb"],
  ["its beginning, over and over", "\r\n--\r\n--\r\n-\r\r\n\r\n-"],
  ["its beginning at the end", "a\r\n--"],
  ["line breaks alone", "\r\n\r\n\r\n"],
  ["nothing", ""],
];

describe("readParts", () => {
  it.each(LOOK_ALIKES)(
    "takes what only looks like a boundary for content: %s",
    async (_, content) => {
      const form = formOf(content);
      for (const size of [1, 2, 3, 7, 64, form.length]) {
        expect(await readText(form, size)).toEqual([
          { name: "f", isFile: false, fileName: "", contentType: "", text: content },
        ]);
      }
    },
  );

  it("finds a boundary wherever the pieces are cut", async () => {
    const form = Buffer.from(formOf("content"));
    for (let at = 0; at <= form.length; at += 1) {
      const halves = [form.subarray(0, at), form.subarray(at)];
      const parts = await read(toAsync(halves));
      expect(parts.map(({ text }) => text)).toEqual(["content"]);
    }
  });

  it("reads every part in its order", async () => {
    const form = [
      'this is a preamble\r\n--X \t\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
      '--X\r\ncontent-type:  text/plain \r\nCONTENT-DISPOSITION: FORM-DATA; NAME="a"; FILENAME="b.txt"\r\n\r\n2\r\n',
      '--X\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name="b"\r\n\r\n\r\n',
      '--X\r\nContent-Disposition: form-data; name="c"; filename=""\r\n\r\n\r\n--X-- \r\nepilogue\r\n--X\r\n',
    ].join("");
    for (const size of [1, 2, 3, 7, 64, form.length]) {
      expect(await readText(form, size)).toEqual([
        { name: "a", isFile: false, fileName: "", contentType: "", text: "1" },
        { name: "a", isFile: true, fileName: "b.txt", contentType: "text/plain", text: "2" },
        {
          name: "b",
          isFile: true,
          fileName: "",
          contentType: "application/octet-stream",
          text: "",
        },
        { name: "c", isFile: true, fileName: "", contentType: "", text: "" },
      ]);
    }
  });

  it("is not cut short by a line that only begins like the closing boundary", async () => {
    const form = `${formOf("a\r\n--X--b\r\nc").slice(0, -7)}${formOf("d")}`;
    const texts = readText(form).then((parts) => parts.map(({ text }) => text));
    const outcome = await texts.catch(() => "refused");
    expect(["refused", ["a\r\n--X--b\r\nc", "d"]]).toContainEqual(outcome);
  });

  it.each([
    ["at once", "--X--"],
    ["after a preamble", "preamble\r\n--X--\r\n"],
    ["with an epilogue", "--X--\r\nepilogue"],
  ])("reads no part where the form ends %s", async (_, form) => {
    expect(await readText(form)).toEqual([]);
  });

  it("passes over what its consumer leaves of a part", async () => {
    const source = cut(Buffer.from(`${formOf("1234567").slice(0, -7)}\r\n${formOf("2")}`), 5);
    const names: string[] = [];
    for await (const { name, content } of readParts(source, "X")) {
      names.push(name);
      await content.next();
    }
    expect(names).toEqual(["f", "f"]);
  });

  it.each([
    ["raw UTF-8", 'name="f"; filename="grüße ☕.txt"', "grüße ☕.txt"],
    ["RFC 8187", "name=f; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt; filename=\"x.txt\"", "grüße.txt"],
    ["a backslash", String.raw`name="f"; filename="C:\a\b.txt"`, String.raw`C:\a\b.txt`],
    ["quotes", String.raw`name="f"; filename="a\"b\\c.txt"`, String.raw`a"b\c.txt`],
    ["a semicolon", 'name="f"; filename="a; name=g.txt"', "a; name=g.txt"],
    ["a line separator", 'name="f"; filename="a\u2028b.txt"', "a\u2028b.txt"],
    ["what a browser escapes", 'name="f"; filename="a%22b%0D%0a%41.txt"', 'a"b\r\n%41.txt'],
    ["RFC 8187, escaped once", "name=f; filename*=UTF-8''a%2522b.txt", "a%22b.txt"],
  ])("reads a file's name with %s", async (_, parameters, fileName) => {
    const parts = await readText(formWith(`Content-Disposition: form-data; ${parameters}`));
    expect(parts).toMatchObject([{ name: "f", fileName, text: "c" }]);
  });

  it.each([
    [
      "says the same twice",
      formWith(DISPOSITION, "Content-Type: text/plain", "Content-Type: text/plain"),
    ],
    ["has a parameter of another name", formWith(`${DISPOSITION}; original_filename="x.txt"`)],
    [
      "speaks of a filename in its name",
      formWith("Content-Disposition: form-data; name=f filename"),
    ],
  ])("reads a field that %s", async (_, form) => {
    expect(await readText(form)).toMatchObject([{ name: "f", isFile: false, text: "c" }]);
  });

  it("reads a field's name with what a browser escapes", async () => {
    const form = formWith('Content-Disposition: form-data; name="a%22b%0D%0A%41"');
    expect(await readText(form)).toMatchObject([{ name: 'a"b\r\n%41', isFile: false }]);
  });

  it.each(["application/pdf", "application/octet-stream", "image/png", "Audio/MPEG; x=y"])(
    "takes a part of type %s for a file without a name",
    async (type) => {
      const parts = await readText(formWith(DISPOSITION, `Content-Type: ${type}`));
      expect(parts).toMatchObject([{ isFile: true, fileName: "" }]);
    },
  );

  it.each(["application/json", "text/plain; charset=utf-8", "text/csv", "application/xml", "x/y"])(
    "takes a part of type %s without a file's name for a field",
    async (type) => {
      const parts = await readText(formWith(DISPOSITION, `Content-Type: ${type}`));
      expect(parts).toMatchObject([{ isFile: false }]);
    },
  );

  it.each([
    ["a line feed alone", "--X--\n"],
    ["a line feed and more", "--X--\nmore"],
    ["white space and a line feed", "--X-- \n"],
  ])("ends where its closing boundary has %s behind it", async (_, end) => {
    expect(await readText(formWith(DISPOSITION).replace("--X--", end))).toMatchObject([
      { text: "c" },
    ]);
  });

  it.each([
    ["cannot be decoded", "filename*=UTF-8''%E4.txt"],
    ["is in a charset that nobody knows", "filename*=x-unknown''a.txt"],
    ["is empty", "filename*="],
  ])("takes a part for a file though its name %s", async (_, parameter) => {
    const form = formWith(`Content-Disposition: form-data; name="f"; ${parameter}`);
    expect(await readText(form)).toMatchObject([{ name: "f", isFile: true }]);
  });

  it("takes a line break in a file's name for the end of the header, and no more", async () => {
    const lines = ['Content-Disposition: form-data; name="f"; filename="a', 'Set-Cookie: x"'];
    expect(await readText(formWith(...lines))).toMatchObject([{ name: "f", isFile: true }]);
  });

  it.each(["7bit", "8bit", "binary", "BINARY"])(
    "takes Content-Transfer-Encoding: %s",
    async (e) => {
      const form = formWith(DISPOSITION, `Content-Transfer-Encoding: ${e}`);
      expect(await readText(form)).toMatchObject([{ text: "c" }]);
    },
  );

  it.each([
    ["of base64", formWith(DISPOSITION, "Content-Transfer-Encoding: base64"), /base64/],
    [
      "quoted-printable",
      formWith(DISPOSITION, "Content-Transfer-Encoding: quoted-printable"),
      /quoted/,
    ],
    ["without a name", formWith("Content-Disposition: form-data"), /no name/],
    [
      "with a file's name alone",
      formWith('Content-Disposition: form-data; filename="a"'),
      /no name/,
    ],
    ["without Content-Disposition", formWith("Content-Type: text/plain"), /Content-Disposition/],
    ["that is an attachment", formWith('Content-Disposition: attachment; name="f"'), /form-data/],
    [
      "that names its file in pieces",
      formWith(`${DISPOSITION}; filename*0="a"; filename*1=".txt"`),
      /otherwise than/,
    ],
    ["that leaves a mark out", formWith(`${DISPOSITION} filename="a.txt"`), /otherwise than/],
    [
      "with two kinds of Content-Disposition",
      formWith(DISPOSITION, `${DISPOSITION}; filename="a"`),
      /different headers content-disposition/,
    ],
    [
      "of parts",
      formWith(DISPOSITION, "Content-Type: multipart/mixed; boundary=Y"),
      /parts of its own/,
    ],
    ["without headers", "--X\r\n\r\nc\r\n--X--", /header/],
    ["with a line that is no header", formWith(DISPOSITION, "no header"), /no header/],
    ["with a folded header", formWith("Content-Disposition: form-data;", ' name="f"'), /header/],
    ["with headers over 16 KiB", formWith(DISPOSITION, `A: ${"x".repeat(16_384)}`), /16384 bytes/],
    ["with headers that never end", `--X\r\nA: ${"x".repeat(100_000)}`, /16384 bytes/],
  ])("refuses a part %s", async (_, form, message) => {
    expect(await faultOf(form)).toEqual(fault(message));
  });

  it("takes headers of 16 KiB", async () => {
    const filler = `A: ${"x".repeat(16_384 - DISPOSITION.length - "\r\nA: ".length)}`;
    expect(await readText(formWith(DISPOSITION, filler))).toMatchObject([{ text: "c" }]);
  });

  it("refuses a part whose headers are not UTF-8", async () => {
    const form = Buffer.from(formWith(`${DISPOSITION}; filename="\xff"`), "latin1");
    const thrown = await read(cut(form, 64)).catch((cause: unknown) => cause);
    expect(thrown).toEqual(fault(/not UTF-8/));
  });
});

async function* toAsync(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

describe("readParts of a form that is cut off", () => {
  it("refuses it at every byte before its end", async () => {
    const form = `pre\r\n${formOf("a\r\n--")}`.slice(0, -2);
    const faults = await Promise.all(
      Array.from({ length: form.length }, (_, at) => faultOf(form.slice(0, at))),
    );
    expect(faults).toEqual(Array.from(form, () => fault(/ends before its closing boundary/)));
    expect(await readText(form)).toHaveLength(1);
  });

  it.each([
    ["line feeds alone", formOf("c").replaceAll("\r\n", "\n")],
    ["another boundary", formOf("c").replaceAll("--X", "--Y")],
    ["no dashes", formOf("c").replaceAll("--X", "X")],
    ["no boundary at its end", formOf("c").replace("--X--", "--X")],
    ["nothing", ""],
  ])("refuses one with %s", async (_, form) => {
    expect(await faultOf(form)).toEqual(
      fault(/ends before its closing boundary|first boundary does not stand/),
    );
  });

  it("passes on what breaks the source", async () => {
    const cause = new Error("the connection broke");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(formOf("c").slice(0, 55));
      throw cause;
    }
    await expect(read(broken())).rejects.toBe(cause);
  });
});
