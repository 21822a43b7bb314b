import { describe, expect, it } from "vitest";
import { decodeUtf8, readFields } from "./fields.ts";
import { objectText } from "./json-text.ts";

type Kind = Parameters<typeof readFields>[0];

function fields(kind: Kind, text: string, hasPrompt = false): unknown {
  const read = readFields(kind, text, { hasPrompt, maxFields: 5 });
  return read.ok ? Object.fromEntries(read.value.fields) : read.refusal;
}

describe("decodeUtf8", () => {
  it("drops a byte order mark", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toEqual({ ok: true, value: "a" });
  });

  it.each([
    [[0x61, 0xff, 0x61], 1],
    [[0xff], 0],
    [[0x61, 0x62, 0xc3], 2],
    [[0xed, 0xa0, 0x80], 1],
  ])("names the first bad byte of %j", (bytes, offset) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toEqual({
      ok: false,
      refusal: {
        reason: "body_unreadable",
        problem: `The body is not UTF-8: byte ${offset} is not valid`,
      },
    });
  });
});

describe("a JSON body's text", () => {
  it.each([
    ['{"a":1,"b":{"c":"x"}}', true],
    [' { "a" : "\\u0041\\/" , "\\u00e9" : [ 1 , 2 ] } ', true],
    ['{"a\\"\\n\\ud800":1}', true],
    ["{}", true],
    ['{"a":1,"a":2}', false],
    ['{"\ud800":1}', false],
  ])("is what its fields are written as, or none: %j", (text, isThere) => {
    const read = readFields("json", text, { hasPrompt: true, maxFields: 5 });
    if (!read.ok) throw new Error("it can be read");
    const { fields: members, text: whole } = read.value;
    expect(whole).toBe(isThere ? objectText(members) : undefined);
  });
});

describe("readFields", () => {
  it.each<[string, Kind, string, Record<string, string>]>([
    ["a JSON object's members", "json", '{ "a": 1.0 }', { a: "1.0" }],
    ["a JSON array whole", "json", "[1, 2]", { body: "[1,2]" }],
    ["a bare JSON value whole", "json", "7", { body: "7" }],
    ["a form's fields", "form", "a=1&b=x+y%21", { a: '"1"', b: '"x y!"' }],
    ["a repeated field as a list", "form", "a=1&a=2", { a: '["1","2"]' }],
    ["a form whose % is no escape", "form", "a=100%&b=%zz", { a: '"100%"', b: '"%zz"' }],
    ["JSON under a form's type", "form", ' {"a":"b&c=d"}', { a: '"b&c=d"' }],
    ["broken JSON under a form's type as a form", "form", '{"a":', { '{"a":': '""' }],
    ["a payload as the body", "form", 'payload={"a":1}&b=2&a=3', { a: "1", b: '"2"' }],
    ["a payload's null", "form", 'payload={"a":null,"b":""}&a=3&b=4', { a: "null", b: '""' }],
    ["U+FFFD as it was escaped", "form", "a=%EF%BF%BD&b=%c3%a9", { a: '"\ufffd"', b: '"é"' }],
    ["a payload that is no object as a field", "form", "payload=[1]", { payload: '"[1]"' }],
    ["two payloads as a list", "form", "payload={}&payload={}", { payload: '["{}","{}"]' }],
    ["plain text as the prompt", "text", "Hello", { prompt: '"Hello"' }],
    ["plain text that is a JSON object", "text", '{"a":1}', { a: "1" }],
    ["plain text that is a JSON array as text", "text", "[1]", { prompt: '"[1]"' }],
    ["broken JSON in plain text as text", "text", "{a}", { prompt: '"{a}"' }],
    ["XML whole", "verbatim", "<a/>", { body: '"<a/>"' }],
    ["an empty body as none", "json", "", {}],
  ])("reads %s", (_, kind, text, expected) => {
    expect(fields(kind, text)).toEqual(expected);
  });

  it("keeps plain text as context if the query has the prompt", () => {
    expect(fields("text", "Hello", true)).toEqual({ body: '"Hello"' });
  });

  it("says where JSON breaks", () => {
    expect(fields("json", '{"a":1,\n"b" 2}')).toEqual({
      reason: "body_unreadable",
      problem: "The body is not valid JSON at line 2, column 5: expected ':'",
    });
  });

  it.each<[Kind, string]>([
    ["json", ""],
    ["form", ""],
    ["text", ""],
    ["form", "payload="],
  ])("refuses %s nested 1,001 levels deep %s", (kind, before) => {
    const text = `${before}${'{"a":'.repeat(1_001)}1${"}".repeat(1_001)}`;
    expect(fields(kind, text)).toMatchObject({ reason: "body_too_deep", levels: 1_000 });
  });

  it("takes as many fields of a form as it is told, and not one more", () => {
    expect(fields("form", "a=1&b&c&d&e")).toHaveProperty("e");
    expect(fields("form", "a=1&b&c&d&e&f")).toMatchObject({ reason: "limit_exceeded" });
  });

  it("refuses a form that is not UTF-8, and takes a replacement character", () => {
    expect(fields("form", "a=%ff")).toMatchObject({ reason: "body_unreadable" });
    expect(fields("form", "a=%EF%BF%BD")).toEqual({ a: '"\uFFFD"' });
  });
});

function isJson(form: string): boolean {
  const read = readFields("form", form, { hasPrompt: true, maxFields: 5 });
  return read.ok && read.value.isJson;
}

describe("a form", () => {
  it.each([
    ["a=caf%E9", "a"],
    ["a=%EF%BF%BD&b=caf%E9&c=1", "b"],
    ["a=\ufffd&%E9=1", "\ufffd"],
    ["a=1&b=100%&c=%ff", "c"],
  ])("that is not UTF-8 is refused by its field: %j", (text, name) => {
    expect(fields("form", text)).toEqual({
      reason: "body_unreadable",
      problem: `The form is not UTF-8 in the field "${name}"`,
    });
  });

  it("gives files by address in its payload alone", () => {
    expect(isJson('payload={"files":["https://a.test/b"]}')).toBe(true);
    expect(isJson('payload={"files":null}&files=https://a.test/b&files=https://a.test/c')).toBe(
      true,
    );
    expect(isJson('payload={"a":1}&files=https://a.test/b&files=https://a.test/c')).toBe(false);
  });
});
