// Answers that come before a body has been read: the sender sees them all the same.
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, sendEndlessly, sendRaw } from "../support/http.ts";
import { MULTIPART_TYPE, multipartFields } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const key = { "x-api-key": "k" };
const LARGE = "x".repeat(300_000);

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ MAX_BODY_BYTES: "1000" });
});
afterAll(() => pair.stop());

const REFUSALS: [string, number, string, Record<string, string>, string?][] = [
  ["no key", 401, "/", {}],
  ["a type that is not accepted", 415, "/?agent_id=a", { ...key, "content-type": "a/b" }],
  ["another method", 405, "/health", key],
  ["another address", 404, "/nowhere", key],
  ["more than the limit", 413, "/?agent_id=a", { ...key, "content-type": "text/plain" }],
  [
    "a file",
    415,
    "/?agent_id=a",
    { ...key, "content-type": MULTIPART_TYPE },
    multipartFields({ f: "" }).toString().replace('name="f"', 'name="f"; filename="f.exe"'),
  ],
];

describe("a refusal before the end of the body", () => {
  it.each(REFUSALS)(
    "reaches a sender that never ends, within some 1.5 s: %s",
    async (_, status, path, headers, start = "") => {
      const startedAt = Date.now();
      const answer = await sendEndlessly(pair.gateway.url + path, {
        headers,
        piece: `${start}${LARGE}`,
        everyMs: 20,
      });
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toEqual({ detail: expect.any(String) });
      expect(Date.now() - startedAt).toBeLessThan(4_000);
    },
  );

  it("reaches a sender that sends a byte now and then", async () => {
    const startedAt = Date.now();
    const answer = await sendEndlessly(pair.gateway.url, { piece: "x", everyMs: 100 });
    expect(answer.status).toBe(401);
    expect(Date.now() - startedAt).toBeLessThan(4_000);
  });

  it.each([
    ["401", "/"],
    ["413", "/?agent_id=a&x-api-key=k"],
    ["404", "/nowhere"],
  ])("leaves the connection in order for the next request: %s", async (status, path) => {
    const answers = await sendRaw(
      pair.gateway.url,
      `POST ${path} HTTP/1.1\r\nHost: inlet\r\nContent-Type: text/plain\r\n` +
        `Content-Length: ${LARGE.length}\r\n\r\n${LARGE}` +
        "GET /health HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n\r\n",
    );
    expect(answers.match(/HTTP\/1\.1 \d{3}/g)).toEqual([`HTTP/1.1 ${status}`, "HTTP/1.1 200"]);
  });

  it("comes at once to a sender that asks first, without a word to go on", async () => {
    const startedAt = Date.now();
    const answer = await sendRaw(
      pair.gateway.url,
      "POST / HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\nExpect: 100-continue\r\n" +
        "Content-Length: 1000000\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(Date.now() - startedAt).toBeLessThan(1_000);
  });

  it.runIf(hasCurl).each([
    ["with its length", []],
    ["in chunks", ["-H", "Transfer-Encoding: chunked"]],
    ["without asking first", ["-H", "Expect:"]],
    ["slowly", ["-H", "Expect:", "--limit-rate", "2M"]],
  ])("reaches curl, which sends 8 MB %s", async (_, args) => {
    const sending = promisify(execFile)("curl", [
      "-sS",
      ...args,
      "-H",
      "Content-Type: text/plain",
      "--data-binary",
      "@-",
      pair.gateway.url,
    ]);
    sending.child.stdin?.on("error", () => undefined).end("x".repeat(8_000_000));
    expect((await sending).stdout).toBe('{"detail":"API key not specified"}');
  });
});

describe("Expect: 100-continue", () => {
  it("is answered where the body is wanted", async () => {
    const answer = await sendRaw(
      pair.gateway.url,
      "POST /?agent_id=a&x-api-key=k HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n" +
        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });
});

describe("an answer", () => {
  it("does not wait for the rest of a body on a GET", async () => {
    const answer = await send(`${pair.gateway.url}/health`, { method: "GET", body: LARGE });
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
  });
});
