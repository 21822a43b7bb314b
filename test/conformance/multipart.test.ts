import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { multipart, MULTIPART_TYPE, multipartFields, type Part } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

const unreadable = refusal(400, "body_unreadable", expect.stringMatching(/multipart/i));

describe("the fields of multipart/form-data", () => {
  it.each<[string, Part[], string]>([
    [
      "texts",
      [
        { name: "a", content: "1" },
        { name: "b", content: "" },
      ],
      '{"a":"1","b":""}',
    ],
    [
      "a repeated one, a list",
      [
        { name: "a", content: "1" },
        { name: "b", content: "x" },
        { name: "a", content: "2" },
      ],
      '{"a":["1","2"],"b":"x"}',
    ],
    ["UTF-8", [{ name: "ключ", content: "ü☕😀" }], '{"ключ":"ü☕😀"}'],
    [
      "line breaks and NUL",
      [{ name: "a", content: "x\r\n--y\r\n\0" }],
      '{"a":"x\\r\\n--y\\r\\n\\u0000"}',
    ],
    ["a type of its own", [{ name: "a", content: "1", type: "text/plain" }], '{"a":"1"}'],
    [
      "one named __proto__",
      [
        { name: "__proto__", content: "1" },
        { name: "constructor", content: "2" },
      ],
      '{"__proto__":"1","constructor":"2"}',
    ],
    [
      "an empty file input",
      [
        { name: "f", filename: "", content: "" },
        { name: "a", content: "1" },
      ],
      '{"a":"1"}',
    ],
    [
      "an empty file input with a type",
      [
        { name: "a", content: "1" },
        { name: "f", filename: "", content: "", type: "application/octet-stream" },
      ],
      '{"a":"1"}',
    ],
  ])("reach the agent as context: %s", async (_, parts, context) => {
    const body = multipart(parts);
    const answer = await pair.post({ query: "prompt=P", type: MULTIPART_TYPE, body });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ input: { text: "P" }, additional_context: context });
  });

  it("may arrive byte by byte", async () => {
    const whole = multipartFields({ prompt: "Grüße ☕", a: ["1", "2"] });
    const body = Array.from(whole, (byte) => Uint8Array.of(byte));
    const answer = await pair.post({ type: MULTIPART_TYPE, body });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({
      input: { text: "Grüße ☕" },
      additional_context: '{"a":["1","2"]}',
    });
  });

  it("may be compressed", async () => {
    const body = gzipSync(multipartFields({ prompt: "hi", a: "1" }));
    const headers = { "content-encoding": "gzip" };
    const answer = await pair.post({ type: MULTIPART_TYPE, headers, body });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ additional_context: '{"a":"1"}' });
  });

  it("may be a hundred, and one a MiB, by default", async () => {
    const fields = Array.from({ length: 99 }, (_, n) => [`f${n}`, String(n)] as const);
    const large = "x".repeat(1024 * 1024);
    const body = multipartFields({ prompt: large, ...Object.fromEntries(fields) });
    const answer = await pair.post({ type: MULTIPART_TYPE, body });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ input: { text: large } });
  });

  it("are the prompt where there is none", async () => {
    await pair.post({ type: MULTIPART_TYPE, body: multipartFields({ a: "1", user_id: "7" }) });
    expect(pair.lastTask()).toMatchObject({ input: { text: '{"a":"1"}', user: { id: "7" } } });
  });

  it("are none in a form that is empty", async () => {
    const answer = await pair.post({ type: MULTIPART_TYPE, body: multipart([]) });
    expect(answer.status).toBe(422);
    expect(answer.headers["x-error-code"]).toBe("parameters_invalid");
  });
});

const whole = multipartFields({ prompt: "hi" });

describe("multipart/form-data that cannot be read", () => {
  it.each([
    ["no boundary in the type", "multipart/form-data", whole],
    ["an empty boundary", "multipart/form-data; boundary=", whole],
    ["another boundary", "multipart/form-data; boundary=other", whole],
    ["no boundary in the body", MULTIPART_TYPE, Buffer.from("prompt=hi")],
    ["the last boundary cut off", MULTIPART_TYPE, whole.subarray(0, -6)],
    ["a part cut off", MULTIPART_TYPE, whole.subarray(0, -40)],
    ["headers cut off", MULTIPART_TYPE, whole.subarray(0, 60)],
    [
      "a part without a name",
      MULTIPART_TYPE,
      Buffer.from(whole.toString().replace('; name="prompt"', "")),
    ],
    [
      "a part without headers",
      MULTIPART_TYPE,
      Buffer.from(whole.toString().replace(/Content-.*\r\n/, "")),
    ],
  ])("is refused: %s", async (_, type, body) => {
    const answer = await pair.post({ query: "prompt=P", type, body });
    expect(refusalOf(answer)).toEqual(unreadable);
    expect(pair.platform.requests).toEqual([]);
  });

  it.each([
    ["a value", { name: "a", content: Uint8Array.of(0x61, 0xff) }],
    ["a value that stops in a character", { name: "a", content: Uint8Array.of(0xe2, 0x98) }],
  ])("is refused: %s that is not UTF-8", async (_, part) => {
    const body = multipart([part]);
    const answer = await pair.post({ query: "prompt=P", type: MULTIPART_TYPE, body });
    const detail = expect.stringContaining("the field a is not UTF-8");
    expect(refusalOf(answer)).toEqual(refusal(400, "body_unreadable", detail));
  });

  it("is refused: compressed, and cut off", async () => {
    const body = gzipSync(whole).subarray(0, -12);
    const headers = { "content-encoding": "gzip" };
    const answer = await pair.post({ type: MULTIPART_TYPE, headers, body });
    expect(answer.status).toBe(400);
    expect(answer.headers["x-error-code"]).toBe("body_unreadable");
  });
});
