import { describe, expect, it } from "vitest";
import { valueAt } from "./json-text.ts";
import { jsonWithin, readPath } from "./path.ts";

function at(json: string, path: string): string | undefined {
  const read = readPath(path);
  return read.ok ? valueAt(json, read.value) : `refused: ${read.refusal}`;
}

describe("readPath", () => {
  it.each([
    ["a", ["a"]],
    ["message.chat.id", ["message", "chat", "id"]],
    ["entry.0.changes.0.value", ["entry", "0", "changes", "0", "value"]],
    ["entry[0].changes[0].value", ["entry", "0", "changes", "0", "value"]],
    ['["a.b"].c', ["a.b", "c"]],
    ['a["b.c"][2]', ["a", "b.c", "2"]],
    ['["a\\"]"]', ['a"]']],
    ['[""]', [""]],
    ["naïve key.ключ", ["naïve key", "ключ"]],
  ])("reads %s", (text, path) => {
    expect(readPath(text)).toEqual({ ok: true, value: path });
  });

  it.each(["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a]b", 'a["b]', "a[0]b", "a.[0]"])(
    "refuses %j",
    (text) => {
      expect(readPath(text).ok).toBe(false);
    },
  );

  it("refuses a path past its limit, not at it", () => {
    expect(readPath("a".repeat(4_096)).ok).toBe(true);
    expect(readPath("a".repeat(4_097)).ok).toBe(false);
  });
});

describe("valueAt", () => {
  it.each([
    ['{"message":{"chat":{"id":12345678901234567890}}}', "message.chat.id", "12345678901234567890"],
    ['{"entry":[{"a":1},{"a":2}]}', "entry.1.a", "2"],
    ['{"entry":[{"a":1},{"a":2}]}', "entry[1].a", "2"],
    ['{"a":{"0":"zero"}}', "a.0", '"zero"'],
    ['{"a.b":1}', '["a.b"]', "1"],
    [String.raw`{"\n":1,"\\n":2}`, String.raw`["\\n"]`, "2"],
    [String.raw`{"\u0061":1}`, "a", "1"],
    ['{"a":null}', "a", "null"],
    ['{"constructor":{"__proto__":5}}', "constructor.__proto__", "5"],
    ['{"a":{"b":1},"a":{"b":2},"c":{"b":3}}', "a.b", "2"],
    ['[[],{},[{"a":"]"},{"a":[1,[2,{"b":3}]]}]]', "2.1.a[1].1.b", "3"],
  ])("in %s at %s is %s", (json, path, value) => {
    expect(at(json, path)).toBe(value);
  });

  it.each([
    ["{}", "__proto__"],
    ["{}", "constructor"],
    ["{}", "toString.length"],
    ['{"a":"text"}', "a.length"],
    ['{"a":"text"}', "a.0"],
    ['{"a":[1]}', "a.length"],
    ['{"a":[1]}', "a.01"],
    ['{"a":[1]}', "a.1"],
    ['{"a":1}', "a.b"],
    ['{"a":null}', "a.b"],
    ['{"a":{"b":1},"a":{}}', "a.b"],
    ["[]", "0"],
  ])("in %s at %s is nothing", (json, path) => {
    expect(at(json, path)).toBeUndefined();
  });
});

describe("jsonWithin", () => {
  it.each([
    ['{"a": 1}', '{"a":1}'],
    [" [1]\n", "[1]"],
    ['```json\n{"a":1}\n```', '{"a":1}'],
    ["```\n7\n```\n", "7"],
    ["~~~~ JSON\n[]\n~~~~", "[]"],
    ["true", "true"],
  ])("finds the JSON of %j", (text, json) => {
    expect(jsonWithin(text)).toBe(json);
  });

  it.each(["", "hello", 'Here it is: {"a":1}', "```json\n{\n```", "```json\n{}\n``"])(
    "finds none in %j",
    (text) => {
      expect(jsonWithin(text)).toBeUndefined();
    },
  );
});

describe("jsonWithin of what a machine has written", () => {
  it.each(["`", "~", "```json\n", "```\n`", "~~~\n"])(
    "is found, or not, in one pass over a megabyte of %j",
    (piece) => {
      const startedAt = performance.now();
      expect(jsonWithin(piece.repeat(1_000_000 / piece.length))).toBeUndefined();
      // It took 8 s where each mark was tried as the last of the fence.
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    },
  );

  it.each([
    ["```json\n{}\n`````", "{}"],
    ["~~~~\n[1]\n~~~~", "[1]"],
    ["````\n[1]\n```", undefined],
    ["```\n[1]\n~~~", undefined],
    ["```", undefined],
    ["```\n```", undefined],
    ["``\n[1]\n``", undefined],
  ])("reads the fence of %j", (text, json) => {
    expect(jsonWithin(text)).toBe(json);
  });
});
