import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sendRaw } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

/** What the agent gets of a body: its prompt, and the context beside it. */
async function reaching(delivery: Parameters<Pair["post"]>[0]) {
  const answer = await pair.post(delivery);
  expect(answer.status).toBe(200);
  const { input, additional_context } = pair.lastTask() as {
    input: { text: string };
    additional_context?: string;
  };
  return [input.text, additional_context];
}

/** What the context is where there is a prompt in the query. */
async function contextOf(type: string | undefined, body: string | Uint8Array): Promise<unknown> {
  const typed = type === undefined ? {} : { type };
  return (await reaching({ query: "prompt=P", ...typed, body }))[1];
}

describe("the context", () => {
  it.each([
    [JSON_TYPE, ' { "a" : 1.50 , "b" : [ true , null ] } ', '{"a":1.50,"b":[true,null]}'],
    ["application/vnd.api+json", '{"a":{}}', '{"a":{}}'],
    ["APPLICATION/JSON;v=1", '{"a":""}', '{"a":""}'],
    [JSON_TYPE, "[1, 2.0]", '{"body":[1,2.0]}'],
    [JSON_TYPE, '"text"', '{"body":"text"}'],
    [JSON_TYPE, "12345678901234567890", '{"body":12345678901234567890}'],
    [JSON_TYPE, "false", '{"body":false}'],
    [FORM, "a=1&b=+x%20y&c", '{"a":"1","b":" x y","c":""}'],
    [FORM, "a=1&b=2&a=3", '{"a":["1","3"],"b":"2"}'],
    [FORM, ' {"a": 1}', '{"a":1}'],
    [FORM, '{"a": 1', '{"{\\"a\\": 1":""}'],
    [FORM, "[1]", '{"[1]":""}'],
    [FORM, "a=%00%F0%9F%98%80", '{"a":"\\u0000😀"}'],
    [FORM, "payload=%7B%22a%22%3A1.0%7D", '{"a":1.0}'],
    [FORM, "b=2&payload=%7B%22a%22%3A1%7D&a=3", '{"a":1,"b":"2"}'],
    [FORM, "payload=%5B1%5D", '{"payload":"[1]"}'],
    [FORM, "payload=%7B1", '{"payload":"{1"}'],
    [FORM, "payload=%7B%7D&payload=%7B%7D", '{"payload":["{}","{}"]}'],
    [undefined, '{"a":1}', '{"a":1}'],
    [undefined, "words", '{"body":"words"}'],
    ["text/plain", '\r\n{"a":1}\t', '{"a":1}'],
    ["text/plain; charset=UTF-8", "[1]", '{"body":"[1]"}'],
    ["text/plain", '{"a":', '{"body":"{\\"a\\":"}'],
    ["text/html", '{"a":1}', '{"body":"{\\"a\\":1}"}'],
    ["text/csv", "a,b\r\n1,2", '{"body":"a,b\\r\\n1,2"}'],
    ["application/xml", "<a>ü</a>", '{"body":"<a>ü</a>"}'],
    ["text/xml", "<a/>", '{"body":"<a/>"}'],
    ["application/soap+xml; charset=utf-8", "<a/>", '{"body":"<a/>"}'],
  ])("of %s: %s", async (type, body, context) => {
    expect(await contextOf(type, body)).toBe(context);
  });

  it.each([
    ["a key named __proto__", '{"__proto__":{"x":1},"constructor":2,"toString":null}'],
    ["a doubled key inside", '{"a":{"b":1,"b":2}}'],
    ["keys in their order, numbers among them", '{"b":1,"2":2,"a":3,"1":4}'],
    ["half a character", '{"a":"\\ud83d","\\ude00":1}'],
    ["NUL and other control characters", '{"a\\u0000":"\\u0000\\u001f\\b\\f\\n\\r\\t"}'],
    ["numbers past every limit", '{"a":[1e400,-0,0.1000,1E-7,123456789012345678901234567890]}'],
    ["an empty key", '{"":1}'],
    ["quotes and backslashes", '{"a\\\\":"\\"\\\\"}'],
    ["line separators", '{"a":"\u2028\u2029\u007f"}'],
  ])("keeps %s as it was written", async (_, body) => {
    expect(await contextOf(JSON_TYPE, body)).toBe(body);
  });

  it("takes the last of a doubled key at the top level", async () => {
    const delivery = { type: JSON_TYPE, body: '{"a":1,"prompt":"x","a":2,"prompt":"y"}' };
    expect(await reaching(delivery)).toEqual(["y", '{"a":2}']);
  });
});

describe("without a prompt", () => {
  it.each([
    ["the context is the prompt", JSON_TYPE, '{ "a": 1.0, "user_id": 7 }', '{"a":1.0}'],
    ["a form's fields are", FORM, "a=1", '{"a":"1"}'],
    ["a list alone is", JSON_TYPE, '[ {"a":1} ]', '[{"a":1}]'],
    ["a text alone is, bare", JSON_TYPE, '"words"', "words"],
    ["a number alone is", JSON_TYPE, "7", "7"],
    ["XML is, bare", "application/xml", "<a>1</a>", "<a>1</a>"],
    ["plain text is", "text/plain", " words\n", " words\n"],
    ["text without a type is", undefined, "words", "words"],
    ["a field named body alone is", JSON_TYPE, '{"body":{"a":1},"prompt":null}', '{"a":1}'],
    ["null alone is", JSON_TYPE, "null", "null"],
  ])("%s", async (_, type, body, prompt) => {
    const typed = type === undefined ? {} : { type };
    expect(await reaching({ ...typed, body })).toEqual([prompt, undefined]);
  });
});

describe("UTF-8", () => {
  it.each([
    [JSON_TYPE, '{"a":1}', '{"a":1}'],
    [FORM, "a=1", '{"a":"1"}'],
    ["text/plain", "words", '{"body":"words"}'],
    ["application/xml", "<a/>", '{"body":"<a/>"}'],
  ])("drops the byte order mark of %s", async (type, body, context) => {
    expect(await contextOf(type, `\uFEFF${body}`)).toBe(context);
  });

  it.each(["utf-8", "UTF-8", "utf8", '"utf-8"'])("may be said as charset=%s", async (charset) => {
    expect(await contextOf(`${JSON_TYPE};charset=${charset}`, '{"a":"ü"}')).toBe('{"a":"ü"}');
  });
});

const nested = (levels: number): string =>
  `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
const asPayload = (json: string): string => new URLSearchParams({ payload: json }).toString();

describe("a body of 1,000 levels", () => {
  it.each([
    ["JSON", JSON_TYPE, nested(1_000), nested(1_000)],
    ["lists", JSON_TYPE, "[".repeat(1_000) + "]".repeat(1_000), undefined],
    ["JSON under a form's type", FORM, nested(1_000), nested(1_000)],
    ["a payload", FORM, asPayload(nested(1_000)), nested(1_000)],
    ["plain text", "text/plain", nested(1_000), nested(1_000)],
  ])("is taken: %s", async (_, type, body, context) => {
    expect(await contextOf(type, body)).toBe(context ?? `{"body":${body}}`);
  });

  it.each([1_001, 100_000])("is not one of %i", async (levels) => {
    const lists = "[".repeat(levels) + "]".repeat(levels);
    const answers = [
      await pair.post({ type: JSON_TYPE, body: nested(levels) }),
      await pair.post({ type: JSON_TYPE, body: lists }),
      await pair.post({ type: JSON_TYPE, body: "[".repeat(levels) }),
      await pair.post({ type: FORM, body: nested(levels) }),
      await pair.post({ type: FORM, body: asPayload(nested(levels)) }),
      await pair.post({ type: "text/plain", body: nested(levels) }),
    ];
    const detail = expect.stringMatching(
      /nested more than 1000 levels deep at line 1, column \d+$/,
    );
    const expected = refusal(400, "body_too_deep", detail);
    expect(answers.map(refusalOf)).toEqual(answers.map(() => expected));
    expect(pair.platform.requests).toEqual([]);
  });

  it("does not bind what is only text", async () => {
    const body = "[".repeat(100_000);
    expect(await reaching({ type: "text/plain", body })).toEqual([body, undefined]);
  });

  it("binds user_tokens in the query", async () => {
    const answer = await pair.post({ query: `user_tokens=${nested(1_001)}`, body: "hi" });
    expect(answer.status).toBe(422);
  });
});

describe("Content-Encoding", () => {
  const zipped = gzipSync('{"a":"ü"}');

  it.each([
    ["gzip", zipped],
    ["x-gzip", zipped],
    ["GZIP", zipped],
    ["identity", Buffer.from('{"a":"ü"}')],
    ["gzip", Buffer.concat([gzipSync('{"a":'), gzipSync('"ü"}')])],
  ])("%s is undone", async (encoding, body) => {
    const headers = { "content-encoding": encoding };
    const answer = await pair.post({ query: "prompt=P", type: JSON_TYPE, headers, body });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ additional_context: '{"a":"ü"}' });
  });

  it.each([
    ["cut off", zipped.subarray(0, -9)],
    ["without its length at the end", zipped.subarray(0, -4)],
    [
      "with a wrong checksum",
      Buffer.concat([zipped.subarray(0, -6), Buffer.alloc(2), zipped.subarray(-4)]),
    ],
    ["no gzip", Buffer.from('{"a":1}')],
    ["with more behind it", Buffer.concat([zipped, Buffer.from("garbage")])],
    ["one byte", zipped.subarray(0, 1)],
  ])("gzip is refused that is %s", async (_, body) => {
    const headers = { "content-encoding": "gzip" };
    const answer = await pair.post({ type: JSON_TYPE, headers, body });
    const detail = "The body is not valid gzip";
    expect(refusalOf(answer)).toEqual(refusal(400, "body_unreadable", detail));
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("an empty body", () => {
  it.each([
    [JSON_TYPE, {}],
    [FORM, {}],
    ["text/plain", {}],
    ["application/xml", {}],
    ["application/x-unknown", {}],
    ["image/png", {}],
    ["multipart/form-data", {}],
    ["multipart/form-data; boundary=x", {}],
    ["application/json; charset=utf-16", {}],
    [JSON_TYPE, { "content-encoding": "br" }],
    [JSON_TYPE, { "content-encoding": "gzip" }],
  ])("of type %s %j is no body", async (type, headers) => {
    const answers = [
      await pair.post({ query: "prompt=P", type, headers: { ...headers }, body: "" }),
      await pair.post({ query: "prompt=P", type, headers: { ...headers }, body: [] }),
    ];
    expect(answers.map(({ status, text }) => [status, status === 200 ? "" : text])).toEqual([
      [200, ""],
      [200, ""],
    ]);
  });
});

describe("a body that is cut off", () => {
  const head =
    "POST /?agent_id=agent-1&x-api-key=k HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n" +
    "Content-Type: application/json\r\n";

  it.each([
    ["before its Content-Length", 'Content-Length: 100\r\n\r\n{"prompt":"hi"}'],
    ["before its last chunk", 'Transfer-Encoding: chunked\r\n\r\nf\r\n{"prompt":"hi"}\r\n'],
    ["in a chunk", 'Transfer-Encoding: chunked\r\n\r\nff\r\n{"prompt":"hi"}'],
    ["before its first byte", "Content-Length: 1\r\n\r\n"],
  ])("is refused: %s", async (_, rest) => {
    const answer = await sendRaw(pair.gateway.url, head + rest, { halfClose: true });
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*X-Error-Code: body_unreadable.*cut off"}$/s);
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("a header with a line break", () => {
  it.each([
    ["folded", "x-api-key: k\r\n x-evil: 1"],
    ["of a carriage return", "x-api-key: k\rx-evil: 1"],
    ["of a NUL", "x-api-key: k\0x-evil: 1"],
    ["of a space before its colon", "x-api-key : k"],
  ])("does not reach the Worker, or not as another one: %s", async (_, header) => {
    const answer = await sendRaw(
      pair.gateway.url,
      `POST /?agent_id=agent-1 HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n${header}\r\n` +
        "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 40[0-3] /);
    expect(pair.platform.requests).toEqual([]);
  });
});
