import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../support/http.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

interface Request {
  readonly query?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly body?: string | Buffer;
}

function post(id: string, { query = {}, type = "application/json", body = "" }: Request) {
  const headers = { "idempotency-key": "k", "content-type": type };
  return pair.post({ task_id: id, ...query }, { headers, body });
}

const first: Request = {
  query: { user_id: "7" },
  body: '{"prompt":"hi","a":{"n":1.50},"user_tokens":{"mcp":"t"}}',
};

describe.concurrent("the same Idempotency-Key with the same request", () => {
  it.each<[string, Request]>([
    [
      "in other white space",
      { ...first, body: '{ "prompt": "hi",\n"a": { "n": 1.50 },\n "user_tokens": {"mcp": "t"} }' },
    ],
    [
      "with its fields in another order",
      { ...first, body: '{"user_tokens":{"mcp":"t"},"a":{"n":1.50},"prompt":"hi"}' },
    ],
    [
      "with a parameter elsewhere",
      { query: { user_id: "7", prompt: "hi" }, body: '{"a":{"n":1.50},"user_tokens":{"mcp":"t"}}' },
    ],
    [
      "with a parameter in another spelling",
      { ...first, query: { user_id: "7", json: "no", getter: "" } },
    ],
    ["under another content type", { ...first, type: "text/plain" }],
    [
      "with what is no parameter in its query",
      { ...first, query: { user_id: "7", utm_source: "x" } },
    ],
  ])("is a repeat %s", async (name, again) => {
    expect((await post(`same ${name}`, first)).status).toBe(200);
    const answer = await post(`same ${name}`, again);
    expect([answer.status, answer.headers["idempotency-replayed"]]).toEqual([200, "true"]);
    expect(pair.platform.prompts(`same ${name}`)).toEqual(["hi"]);
  });
});

describe.concurrent("the same Idempotency-Key with another request", () => {
  it.each<[string, Request]>([
    ["prompt", { ...first, body: '{"prompt":"ho","a":{"n":1.50},"user_tokens":{"mcp":"t"}}' }],
    ["context", { ...first, body: '{"prompt":"hi","a":{"n":2},"user_tokens":{"mcp":"t"}}' }],
    ["token", { ...first, body: '{"prompt":"hi","a":{"n":1.50},"user_tokens":{"mcp":"u"}}' }],
    ["user", { ...first, query: { user_id: "8" } }],
    ["version", { ...first, query: { user_id: "7", agent_version: "2" } }],
    ["getter", { ...first, query: { user_id: "7", getter: "result" } }],
    ["mode", { ...first, query: { user_id: "7", asynchronous: "true" } }],
  ])("is 422, and runs nothing: another %s", async (name, another) => {
    expect((await post(`other ${name}`, first)).status).toBe(200);
    const answer = await post(`other ${name}`, another);
    expect(refusalOf(answer)).toMatchObject({
      status: 422,
      code: expect.any(String),
      requestId: expect.any(String),
    });
    expect((await post(`other ${name}`, first)).headers["idempotency-replayed"]).toBe("true");
    expect(pair.platform.prompts(`other ${name}`)).toEqual(["hi"]);
  });
});

const prompt: Part = { name: "prompt", content: "read" };
const file: Part = { name: "f", filename: "a.txt", content: "Hello" };

function form(...parts: readonly Part[]): Request {
  return { type: MULTIPART_TYPE, body: multipart(parts) };
}

/** The same form between other boundaries. */
function rebound(...parts: readonly Part[]): Request {
  const [, boundary = ""] = MULTIPART_TYPE.split("boundary=");
  const body = multipart(parts).toString("latin1").replaceAll(boundary, "another-boundary");
  return {
    type: "multipart/form-data; boundary=another-boundary",
    body: Buffer.from(body, "latin1"),
  };
}

describe.concurrent("files under an Idempotency-Key", () => {
  it.each<[string, Request]>([
    ["between other boundaries", rebound(prompt, file)],
    ["before the parameters", form(file, prompt)],
  ])("are the same %s", async (name, again) => {
    expect((await post(`files ${name}`, form(prompt, file))).status).toBe(200);
    const answer = await post(`files ${name}`, again);
    expect([answer.status, answer.headers["idempotency-replayed"]]).toEqual([200, "true"]);
    expect(pair.platform.prompts(`files ${name}`)).toEqual(["read"]);
  });

  it.each<[string, Request]>([
    ["content", form(prompt, { ...file, content: "Hellp" })],
    ["name", form(prompt, { ...file, filename: "b.txt" })],
    ["number", form(prompt, file, file)],
  ])("are others with another %s", async (name, another) => {
    expect((await post(`files ${name}`, form(prompt, file))).status).toBe(200);
    expect((await post(`files ${name}`, another)).status).toBe(422);
    expect(pair.platform.prompts(`files ${name}`)).toEqual(["read"]);
  });

  it("can be read after the repeat", async () => {
    const upload = form(prompt, { ...file, content: "stored once" });
    await post("stored once", upload);
    await post("stored once", upload);
    const tasks = pair.platform.taken.filter(({ id }) => id === "stored once");
    const links = tasks.flatMap(({ sent }) => sent.input.files ?? []);
    expect(links).toHaveLength(1);
    const [link = ""] = links;
    expect(await (await fetch(link)).text()).toBe("stored once");
  });
});

describe("an Idempotency-Key", () => {
  it.each([
    ["empty", ""],
    ["empty in quotes", '""'],
    ["of 256 characters", "k".repeat(256)],
    ["of 256 characters in quotes", `"${"k".repeat(256)}"`],
    ["with a quote at its beginning alone", '"abc'],
    ["with a quote at its end alone", 'abc"'],
    ["with a space in it", "a b"],
    ["with a letter that is not ASCII", "cl\u00e9"],
  ])("is refused: %s", async (_, key) => {
    const calls = pair.platform.requests.length;
    const answer = await pair.post(
      { task_id: "wrong key", prompt: "hi" },
      { headers: { "idempotency-key": key } },
    );
    const problem = { loc: expect.any(Array), msg: expect.any(String), type: expect.any(String) };
    expect(answer.status).toBe(422);
    expect(jsonOf(answer)).toEqual({ detail: [problem] });
    expect(pair.platform.requests).toHaveLength(calls);
  });

  it("may have 255 characters", async () => {
    const delivery = { headers: { "idempotency-key": `"${"~".repeat(255)}"` } };
    const words = { task_id: "longest key", prompt: "hi" };
    expect((await pair.post(words, delivery)).status).toBe(200);
    expect((await pair.post(words, delivery)).headers["idempotency-replayed"]).toBe("true");
  });

  it("is remembered by a gateway that was killed", async () => {
    const call = (id: string, asynchronous: string) =>
      pair.post(
        { task_id: id, prompt: "hi", asynchronous },
        { headers: { "idempotency-key": "k" } },
      );
    const before = [await call("sync", "false"), await call("async", "true")];
    await pair.platform.prompted("async", 1);
    await pair.crash();
    const after = [await call("sync", "false"), await call("async", "true")];
    expect(after.map(({ text }) => text)).toEqual(before.map(({ text }) => text));
    expect(after.map(({ headers }) => headers["idempotency-replayed"])).toEqual(["true", "true"]);
    expect(pair.platform.prompts("sync")).toEqual(["hi"]);
    expect(pair.platform.prompts("async")).toEqual(["hi"]);
  });
});
