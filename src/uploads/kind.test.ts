import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compoundFile,
  docx,
  EVERY_KIND,
  made,
  xlsx,
  zip,
  zipHeaded,
} from "../../test/support/files.ts";
import { extensionOfType, isAcceptedName, kindOfFile } from "./kind.ts";

const none = new Uint8Array();

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function accepted(name: string, type: string) {
  return { ok: true, value: { name, type } };
}

function refused(problem: string) {
  return { ok: false, refusal: { reason: "file_unsupported", problem } };
}

const EXE = Uint8Array.from([0x4d, 0x5a, 0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0, 0]);

describe("kindOfFile by name and bytes", () => {
  it.each(EVERY_KIND)("takes $name as $type", async ({ name, type, bytes: head }) => {
    expect(await kindOfFile(name, head, "application/x-whatever")).toEqual(accepted(name, type));
    expect(await kindOfFile(name.toUpperCase(), head, "")).toEqual(
      accepted(name.toUpperCase(), type),
    );
  });

  it.each(EVERY_KIND)("takes $name without a byte", async ({ name, type }) => {
    expect(await kindOfFile(name, none, "")).toEqual(accepted(name, type));
  });

  it.each([
    ["a.jpg", "a.jpeg", "image/jpeg"],
    ["a.htm", "a.html", "text/html"],
    ["a.markdown", "a.md", "text/markdown"],
  ])("takes %s as well", async (name, file, type) => {
    expect(await kindOfFile(name, made(file).bytes, "")).toEqual(accepted(name, type));
  });

  it.each([
    ["a DOCX", docx("Hello")],
    ["an empty ZIP", zip({})],
    ["bytes that only begin as one", zipHeaded(new Uint8Array(100_000).fill(0xa5))],
  ])("takes %s for a ZIP where it is named one", async (_, head) => {
    expect(await kindOfFile("a.zip", head, "")).toEqual(accepted("a.zip", "application/zip"));
  });

  it("does not need the whole of a large file", async () => {
    const large = docx("x".repeat(3_000_000)).subarray(0, 1024 * 1024);
    expect(await kindOfFile("a.docx", large, "")).toMatchObject({ ok: true });
    const zipped = zip({ "a.bin": new Uint8Array(2_000_000) }).subarray(0, 1024 * 1024);
    expect(await kindOfFile("a.zip", zipped, "")).toMatchObject({ ok: true });
  });

  it.each<[string, string, Uint8Array, string]>([
    ["an .exe", "a.pdf", EXE, "exe"],
    ["a text", "a.pdf", bytes("%PD is not enough"), "text"],
    ["a plain ZIP", "a.docx", zip({ "a.txt": "x" }), "zip"],
    ["a DOCX", "a.xlsx", docx("Hello"), "docx"],
    ["an XLSX", "a.docx", xlsx(), "xlsx"],
    ["a PNG", "a.jpg", made("a.png").bytes, "png"],
    ["a PNG", "a.txt", made("a.png").bytes, "png"],
    ["old Office", "a.docx", compoundFile(), "cfb"],
    ["a DOCX", "a.doc", docx("Hello"), "docx"],
    ["a PDF", "a.zip", made("a.pdf").bytes, "pdf"],
    ["an .exe", "a.txt", EXE, "exe"],
    ["a NUL", "a.txt", bytes("a\0b"), "data"],
    ["a NUL", "a.csv", bytes("a,\0"), "data"],
    ["HTML", "a.png", made("a.html").bytes, "text"],
  ])("refuses %s that is named %s", async (_, name, head, shown) => {
    const problem = `The file ${name} is not what its name says: its bytes show ${shown}`;
    expect(await kindOfFile(name, head, "application/pdf")).toEqual(refused(problem));
  });
});

describe("isAcceptedName", () => {
  it.each([...EVERY_KIND.map(({ name }) => name), "A.PDF", "blob", "a.b.zip", "pdf"])(
    "takes %s",
    (name) => {
      expect(isAcceptedName(name)).toBe(true);
    },
  );

  it.each(["v1.2 notes", "Report v1.2", "Dr. Who", "2026.11.23"])(
    "takes %s, which has no extension",
    (name) => {
      expect(isAcceptedName(name)).toBe(true);
    },
  );

  it.each(["a.exe", "a.js", "a.tar.gz", "a.mp4", "a.bin", "a.pdf.exe", "a.docm", "a.7z"])(
    "refuses %s",
    (name) => {
      expect(isAcceptedName(name)).toBe(false);
    },
  );
});

describe("extensionOfType", () => {
  it.each(EVERY_KIND)("knows $type", ({ name, type }) => {
    const extension = extensionOfType(`${type.toUpperCase()} ; charset=utf-8`);
    expect(extension?.replace("jpg", "jpeg")).toBe(name.replace("a.", ""));
  });

  it.each(["", "application/octet-stream", "application/x-msdownload", "video/mp4", "pdf"])(
    "is told nothing by %s",
    (type) => {
      expect(extensionOfType(type)).toBeUndefined();
    },
  );
});

describe("kindOfFile by the bytes alone", () => {
  const BY_BYTES = EVERY_KIND.filter(
    ({ name }) => !/\.(?:docx?|xls|ppt|md|csv|json|html|svg)$/.test(name) || name === "a.docx",
  );

  it.each(BY_BYTES)("gives its extension to what is $name", async ({ name, type, bytes: head }) => {
    const extension = name.replace("a.", "").replace("jpeg", "jpg");
    expect(await kindOfFile("blob", head, "")).toEqual(accepted(`blob.${extension}`, type));
  });

  it.each(["a.doc", "a.xls", "a.ppt", "a.md", "a.csv", "a.json", "a.html", "a.svg"])(
    "lets its sender say that it is %s",
    async (name) => {
      const { type, bytes: head } = made(name);
      const kind = await kindOfFile("blob", head, `${type.toUpperCase()}; charset=utf-8`);
      expect(kind).toEqual(accepted(name.replace("a.", "blob."), type));
    },
  );

  it.each([
    ["says nothing", ""],
    ["says another", "application/pdf"],
    ["says one that is not accepted", "application/javascript"],
  ])("calls a text a text where its sender %s", async (_, declared) => {
    expect(await kindOfFile("notes", bytes("Hello"), declared)).toEqual(
      accepted("notes.txt", "text/plain"),
    );
  });

  it.each([
    ["an .exe", EXE, "exe"],
    ["old Office of no known kind", compoundFile(), "cfb"],
    ["bytes that show nothing", Uint8Array.of(1, 0, 2, 0xff), "data"],
  ])("refuses %s", async (_, head, shown) => {
    const problem = `The file blob has no extension, and its bytes show ${shown}`;
    expect(await kindOfFile("blob", head, "application/octet-stream")).toEqual(refused(problem));
  });
});

const utf16le = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, "utf16le");
const utf16be = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, "utf16le").swap16();

describe("a text", () => {
  it.each<[string, string, Uint8Array]>([
    ["in Latin-1", "a.csv", Buffer.from("Käufer;Straße\n", "latin1")],
    ["in UTF-16, little end first", "a.csv", utf16le("name,age\nx,1\n")],
    ["in UTF-16, big end first", "a.txt", utf16be("Grüße")],
    ["with a byte order mark", "a.csv", bytes("\ufeffa,b\n")],
    ["with a declaration of XML", "a.html", bytes('<?xml version="1.0"?><html/>')],
    ["that is XML in UTF-16", "a.xml", utf16le('<?xml version="1.0"?><a/>')],
    ["of one character", "a.txt", bytes("x")],
    ["of one line break", "a.md", bytes("\n")],
    ["that begins with BM", "a.csv", bytes("BMI,age\n23,41\n")],
    ["that begins with MZ", "a.txt", bytes("MZ is what an .exe begins with")],
    ["that begins with I'm free", "a.txt", bytes("I'm free on Monday")],
    ["with free in its first words", "a.md", bytes("The freezer is broken")],
    ["with wide in its first words", "a.txt", bytes("The wide river")],
    ["that begins with solid", "a.md", bytes("solid evidence was found\n")],
    ["that begins with GIF", "a.txt", bytes("GIF animations are large")],
    ["that begins with ID3", "a.csv", bytes("ID3,name\n1,x\n")],
    ["that begins with a number", "a.csv", bytes("070707,1\n")],
    ["that is a calendar", "a.txt", bytes("BEGIN:VCALENDAR\nEND:VCALENDAR\n")],
    ["that is a mail's key", "a.txt", bytes("-----BEGIN PGP MESSAGE-----\n\n")],
  ])("is one, %s: %s", async (_, name, head) => {
    expect(await kindOfFile(name, head, "")).toMatchObject({ ok: true, value: { name } });
  });
});

describe("whatever the bytes are", () => {
  it("there is an answer", async () => {
    const heads = EVERY_KIND.map(({ bytes: head }) => head.subarray(0, 64));
    const anyHead = fc
      .tuple(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 400 }), fc.nat(64))
      .map(([head, more, at]) => Buffer.concat([head.subarray(0, at), more]));
    const names = fc.constantFrom("blob", "a.zip", "a.docx", "a.pdf", "a.txt", "a.m4a", "a.webm");
    await fc.assert(
      fc.asyncProperty(names, anyHead, async (name, head) => {
        const kind = await kindOfFile(name, head, "");
        expect(kind.ok || kind.refusal.reason === "file_unsupported").toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
