import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { startGateway } from "../support/gateway.ts";
import { freePort, jsonOf, send } from "../support/http.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import type { PlatformReply } from "../support/platform.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { EMPTY, links, open } from "../support/uploads.ts";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ SYNC_TIMEOUT_SECONDS: "1" });
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

const file: Part = { name: "f", filename: "a.txt", content: "Hello" };
const agent: Part = { name: "agent_id", content: "agent-1" };

let keys = 0;

interface Posted {
  readonly parts?: readonly Part[];
  readonly query?: string;
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A form under a key that the gateway has never seen, so that the platform is asked. */
function post({
  parts = [file],
  query = "agent_id=agent-1",
  apiKey = `key-${keys++}`,
  headers = {},
}: Posted = {}) {
  return send(`${pair.gateway.url}/?${query}`, {
    headers: { ...headers, "x-api-key": apiKey, "content-type": MULTIPART_TYPE },
    body: multipart(parts),
  });
}

/** Answers a call of this method in this way, any other as usual. */
function platformSays(method: "GET" | "POST", reply: PlatformReply): void {
  pair.platform.respond((request) => (request.method === method ? reply : undefined));
}

function asked(): string[] {
  return pair.platform.requests.map(({ method, path }) => `${method} ${path}`);
}

/** The links of the task that was sent under this id. */
function linksSent(taskId: string): readonly string[] {
  const tasks = pair
    .invocations()
    .map(({ body }) => JSON.parse(body.toString()) as { id: string; input: { files: string[] } });
  return tasks.find(({ id }) => id === taskId)?.input.files ?? [];
}

const INVALID_KEY = refusal(403, "api_key_invalid", "Invalid API key");
const NO_AGENT = refusal(404, "agent_not_found", "Agent not found");
const UNREACHABLE = refusal(503, "platform_unreachable", "The agent platform cannot be reached");
const LIMITED = refusal(
  429,
  "rate_limited",
  "Too many requests; try again after the time in Retry-After",
);

describe("before a byte is stored", () => {
  it("the platform is asked for the agent", async () => {
    await post();
    expect(asked()).toEqual(["GET /v1/agents/agent-1", "POST /v1/agents/agent-1/invoke"]);
  });

  it("it is asked for the agent of a field that stands before the files", async () => {
    await post({ query: "", parts: [agent, file] });
    expect(asked()[0]).toBe("GET /v1/agents/agent-1");
  });

  it.each([
    ["stands behind the files", "", [file, agent]],
    ["is none that there can be", "", [{ name: "agent_id", content: "../x" }, file]],
    ["is nowhere", "", [file]],
  ])("it is asked for the key alone where the agent %s", async (_, query, parts) => {
    await post({ query, parts });
    expect(asked()[0]).toBe("GET /v1/agents?per_page=1");
  });

  it.each([
    [401, INVALID_KEY],
    [403, INVALID_KEY],
    [404, NO_AGENT],
    [429, LIMITED],
    [500, UNREACHABLE],
    [302, UNREACHABLE],
  ])("its %i refuses the request, and nothing is stored", async (status, expected) => {
    const before = pair.gateway.stored();
    platformSays("GET", { status });
    expect(refusalOf(await post())).toEqual(expected);
    expect(asked()).toEqual(["GET /v1/agents/agent-1"]);
    expect(pair.gateway.stored()).toEqual(before);
  });

  it("its page without an agent in it is no acceptance", async () => {
    const before = pair.gateway.stored();
    platformSays("GET", { body: "<h1>Sign in</h1>" });
    expect(refusalOf(await post())).toEqual(UNREACHABLE);
    expect(pair.gateway.stored()).toEqual(before);
  });

  it("it is asked once, and a key that it knew is good while it is gone", async () => {
    const apiKey = "a-known-key";
    expect((await post({ apiKey })).status).toBe(200);
    platformSays("GET", { status: 500 });
    expect((await post({ apiKey })).status).toBe(200);
    expect(asked().filter((call) => call.startsWith("GET"))).toHaveLength(1);
  });

  it("a wrong key of the embedded platform is refused", async () => {
    const gateway = await startGateway();
    onTestFinished(() => gateway.stop());
    const headers = { "x-api-key": "wrong", "content-type": MULTIPART_TYPE };
    const body = multipart([file]);
    const answers = [
      await send(`${gateway.url}/?agent_id=echo`, { headers, body }),
      await send(gateway.url, { headers, body }),
      await send(`${gateway.url}/?agent_id=nobody&x-api-key=test-key`, {
        headers: { "content-type": MULTIPART_TYPE },
        body,
      }),
    ];
    expect(answers.map(refusalOf)).toEqual([INVALID_KEY, INVALID_KEY, NO_AGENT]);
    expect(gateway.stored()).toEqual(EMPTY);
  });
});

describe("after the platform was called, sync, its files are", () => {
  it.each([
    [400, 422],
    [401, 403],
    [403, 403],
    [404, 404],
    [422, 422],
    [429, 429],
    [500, 502],
    [503, 502],
  ])("removed where it says %i", async (status, told) => {
    const before = pair.gateway.stored();
    platformSays("POST", { status });
    expect((await post()).status).toBe(told);
    expect(asked().at(-1)).toMatch(/^POST/);
    expect(pair.gateway.stored()).toEqual(before);
  });

  it.each<[string, PlatformReply, number]>([
    ["is silent", "hang", 504],
    ["breaks the connection", "hang up", 502],
    ["says what is no task", { body: "<p>" }, 502],
    ["says 524, as an edge in its place", { status: 524 }, 504],
  ])("kept where it %s, for it may have taken the task", async (_name, reply, told) => {
    const before = pair.gateway.stored().keys.length;
    platformSays("POST", reply);
    expect((await post()).status).toBe(told);
    expect(pair.gateway.stored().keys).toHaveLength(before + 1);
    const opened = await open(links(pair)[0] ?? "");
    expect(Buffer.from(opened.bytes).toString()).toBe("Hello");
  });
});

const named = () => `agent_id=agent-1&task_id=${crypto.randomUUID()}`;

describe("in a conversation, where the platform is asked whether it has taken the task, its files are", () => {
  it.each<[number, string, () => Posted]>([
    [500, "a task_id", () => ({ query: named() })],
    [503, "a task_id", () => ({ query: named() })],
    [500, "an Idempotency-Key", () => ({ headers: { "idempotency-key": crypto.randomUUID() } })],
    [503, "an Idempotency-Key", () => ({ headers: { "idempotency-key": crypto.randomUUID() } })],
  ])("kept after its %i to a call with %s", async (status, _, call) => {
    const before = pair.gateway.stored().keys.length;
    platformSays("POST", { status });
    expect((await post(call())).status).toBe(502);
    expect(pair.gateway.stored().keys).toHaveLength(before + 1);
    const opened = await open(links(pair)[0] ?? "");
    expect(Buffer.from(opened.bytes).toString()).toBe("Hello");
  });

  it.each([404, 422, 429])("removed after its %i, with which it has not", async (status) => {
    const before = pair.gateway.stored();
    platformSays("POST", { status });
    expect((await post({ query: named() })).status).toBe(status);
    expect(pair.gateway.stored()).toEqual(before);
  });
});

describe("where the platform is not there at all", () => {
  it.each([
    ["alone", ""],
    ["in a conversation", "task_id=t"],
    ["async", "asynchronous=1"],
  ])("nothing is stored: %s", async (_, query) => {
    const port = await freePort();
    const gone = await startPair({ PLATFORM_URL: `http://127.0.0.1:${port}` });
    onTestFinished(() => gone.stop());
    const body = multipart([file]);
    const answer = await gone.post({ query, type: MULTIPART_TYPE, body });
    expect(refusalOf(answer)).toEqual(UNREACHABLE);
    expect(gone.gateway.stored()).toEqual(EMPTY);
  });
});

describe("a request that is refused before the platform was called", () => {
  it.each([
    ["a wrong parameter in the query", "agent_id=agent-1&json=maybe", [file], 422],
    [
      "a wrong parameter behind the files",
      "agent_id=agent-1",
      [file, { name: "json", content: "x" }],
      422,
    ],
    ["no agent", "", [file], 400],
    [
      "an agent that there cannot be, behind the files",
      "",
      [file, { name: "agent_id", content: "../x" }],
      422,
    ],
    ["two agents", "", [agent, agent, file], 422],
  ])("leaves nothing: %s", async (_, query, parts, status) => {
    const before = pair.gateway.stored();
    expect((await post({ query, parts })).status).toBe(status);
    expect(asked().filter((call) => call.startsWith("POST"))).toEqual([]);
    expect(pair.gateway.stored()).toEqual(before);
  });

  it("leaves nothing: an agent behind the files that the platform refuses", async () => {
    const before = pair.gateway.stored();
    platformSays("POST", { status: 404 });
    expect(refusalOf(await post({ query: "", parts: [file, agent] }))).toEqual(NO_AGENT);
    expect(pair.gateway.stored()).toEqual(before);
  });

  it("leaves nothing: a call whose turn does not come", async () => {
    const query = "agent_id=agent-1&task_id=busy";
    platformSays("POST", "hang");
    expect((await post({ query })).status).toBe(504);
    const before = pair.gateway.stored();
    const late = await post({ query });
    expect([late.status, late.headers["retry-after"]]).toEqual([503, expect.any(String)]);
    expect(pair.invocations()).toHaveLength(1);
    expect(pair.gateway.stored()).toEqual(before);
  });

  it.each([
    ["a repeat", "", 200],
    ["the key of another request", "&json=1", 422],
  ])("leaves nothing: %s", async (_, more, status) => {
    const query = `agent_id=agent-1&task_id=${crypto.randomUUID()}`;
    const headers = { "idempotency-key": "k" };
    expect((await post({ query, headers })).status).toBe(200);
    const before = pair.gateway.stored();
    expect((await post({ query: query + more, headers })).status).toBe(status);
    expect(pair.invocations()).toHaveLength(1);
    expect(pair.gateway.stored()).toEqual(before);
  });

  it("keeps the files where only the getter finds nothing", async () => {
    const before = pair.gateway.stored().keys.length;
    expect((await post({ query: "agent_id=agent-1&getter=nowhere" })).status).toBe(422);
    expect(pair.gateway.stored().keys).toHaveLength(before + 1);
  });
});

// Last: what is not dead goes out again, in the middle of whatever comes after.
describe("once it is Started, its files are", () => {
  it.each<[string, PlatformReply]>([
    ...[400, 401, 403, 404, 422, 429, 500, 503, 524].map((status): [string, PlatformReply] => [
      `says ${status}`,
      { status },
    ]),
    ["is silent", "hang"],
    ["breaks the connection", "hang up"],
    ["says what is no task", { body: "<p>" }],
  ])("kept where the platform %s, for it may be sent again", async (_, reply) => {
    const before = pair.gateway.stored().keys.length;
    const taskId = crypto.randomUUID();
    platformSays("POST", reply);
    const apiKey = `key-${keys++}`;
    const query = `agent_id=agent-1&asynchronous=1&task_id=${taskId}`;
    const answer = await post({ query, apiKey });
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    const address = `${pair.gateway.url}/v1/tasks/${taskId}?turn=1`;
    // By then the attempt is over.
    await vi.waitFor(
      async () => {
        const headers = { "x-api-key": apiKey };
        const shown = jsonOf(await send(address, { method: "GET", headers }));
        expect(shown).toMatchObject({ delivery: { last_error: expect.stringMatching(/./) } });
      },
      { timeout: 5_000 },
    );
    expect(pair.gateway.stored().keys).toHaveLength(before + 1);
    const opened = await open(linksSent(taskId)[0] ?? "");
    expect(Buffer.from(opened.bytes).toString()).toBe("Hello");
  });
});
