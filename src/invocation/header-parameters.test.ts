import { describe, expect, it } from "vitest";
import { fileNameOf, headerParameters } from "./header-parameters.ts";

function parametersOf(header: string): [string, string][] {
  return [...headerParameters(header)];
}

describe("headerParameters", () => {
  it.each<[string, string, [string, string][]]>([
    ["none", "form-data", []],
    ["none behind a semicolon", "form-data; ", []],
    ["a token", "form-data; name=a", [["name", "a"]]],
    ["a quoted text", 'form-data; name="a b"', [["name", "a b"]]],
    ["an empty quoted text", 'form-data; name=""', [["name", ""]]],
    ["a name in any case", "form-data; NAME=a", [["name", "a"]]],
    [
      "white space around",
      'form-data ;\tname = "a" ; x=y',
      [
        ["name", "a"],
        ["x", "y"],
      ],
    ],
    [
      "no white space",
      'form-data;name="a";x=y',
      [
        ["name", "a"],
        ["x", "y"],
      ],
    ],
    ["the first of two", "form-data; name=a; name=b", [["name", "a"]]],
    [
      "a semicolon within quotes",
      'x; name="a; filename=b"; y=z',
      [
        ["name", "a; filename=b"],
        ["y", "z"],
      ],
    ],
    ["an escaped quote", String.raw`x; name="a\"; filename=b"`, [["name", 'a"; filename=b']]],
    [
      "an escaped backslash",
      String.raw`x; name="a\\"; y=z`,
      [
        ["name", "a\\"],
        ["y", "z"],
      ],
    ],
    [
      "a path of Windows",
      String.raw`x; filename="C:\new\file.txt"`,
      [["filename", String.raw`C:\new\file.txt`]],
    ],
    ["an equals sign in the value", "x; a=b=c", [["a", "b=c"]]],
    ["a line separator", 'x; name="a\u2028b"', [["name", "a\u2028b"]]],
    ["raw UTF-8", 'x; filename="grüße ☕.txt"', [["filename", "grüße ☕.txt"]]],
    [
      "a name of an object's own",
      "x; __proto__=a; constructor=b",
      [
        ["__proto__", "a"],
        ["constructor", "b"],
      ],
    ],
  ])("reads %s", (_, header, parameters) => {
    expect(parametersOf(header)).toEqual(parameters);
  });

  it("reads nothing that only stands in the first word", () => {
    expect(headerParameters("name=a").get("name")).toBeUndefined();
  });

  it("takes a quote that never ends for a part of the value", () => {
    expect(headerParameters('form-data; name="a').get("name")).toBe('"a');
  });

  it.each(["; ", ';a="', String.raw`;a="\"`, ";a=", "a".repeat(100), ' ;\t= "'])(
    "costs little for 16 KiB of %s",
    (brick) => {
      const startedAt = performance.now();
      headerParameters(`form-data${brick.repeat(16_384 / brick.length)}`);
      expect(performance.now() - startedAt).toBeLessThan(100);
    },
  );
});

describe("fileNameOf", () => {
  it.each<[string, string, string]>([
    ["the plain name", 'attachment; filename="a b.pdf"', "a b.pdf"],
    ["an empty one", 'attachment; filename=""', ""],
    ["the extended name", "attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.pdf", "grüße.pdf"],
    ["the extended name first", "attachment; filename=a.pdf; filename*=utf-8''b.pdf", "b.pdf"],
    ["the extended name first, in any order", "x; filename*=UTF-8''b.pdf; filename=a.pdf", "b.pdf"],
    [
      "an extended name with a language",
      "x; filename*=UTF-8'en'%e2%82%ac%20rates.pdf",
      "€ rates.pdf",
    ],
    ["an extended name in quotes", `x; filename*="UTF-8''b%20c.pdf"`, "b c.pdf"],
    ["an extended name in Latin-1", "x; filename*=ISO-8859-1''%a3%20rates.pdf", "£ rates.pdf"],
    ["quotes in the extended name", "x; filename*=UTF-8''it's.pdf", "it's.pdf"],
    ["a malformed escape's plain name", "x; filename*=UTF-8''%E4.pdf; filename=a.pdf", "a.pdf"],
    ["an unknown charset's plain name", "x; filename*=UTF-16''b; filename=a.pdf", "a.pdf"],
    ["a plain name where the other has no quotes", "x; filename*=b.pdf; filename=a.pdf", "a.pdf"],
  ])("is %s", (_, header, name) => {
    expect(fileNameOf(headerParameters(header))).toBe(name);
  });

  it.each(["attachment", "form-data; name=a", "x; filename*=UTF-8''%E4.pdf", "x; filename*=b.pdf"])(
    "is none in %s",
    (header) => {
      expect(fileNameOf(headerParameters(header))).toBeUndefined();
    },
  );
});
