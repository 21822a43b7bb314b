import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { startGateway } from "../support/gateway.ts";
import { freePort, jsonOf, send } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";
import {
  type PlatformAnswer,
  type PlatformReply,
  type PlatformRequest,
  type Responder,
  startPlatform,
  toInvoke,
} from "../support/platform.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ SYNC_TIMEOUT_SECONDS: "1" });
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

let made = 0;

/** One that no other test has. */
function fresh(word: string): string {
  made += 1;
  return `${word}-${made}`;
}

/** What the platform is asked before anything is accepted of a key that the gateway does not know. */
function toAdmission(answer: Responder): Responder {
  return (request, response) => (isAdmission(request) ? answer(request, response) : undefined);
}

function isAdmission({ method, path }: PlatformRequest): boolean {
  return method === "GET" && path === "/v1/agents/agent-1";
}

interface Mode {
  /** Which call of the platform is answered oddly. */
  readonly to: (answer: Responder) => Responder;
  readonly query: () => string;
}

const alone: Mode = { to: toInvoke, query: () => "" };
const inTurn: Mode = { to: toInvoke, query: () => `task_id=${fresh("task")}` };
const admitted: Mode = { to: toAdmission, query: () => `task_id=${fresh("task")}` };
const started: Mode = { to: toAdmission, query: () => "asynchronous=true" };

/** The calls whose answer is what the platform says when it is told to run the task. */
const SYNC: [string, Mode][] = [
  ["alone", alone],
  ["in its turn", inTurn],
];
/** And those whose answer is what it says when it is asked for the agent. */
const ALL: [string, Mode][] = [...SYNC, ["before its turn", admitted], ["async", started]];

function deliver({ to, query }: Mode, answer: Responder) {
  pair.platform.respond(to(answer));
  const headers = { "x-api-key": fresh("key") };
  return pair.post({ query: query(), headers, body: "hi" });
}

/** What a caller is told when the platform answers in this way. */
function told(mode: Mode, answer: PlatformAnswer) {
  return deliver(mode, () => answer);
}

describe.each(ALL)("403 and 404, %s", (_, mode) => {
  it.each([
    [401, { detail: "Not authenticated" }],
    [403, { detail: "The agent is another organisation's: org-7" }],
    [403, "<h1>Forbidden</h1>"],
  ])("says Invalid API key for the platform's %i", async (status, body) => {
    const answer = await told(mode, { status, body });
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
  });

  it("says Agent not found for the platform's 404", async () => {
    const answer = await told(mode, { status: 404, body: { detail: "No such row: agents/1" } });
    expect(refusalOf(answer)).toEqual(refusal(404, "agent_not_found", "Agent not found"));
  });
});

describe.each([
  ["alone", ""],
  ["in a conversation", "&task_id=t"],
  ["async", "&asynchronous=true"],
])("403 Invalid API key, %s", (_, query) => {
  it.each([
    ["a line break", "a%0Ab"],
    ["a carriage return and a header", "a%0D%0Ax-evil:%201"],
    ["a NUL", "a%00"],
    ["a space", "a%20b"],
    ["letters that no header can carry", "cl%C3%A9"],
    ["more than any key has", "k".repeat(5_000)],
  ])("is said of a key with %s, without asking", async (_name, apiKey) => {
    const address = `${pair.gateway.url}/?agent_id=agent-1&x-api-key=${apiKey}${query}`;
    const answer = await send(address, { body: "hi" });
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
    expect(pair.platform.requests).toEqual([]);
  });
});

describe.each(SYNC)("422 of the platform, %s", (_, mode) => {
  const problem = { loc: ["body", "input", 0], msg: "Field required", type: "missing" };

  it.each([400, 422])("passes on loc, msg and type of a %i, no more", async (status) => {
    const more = { input: { user_tokens: "secret" }, ctx: { error: "x" }, url: "https://x.test" };
    const body = { detail: [{ ...problem, ...more }, problem], request: "internal" };
    const answer = await told(mode, { status, body });
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem, problem]));
  });

  it.each([
    ["a sentence", { detail: "input.text must not be empty" }, "input.text must not be empty"],
    ["another form", { error: "no" }, expect.any(String)],
    ["no JSON", "<h1>Bad Request</h1>", expect.any(String)],
    ["nothing", "", expect.any(String)],
    ["a list of other things", { detail: ["x", { loc: "body" }, null] }, expect.any(String)],
  ])("makes a list where the platform sends %s", async (_name, body, msg) => {
    const answer = await told(mode, { status: 400, body });
    const detail = [{ loc: expect.any(Array), msg, type: expect.any(String) }];
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", detail));
  });

  it("is a 422 even where the platform repeats a large input in it", async () => {
    const body = { detail: [{ ...problem, input: "x".repeat(1_000_000) }] };
    const answer = await told(mode, { status: 422, body });
    const detail = [{ loc: expect.any(Array), msg: expect.any(String), type: expect.any(String) }];
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", detail));
  });
});

describe.each(ALL)("429 of the platform, %s", (_, mode) => {
  const limited = refusal(
    429,
    "rate_limited",
    "Too many requests; try again after the time in Retry-After",
  );

  it("comes with the platform's Retry-After and X-RateLimit-*", async () => {
    const headers = {
      "retry-after": "17",
      "x-ratelimit-limit": "100",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "1999999999",
      "x-internal": "secret",
    };
    const answer = await told(mode, { status: 429, headers, body: { detail: { any: "JSON" } } });
    expect(refusalOf(answer)).toEqual(limited);
    const { "x-internal": internal, ...passedOn } = headers;
    expect(answer.headers).toMatchObject(passedOn);
    expect(JSON.stringify(answer)).not.toContain(internal);
  });

  it("keeps a Retry-After that is a date", async () => {
    const date = "Fri, 31 Dec 2027 23:59:59 GMT";
    const answer = await told(mode, { status: 429, headers: { "retry-after": date } });
    expect(answer.headers["retry-after"]).toBe(date);
  });

  it("has a Retry-After of whole seconds where the platform sends none", async () => {
    const answer = await told(mode, { status: 429, body: "slow down" });
    expect(refusalOf(answer)).toEqual(limited);
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(Object.keys(answer.headers)).not.toContainEqual(expect.stringContaining("ratelimit"));
  });

  it("works it out from X-RateLimit-Reset", async () => {
    const reset = String(Math.floor(Date.now() / 1000) + 30);
    const answer = await told(mode, { status: 429, headers: { "x-ratelimit-reset": reset } });
    expect(answer.headers["x-ratelimit-reset"]).toBe(reset);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(20);
    expect(Number(answer.headers["retry-after"])).toBeLessThanOrEqual(31);
  });
});

const FAILURES = [500, 502, 503, 504, 408, 418];
const REDIRECTS = [301, 302, 303, 307, 308];
const NO_TASKS: [string, unknown][] = [
  ["a web page", "<!doctype html><title>Sign in</title>"],
  ["nothing", ""],
  ["an error in JSON", { error: "unavailable" }],
  ["a list", []],
  ["null", "null"],
  ["JSON that stops", '{"id":"t","status":"comp'],
  ["JSON nested 1,001 deep", `{"id":"t","status":"completed","result":${"[".repeat(1000)}`],
];

/** Where a redirect would lead, with all that it is asked. */
async function elsewhere() {
  const other = await startPlatform();
  onTestFinished(() => other.close());
  const headers = { location: `${other.url}/v1/agents/agent-1/invoke` };
  return { headers, requests: other.requests };
}

describe.each(SYNC)("502, %s", (_, mode) => {
  const failed = refusal(502, "platform_failed", "The agent platform failed");

  it.each(FAILURES)("is what the platform's %i becomes", async (status) => {
    const body = { detail: "Traceback: secret" };
    expect(refusalOf(await told(mode, { status, body }))).toEqual(failed);
  });

  it.each(REDIRECTS)("is what its %i becomes, and nobody follows it", async (status) => {
    const { headers, requests } = await elsewhere();
    expect(refusalOf(await told(mode, { status, headers }))).toEqual(failed);
    expect(requests).toEqual([]);
    expect(pair.invocations()).toHaveLength(1);
  });

  it("is what a connection becomes that breaks once the request is sent", async () => {
    expect(refusalOf(await deliver(mode, () => "hang up"))).toEqual(failed);
    expect(pair.invocations()).toHaveLength(1);
  });

  it.each(NO_TASKS)("is what a 200 with %s becomes", async (_name, body) => {
    expect(refusalOf(await told(mode, { body }))).toEqual(failed);
  });

  it("is what a compressed answer becomes that is too large when it comes out", async () => {
    const body = gzipSync(Buffer.alloc(40 * 1024 * 1024, " "));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    pair.platform.respond(toInvoke(() => ({ body, headers })));
    const answer = await pair.post({ query: "prompt=P" });
    expect([answer.status, answer.headers["x-error-code"]]).toEqual([502, "platform_failed"]);
  });

  it("is what an answer becomes that breaks off", async () => {
    const answer = await deliver(mode, (_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
      response.write('{"id":"t",', () => response.destroy());
      return undefined;
    });
    expect(refusalOf(answer)).toEqual(failed);
  });
});

describe("a call that asks for nothing but to be run", () => {
  it.each<[string, PlatformReply]>([
    ["fails", { status: 500 }],
    ["redirects it", { status: 302, headers: { location: "https://elsewhere.test/" } }],
    ["hangs up", "hang up"],
  ])("is one request, where the platform %s", async (_, reply) => {
    expect((await deliver(alone, () => reply)).status).toBe(502);
    expect(pair.platform.requests).toHaveLength(1);
  });
});

const unreachable = refusal(503, "platform_unreachable", "The agent platform cannot be reached");

async function nobody(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

describe("503", () => {
  it.each([
    ["nobody listens", nobody, ""],
    ["nobody listens, in a conversation", nobody, "task_id=t"],
    ["nobody listens, async", nobody, "asynchronous=1"],
    ["nobody has that name", () => Promise.resolve("http://no-such-host.invalid"), ""],
  ])("says when to try again where %s", async (_, platformUrl, query) => {
    const gateway = await startGateway({ vars: { PLATFORM_URL: await platformUrl() } });
    onTestFinished(() => gateway.stop());
    const address = `${gateway.url}/?agent_id=agent-1&x-api-key=k&${query}`;
    const answer = await send(address, { body: "hi" });
    expect(refusalOf(answer)).toEqual(unreachable);
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  });
});

describe.each([
  ["before its turn", admitted],
  ["async", started],
])("503 to a key that the platform has never accepted, %s", (_, mode) => {
  it.each(FAILURES)("is what the platform's %i becomes", async (status) => {
    const body = { detail: "Traceback: secret" };
    expect(refusalOf(await told(mode, { status, body }))).toEqual(unreachable);
  });

  it.each(REDIRECTS)("is what its %i becomes, and nobody follows it", async (status) => {
    const { headers, requests } = await elsewhere();
    expect(refusalOf(await told(mode, { status, headers }))).toEqual(unreachable);
    expect(requests).toEqual([]);
  });

  it.each(NO_TASKS)("is what a 200 with %s becomes", async (_name, body) => {
    expect(refusalOf(await told(mode, { body }))).toEqual(unreachable);
  });

  it("is what a connection becomes that breaks, and the platform is sent nothing", async () => {
    const answer = await deliver(mode, () => "hang up");
    expect(refusalOf(answer)).toEqual(unreachable);
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(pair.invocations()).toEqual([]);
  });
});

describe.each(SYNC)("504, %s", (_, mode) => {
  const late = refusal(504, "platform_timeout", "The agent platform took too long");

  it("is said after SYNC_TIMEOUT_SECONDS of silence, with the task's id and place", async () => {
    const startedAt = Date.now();
    const answer = await deliver(mode, () => "hang");
    expect(refusalOf(answer)).toEqual(late);
    const { id } = pair.lastTask() as { id: string };
    expect(answer.headers["x-task-id"]).toBe(id);
    expect(answer.headers["location"]).toBe(`/v1/tasks/${id}?turn=1`);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990);
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });

  it.each([200, 422])("is said of a %i that stops in its middle", async (status) => {
    const answer = await deliver(mode, (_request, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.write('{"id":"t","status":"completed",');
      return "hang";
    });
    expect(refusalOf(answer)).toEqual(late);
  });
});

describe("504", () => {
  it("has the task's id percent-encoded", async () => {
    pair.platform.respond(toInvoke(() => "hang"));
    const answer = await pair.post({ query: "task_id=t%201", body: "hi" });
    expect(answer.status).toBe(504);
    expect(answer.headers["x-task-id"]).toBe("t%201");
    expect(answer.headers["location"]).toBe("/v1/tasks/t%201?turn=1");
  });

  it("or 503 is said after SYNC_TIMEOUT_SECONDS, whatever the platform is silent to", async () => {
    const startedAt = Date.now();
    pair.platform.respond(() => "hang");
    const headers = { "x-api-key": fresh("key") };
    const query = `task_id=${fresh("task")}`;
    const answer = await pair.post({ query, headers, body: "hi", timeoutMs: 10_000 });
    expect([503, 504]).toContain(answer.status);
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });
});

describe("what the platform says of a task that was Started", () => {
  let tasks: TaskPair;

  beforeAll(async () => {
    tasks = await startTaskPair({ SYNC_TIMEOUT_SECONDS: "1" });
  });
  afterAll(() => tasks.stop());

  /** How the task stands once the platform has answered its first attempt in this way. */
  async function standing(reply: PlatformReply): Promise<Record<string, unknown>> {
    const id = fresh("started");
    tasks.platform.refuses("POST", id, reply);
    const answer = await tasks.post({ asynchronous: "true", task_id: id, prompt: "hi" });
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    const delivery = await vi.waitFor(
      async () => {
        const shown = await tasks.task(id, "turn=1");
        expect(shown.text).not.toMatch(/secret|Traceback/);
        const { delivery: stands } = jsonOf(shown) as { delivery: Record<string, unknown> };
        expect(stands).toMatchObject({ turn: 1, last_error: expect.stringMatching(/./) });
        return stands;
      },
      { timeout: 5_000 },
    );
    expect(tasks.platform.calls("POST", id)).toHaveLength(1);
    expect(tasks.platform.prompts(id)).toEqual([]);
    return delivery;
  }

  it.each([
    [400, "parameters_invalid"],
    [401, "api_key_invalid"],
    [403, "api_key_invalid"],
    [404, "agent_not_found"],
    [422, "parameters_invalid"],
  ])("a %i is its end, with its reason", async (status, reason) => {
    const body = { detail: [{ loc: ["body"], msg: "No", type: "no", input: "secret" }] };
    expect(await standing({ status, body })).toMatchObject({
      state: "dead",
      attempts: 1,
      next_attempt_at: null,
      last_error: expect.stringContaining(reason),
    });
  });

  it("a 429 lets it wait for as long as Retry-After says", async () => {
    const at = Date.now();
    const headers = { "retry-after": "170" };
    const delivery = await standing({ status: 429, headers });
    expect(delivery).toMatchObject({ state: "waiting", last_error: "rate_limited" });
    const wait = new Date(String(delivery["next_attempt_at"])).getTime() - at;
    expect(wait).toBeGreaterThanOrEqual(170_000);
    expect(wait).toBeLessThan(180_000);
  });

  const unsettled = {
    state: expect.stringMatching(/^(waiting|delivering)$/),
    attempts: 1,
    last_error: "platform_failed",
  };

  it.each(FAILURES)("a %i is not its end", async (status) => {
    expect(await standing({ status, body: { detail: "Traceback" } })).toMatchObject(unsettled);
  });

  it.each(REDIRECTS)("a %i is not its end, and nobody follows it", async (status) => {
    const { headers, requests } = await elsewhere();
    expect(await standing({ status, headers })).toMatchObject(unsettled);
    expect(requests).toEqual([]);
  });

  it.each(NO_TASKS)("a 200 with %s is not its end", async (_, body) => {
    expect(await standing({ body })).toMatchObject(unsettled);
  });

  it("a connection that breaks is not its end", async () => {
    expect(await standing("hang up")).toMatchObject(unsettled);
  });

  it("silence is not its end", async () => {
    expect(await standing("hang")).toMatchObject({ ...unsettled, last_error: "platform_timeout" });
  });
});
