import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { jsonOf } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";

const JSON_TYPE = "application/json";
const python = ["python3", "python"].find((name) => spawnSync(name, ["--version"]).status === 0);

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

const formData = new FormData();
formData.append("prompt", "Grüße ☕");
formData.append("tag", "a");
formData.append("tag", "b\r\nc");

describe("Node's fetch", () => {
  it.each([
    ["a text", "Grüße ☕", undefined],
    ["URLSearchParams", new URLSearchParams({ prompt: "Grüße ☕", tag: "a" }), '{"tag":"a"}'],
    ["FormData", formData, '{"tag":["a","b\\r\\nc"]}'],
    ["a Blob", new Blob(['{"prompt":"Grüße ☕","tag":1.0}'], { type: JSON_TYPE }), '{"tag":1.0}'],
    ["bytes without a type", new TextEncoder().encode('{"prompt":"Grüße ☕","t":{}}'), '{"t":{}}'],
  ])("sends %s", async (_, body, context) => {
    const headers = { "x-api-key": "test-key" };
    const address = `${pair.gateway.url}/?agent_id=agent-1`;
    const answer = await fetch(address, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: "completed", result: "It is done." });
    expect(pair.lastTask()).toEqual({
      id: expect.any(String),
      input: { text: "Grüße ☕" },
      ...(context !== undefined && { additional_context: context }),
      source: "webhook",
    });
  });

  it("sends a stream", async () => {
    const pieces = ['{"prompt":"Gr', "üße ☕", '"}'].map((piece) =>
      new TextEncoder().encode(piece),
    );
    const answer = await fetch(`${pair.gateway.url}/?agent_id=agent-1&x-api-key=k`, {
      method: "POST",
      headers: { "content-type": JSON_TYPE },
      body: ReadableStream.from(pieces),
      duplex: "half",
    });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ input: { text: "Grüße ☕" } });
  });
});

const URLLIB = `
import json, sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], data=sys.argv[2].encode(), headers=json.loads(sys.argv[3]))
try:
    answer = urllib.request.urlopen(request, timeout=10)
except urllib.error.HTTPError as error:
    answer = error
print(json.dumps({"status": answer.status, "headers": {k.lower(): v for k, v in answer.headers.items()}, "text": answer.read().decode()}))
`;

async function urllib(query: string, body: string, headers: Readonly<Record<string, string>>) {
  const address = `${pair.gateway.url}/?agent_id=agent-1&${query}`;
  const args = ["-c", URLLIB, address, body, JSON.stringify(headers)];
  const { stdout } = await promisify(execFile)(python ?? "", args);
  return JSON.parse(stdout) as { status: number; headers: Record<string, string>; text: string };
}

describe.runIf(python !== undefined)("Python's urllib", () => {
  const body = '{"prompt": "Gr\\u00fc\\u00dfe", "id": 12345678901234567890, "ratio": 1.0}';

  it.each([
    ["a form's, as it does unless told", {}],
    ["JSON's", { "Content-Type": "application/json" }],
  ])("sends what json.dumps made, under a type that is %s", async (_, type) => {
    const answer = await urllib("", body, { "X-Api-Key": "test-key", ...type });
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({ status: "completed" });
    expect(pair.lastRequest().headers).toMatchObject({ "x-api-key": "test-key" });
    expect(pair.lastTask()).toEqual({
      id: expect.any(String),
      input: { text: "Grüße" },
      additional_context: '{"id":12345678901234567890,"ratio":1.0}',
      source: "webhook",
    });
  });

  it("reads a refusal", async () => {
    const answer = await urllib("asynchronous=perhaps", body, { "X-Api-Key": "test-key" });
    expect(answer.status).toBe(422);
    expect(jsonOf(answer)).toMatchObject({ detail: [{ loc: ["query", "asynchronous"] }] });
  });
});
