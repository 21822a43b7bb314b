import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { send, sendRaw } from "../support/http.ts";
import { multipart, MULTIPART_TYPE, multipartFields, type Part } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

const JSON_TYPE = "application/json";
const LIMIT = 1_000;

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({
    MAX_BODY_BYTES: String(LIMIT),
    MAX_FIELDS: "3",
    MAX_FIELD_BYTES: "100",
    MAX_UPLOAD_BYTES: "2000",
  });
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

/** A JSON body of so many bytes. */
function jsonOfSize(bytes: number): string {
  return `{"prompt":"${"x".repeat(bytes - 13)}"}`;
}

function halves(body: string | Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(body);
  return [bytes.subarray(0, 500), bytes.subarray(500)];
}

const stored = (text: string): Buffer => gzipSync(text, { level: 0 });

describe("MAX_BODY_BYTES", () => {
  const tooLarge = refusal(
    413,
    "limit_exceeded",
    "The body may have at most 1000 bytes (MAX_BODY_BYTES)",
  );

  it.each([
    ["JSON", JSON_TYPE, {}, jsonOfSize(LIMIT)],
    ["JSON in chunks", JSON_TYPE, {}, halves(jsonOfSize(LIMIT))],
    ["a form", "application/x-www-form-urlencoded", {}, `a=${"x".repeat(LIMIT - 2)}`],
    ["text", "text/plain", {}, "x".repeat(LIMIT)],
    ["XML", "application/xml", {}, "x".repeat(LIMIT)],
    ["two-byte characters", "text/plain", {}, "é".repeat(LIMIT / 2)],
    ["what gzip holds", JSON_TYPE, { "content-encoding": "gzip" }, gzipSync(jsonOfSize(LIMIT))],
    [
      "what gzip holds, in chunks",
      JSON_TYPE,
      { "content-encoding": "gzip" },
      halves(stored(jsonOfSize(LIMIT))),
    ],
    [
      "what gzip holds, where gzip itself is larger",
      JSON_TYPE,
      { "content-encoding": "gzip" },
      stored(jsonOfSize(LIMIT)),
    ],
  ])("takes as many: %s", async (_, type, headers, body) => {
    const answer = await pair.post({ type, headers: { ...headers }, body });
    expect(answer.status).toBe(200);
    expect(pair.platform.requests).toHaveLength(1);
  });

  it.each([
    ["JSON", JSON_TYPE, {}, jsonOfSize(LIMIT + 1)],
    ["JSON in chunks", JSON_TYPE, {}, halves(jsonOfSize(LIMIT + 1))],
    ["a form", "application/x-www-form-urlencoded", {}, `a=${"x".repeat(LIMIT - 1)}`],
    ["text", "text/plain", {}, "x".repeat(LIMIT + 1)],
    ["XML in chunks", "application/xml", {}, halves("x".repeat(LIMIT + 1))],
    ["two-byte characters", "text/plain", {}, "é".repeat(LIMIT / 2 + 1)],
    ["what gzip holds", JSON_TYPE, { "content-encoding": "gzip" }, gzipSync(jsonOfSize(LIMIT + 1))],
    [
      "what gzip holds, in chunks",
      JSON_TYPE,
      { "content-encoding": "gzip" },
      halves(stored(jsonOfSize(LIMIT + 1))),
    ],
    ["a body that is broken as well", JSON_TYPE, {}, "{".repeat(LIMIT + 1)],
  ])("refuses one more: %s", async (_, type, headers, body) => {
    const answer = await pair.post({ type, headers: { ...headers }, body });
    expect(refusalOf(answer)).toEqual(tooLarge);
    expect(pair.platform.requests).toEqual([]);
  });

  it("refuses by the Content-Length alone, before a byte has come", async () => {
    const answer = await sendRaw(
      pair.gateway.url,
      "POST /?agent_id=agent-1&x-api-key=k HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n" +
        "Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n",
      { timeoutMs: 4_000 },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*"detail":"The body may have at most 1000 bytes/s);
  });

  it.each([
    ["with its length", "x".repeat(8_000_000)],
    ["in chunks", Array.from({ length: 122 }, () => "x".repeat(65_536))],
  ])("reaches a sender of 8 MB %s", async (_, body) => {
    const answer = await pair.post({ type: "text/plain", body });
    expect(refusalOf(answer)).toEqual(tooLarge);
  });

  it("reaches Node's fetch in the middle of 8 MB", async () => {
    const answer = await fetch(`${pair.gateway.url}/?agent_id=agent-1&x-api-key=k`, {
      method: "POST",
      body: new Blob(["x".repeat(8_000_000)], { type: "text/plain" }),
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual(tooLarge.body);
  });

  it("comes after a missing key, and before a missing agent_id", async () => {
    const body = jsonOfSize(LIMIT + 1);
    const headers = { "content-type": JSON_TYPE };
    const withoutKey = await send(pair.gateway.url, { headers, body });
    const withKey = await send(`${pair.gateway.url}/?x-api-key=k`, { headers, body });
    expect([withoutKey.status, withKey.status]).toEqual([401, 413]);
  });
});

describe("MAX_FIELDS of multipart/form-data", () => {
  it("takes as many", async () => {
    const body = multipartFields({ prompt: "hi", a: ["1", "2"] });
    const answer = await pair.post({ type: MULTIPART_TYPE, body });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ additional_context: '{"a":["1","2"]}' });
  });

  it("refuses one more", async () => {
    const body = multipartFields({ prompt: "hi", a: ["1", "2", "3"] });
    const answer = await pair.post({ type: MULTIPART_TYPE, body });
    const detail = expect.stringMatching(/\b3\b.*MAX_FIELDS/);
    expect(refusalOf(answer)).toEqual(refusal(413, "limit_exceeded", detail));
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("MAX_FIELD_BYTES of multipart/form-data", () => {
  it("takes as many", async () => {
    const body = multipartFields({ prompt: "é".repeat(50) });
    const answer = await pair.post({ type: MULTIPART_TYPE, body });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ input: { text: "é".repeat(50) } });
  });

  it.each([
    ["characters", "x".repeat(101)],
    ["bytes in fewer characters", `${"é".repeat(50)}x`],
  ])("refuses one more: %s", async (_, prompt) => {
    const body = multipartFields({ prompt });
    const answer = await pair.post({ type: MULTIPART_TYPE, body });
    const detail = expect.stringMatching(/\b100\b.*MAX_FIELD_BYTES/);
    expect(refusalOf(answer)).toEqual(refusal(413, "limit_exceeded", detail));
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("MAX_UPLOAD_BYTES of multipart/form-data", () => {
  it.each([
    ["with its length", (body: Buffer) => body],
    ["in chunks", (body: Buffer) => [body]],
  ])("is what the whole request may have, %s", async (_, framed) => {
    const body = multipart([{ name: "x".repeat(2_000), content: "" }]);
    const answer = await pair.post({ type: MULTIPART_TYPE, body: framed(body) });
    const detail = expect.stringMatching(/\b2000\b.*MAX_UPLOAD_BYTES/);
    expect(refusalOf(answer)).toEqual(refusal(413, "limit_exceeded", detail));
  });
});

describe("MAX_UPLOAD_BYTES of what is compressed", () => {
  it("holds for what comes out, whatever its Content-Length", async () => {
    const file: Part = { name: "f", filename: "a.zip", content: "" };
    const room = 2_000 - multipart([file]).length;
    const noise = Buffer.concat([Buffer.from("PK\u0003\u0004"), randomBytes(room - 4)]);
    const body = gzipSync(multipart([{ ...file, content: noise }]));
    expect(body.length).toBeGreaterThan(2_000);
    const headers = { "content-encoding": "gzip" };
    const query = "prompt=P";
    expect((await pair.post({ query, type: MULTIPART_TYPE, headers, body })).status).toBe(200);
  });
});

describe("415", () => {
  it.each([
    [
      "a type that is not known",
      "application/x-unknown",
      "Content-Type application/x-unknown is not accepted",
    ],
    ["a script", "application/javascript", "Content-Type application/javascript is not accepted"],
    ["a film", "video/mp4", "Content-Type video/mp4 is not accepted"],
    ["what is no type", "json", "Content-Type json is not accepted"],
    [
      "another multipart",
      "multipart/mixed; boundary=x",
      "Content-Type multipart/mixed is not accepted",
    ],
  ])("says which type: %s", async (_, type, detail) => {
    const answer = await pair.post({ type, body: "x" });
    expect(refusalOf(answer)).toEqual(refusal(415, "content_type_unsupported", detail));
    expect(pair.platform.requests).toEqual([]);
  });

  it.each([
    ["application/json; charset=iso-8859-1", "iso-8859-1"],
    ['application/json; charset="UTF-16"', "UTF-16"],
    ["text/plain;format=flowed; CHARSET=windows-1252", "windows-1252"],
    ["application/xml; charset=us-ascii", "us-ascii"],
    ["application/x-www-form-urlencoded; charset=latin1", "latin1"],
  ])("says which charset: %s", async (type, charset) => {
    const answer = await pair.post({ type, body: "{}" });
    const detail = `Charset ${charset} is not accepted; send UTF-8`;
    expect(refusalOf(answer)).toEqual(refusal(415, "charset_unsupported", detail));
  });

  it.each(["deflate", "br", "zstd", "compress", "gzip, gzip", "gzip, br"])(
    "says which encoding: %s",
    async (encoding) => {
      const headers = { "content-encoding": encoding };
      const answer = await pair.post({ type: JSON_TYPE, headers, body: "{}" });
      const detail = `Content-Encoding ${encoding} is not accepted; send gzip or none`;
      expect(refusalOf(answer)).toEqual(refusal(415, "content_encoding_unsupported", detail));
      expect(pair.platform.requests).toEqual([]);
    },
  );
});
