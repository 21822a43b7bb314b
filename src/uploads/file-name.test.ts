import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extensionOf, safeFileName } from "./file-name.ts";

function bytesOf(name: string): number {
  return new TextEncoder().encode(name).length;
}

describe("safeFileName", () => {
  it.each([
    ["an ordinary one", "Report 2026 (final).pdf", "Report 2026 (final).pdf"],
    ["letters of any script", "отчёт 報告 تقرير.docx", "отчёт 報告 تقرير.docx"],
    ["emoji, joined ones too", "👩‍👩‍👧 ☕.png", "👩‍👩‍👧 ☕.png"],
    ["more than one dot", "archive.2026.tar.zip", "archive.2026.tar.zip"],
    ["what only looks escaped", "a%22b%0D%0A.txt", "a%22b%0D%0A.txt"],
    ["marks that an address must escape", "100% #1 & 'a'+b;c=d,e.txt", "100% #1 & 'a'+b;c=d,e.txt"],
  ])("leaves as it is: %s", (_, name) => {
    expect(safeFileName(name)).toBe(name);
  });

  it.each([
    ["a way up", "../../etc/passwd", "passwd"],
    ["a way up on Windows", "..\\x", "x"],
    ["a way up of both kinds", "..\\../..\\evil.txt", "evil.txt"],
    ["a drive", "C:\\fakepath\\photo.jpg", "photo.jpg"],
    ["an absolute path", "/etc/cron.d/job.txt", "job.txt"],
    ["a stream of NTFS", "a.txt:evil.exe", "a.txt_evil.exe"],
    ["a line break and a header", "a\r\nSet-Cookie: x", "aSet-Cookie_ x"],
    ["NUL and other controls", "a\0b\u0007c\u007f\u0085.txt", "abc.txt"],
    ["a device of Windows", "con.txt", "_con.txt"],
    ["a device in capitals, with no extension", "LPT1", "_LPT1"],
    ["a device behind a mark that nobody sees", "c\u200eon.txt", "_con.txt"],
    ["marks that Windows forbids", 'a<b>c:d"e|f?g*h.txt', "a_b_c_d_e_f_g_h.txt"],
    ["marks that turn the direction", "photo\u202egpj.txt", "photogpj.txt"],
    ["isolates and a byte order mark", "\ufeffa\u2066b\u2069\u200f.txt", "ab.txt"],
    ["a decomposed letter", "u\u0308bung.txt", "übung.txt"],
    ["half a character", "a\ud83d.txt", "a\ufffd.txt"],
    ["dots and spaces around it", " ..a.txt. . ", "a.txt"],
    ["only an extension", ".pdf", "pdf"],
  ])("makes harmless: %s", (_, name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  it.each([
    ["nothing", ""],
    ["one dot", "."],
    ["only dots", "....."],
    ["a way up alone", "../.."],
    ["a folder", "folder/"],
    ["spaces", " \t\u00a0"],
    ["what nobody sees", "\u202e\u200f\0"],
  ])("is file where nothing is left of %s", (_, name) => {
    expect(safeFileName(name)).toBe("file");
  });

  it.each([
    ["200 bytes", `${"x".repeat(196)}.pdf`, `${"x".repeat(196)}.pdf`],
    ["201 bytes", `${"x".repeat(197)}.pdf`, `${"x".repeat(196)}.pdf`],
    ["5,000 characters", `${"n".repeat(5_000)}.docx`, `${"n".repeat(195)}.docx`],
    ["5,000 without an extension", "n".repeat(5_000), "n".repeat(200)],
    ["an extension that is none", `a.${"n".repeat(5_000)}`, `a.${"n".repeat(198)}`],
    ["characters of three bytes", `${"報".repeat(100)}.txt`, `${"報".repeat(65)}.txt`],
    ["characters of four bytes", `${"😀".repeat(100)}.txt`, `${"😀".repeat(49)}.txt`],
  ])("has 200 bytes at most, with its extension: %s", (_, name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  it("is harmless whatever the name was", () => {
    const anyName = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.array(fc.constantFrom("..", "/", "\\", ".", " ", "con", "\0", "\u202e", "%", "x"), {
        maxLength: 40,
      }),
    );
    fc.assert(
      fc.property(anyName, (made) => {
        const safe = safeFileName([made].flat().join(""));
        expect(safe).not.toMatch(/[\p{Cc}\p{Cs}/\\<>:"|?*\u202a-\u202e\u2066-\u2069]/u);
        expect(safe).not.toMatch(/^\.|^$|^(?:con|nul|prn|aux)(?:\.|$)/i);
        expect(safe).toBe(safe.normalize("NFC"));
        expect(bytesOf(safe)).toBeLessThanOrEqual(200);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["dots", "."],
    ["spaces", " "],
  ])("costs little for a long name of %s", (_, filler) => {
    const startedAt = performance.now();
    safeFileName(`a${filler.repeat(60_000)}x`);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });
});

describe("extensionOf", () => {
  it.each([
    ["a.pdf", "pdf"],
    ["A.PDF", "pdf"],
    ["a.tar.gz", "gz"],
    ["a", ""],
    [".pdf", ""],
    ["a.", ""],
    ["", ""],
  ])("of %s is %s", (name, extension) => {
    expect(extensionOf(name)).toBe(extension);
  });
});
