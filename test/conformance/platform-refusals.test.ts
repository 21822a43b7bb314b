import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { startGateway } from "../support/gateway.ts";
import { freePort, send } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { type PlatformAnswer, startPlatform } from "../support/platform.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

const MODES = [["sync", ""] as const, ["async", "asynchronous=true"] as const];

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ SYNC_TIMEOUT_SECONDS: "1" });
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

/** What a caller is told when the platform answers in this way. */
async function told(answer: PlatformAnswer, query = "") {
  pair.platform.respond(() => answer);
  return pair.post({ query, body: "hi" });
}

describe.each(MODES)("403 and 404, %s", (_, query) => {
  it.each([
    [401, { detail: "Not authenticated" }],
    [403, { detail: "The agent is another organisation's: org-7" }],
    [403, "<h1>Forbidden</h1>"],
  ])("says Invalid API key for the platform's %i", async (status, body) => {
    const answer = await told({ status, body }, query);
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
  });

  it("says Agent not found for the platform's 404", async () => {
    const answer = await told({ status: 404, body: { detail: "No such row: agents/1" } }, query);
    expect(refusalOf(answer)).toEqual(refusal(404, "agent_not_found", "Agent not found"));
  });
});

describe("403 Invalid API key", () => {
  it.each([
    ["a line break", "a%0Ab"],
    ["a carriage return and a header", "a%0D%0Ax-evil:%201"],
    ["a NUL", "a%00"],
    ["a space", "a%20b"],
    ["letters that no header can carry", "cl%C3%A9"],
    ["more than any key has", "k".repeat(5_000)],
  ])("is said of a key with %s, without asking", async (_, apiKey) => {
    const address = `${pair.gateway.url}/?agent_id=agent-1&x-api-key=${apiKey}`;
    const answer = await send(address, { body: "hi" });
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
    expect(pair.platform.requests).toEqual([]);
  });
});

describe.each(MODES)("422 of the platform, %s", (_, query) => {
  const problem = { loc: ["body", "input", 0], msg: "Field required", type: "missing" };

  it.each([400, 422])("passes on loc, msg and type of a %i, no more", async (status) => {
    const more = { input: { user_tokens: "secret" }, ctx: { error: "x" }, url: "https://x.test" };
    const body = { detail: [{ ...problem, ...more }, problem], request: "internal" };
    const answer = await told({ status, body }, query);
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem, problem]));
  });

  it.each([
    ["a sentence", { detail: "input.text must not be empty" }, "input.text must not be empty"],
    ["another form", { error: "no" }, expect.any(String)],
    ["no JSON", "<h1>Bad Request</h1>", expect.any(String)],
    ["nothing", "", expect.any(String)],
    ["a list of other things", { detail: ["x", { loc: "body" }, null] }, expect.any(String)],
  ])("makes a list where the platform sends %s", async (_name, body, msg) => {
    const answer = await told({ status: 400, body }, query);
    const detail = [{ loc: expect.any(Array), msg, type: expect.any(String) }];
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", detail));
  });

  it("is a 422 even where the platform repeats a large input in it", async () => {
    const body = { detail: [{ ...problem, input: "x".repeat(1_000_000) }] };
    const answer = await told({ status: 422, body }, query);
    const detail = [{ loc: expect.any(Array), msg: expect.any(String), type: expect.any(String) }];
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", detail));
  });
});

describe.each(MODES)("429 of the platform, %s", (_, query) => {
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
    const answer = await told({ status: 429, headers, body: { detail: { any: "JSON" } } }, query);
    expect(refusalOf(answer)).toEqual(limited);
    const { "x-internal": internal, ...passedOn } = headers;
    expect(answer.headers).toMatchObject(passedOn);
    expect(JSON.stringify(answer)).not.toContain(internal);
  });

  it("keeps a Retry-After that is a date", async () => {
    const date = "Fri, 31 Dec 2027 23:59:59 GMT";
    const answer = await told({ status: 429, headers: { "retry-after": date } }, query);
    expect(answer.headers["retry-after"]).toBe(date);
  });

  it("has a Retry-After of whole seconds where the platform sends none", async () => {
    const answer = await told({ status: 429, body: "slow down" }, query);
    expect(refusalOf(answer)).toEqual(limited);
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(Object.keys(answer.headers)).not.toContainEqual(expect.stringContaining("ratelimit"));
  });

  it("works it out from X-RateLimit-Reset", async () => {
    const reset = String(Math.floor(Date.now() / 1000) + 30);
    const answer = await told({ status: 429, headers: { "x-ratelimit-reset": reset } }, query);
    expect(answer.headers["x-ratelimit-reset"]).toBe(reset);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(20);
    expect(Number(answer.headers["retry-after"])).toBeLessThanOrEqual(31);
  });
});

describe.each(MODES)("502, %s", (_, query) => {
  const failed = refusal(502, "platform_failed", "The agent platform failed");

  it.each([500, 502, 503, 504, 408, 418])("is what the platform's %i becomes", async (status) => {
    const body = { detail: "Traceback: secret" };
    expect(refusalOf(await told({ status, body }, query))).toEqual(failed);
  });

  it.each([301, 302, 303, 307, 308])(
    "is what its %i becomes, and nobody follows it",
    async (status) => {
      const elsewhere = await startPlatform();
      onTestFinished(() => elsewhere.close());
      const headers = { location: `${elsewhere.url}/v1/agents/agent-1/invoke` };
      expect(refusalOf(await told({ status, headers }, query))).toEqual(failed);
      expect(elsewhere.requests).toEqual([]);
      expect(pair.platform.requests).toHaveLength(1);
    },
  );

  it("is what a connection becomes that breaks once the request is sent", async () => {
    pair.platform.respond(() => "hang up");
    expect(refusalOf(await pair.post({ query, body: "hi" }))).toEqual(failed);
    expect(pair.platform.requests).toHaveLength(1);
  });

  it.each([
    ["a web page", "<!doctype html><title>Sign in</title>"],
    ["nothing", ""],
    ["an error in JSON", { error: "unavailable" }],
  ])("is what a 200 with %s becomes", async (_name, body) => {
    expect(refusalOf(await told({ body }, query))).toEqual(failed);
  });
});

describe("502, sync", () => {
  const failed = refusal(502, "platform_failed", "The agent platform failed");

  it.each([
    ["a list", []],
    ["null", "null"],
    ["JSON that stops", '{"id":"t","status":"comp'],
    ["JSON nested 1,001 deep", `{"id":"t","status":"completed","result":${"[".repeat(1000)}`],
  ])("is what a 200 with %s becomes", async (_, body) => {
    expect(refusalOf(await told({ body }))).toEqual(failed);
  });

  it("is what an answer becomes that breaks off", async () => {
    pair.platform.respond((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
      response.write('{"id":"t",', () => response.destroy());
      return undefined;
    });
    expect(refusalOf(await pair.post({ body: "hi" }))).toEqual(failed);
  });
});

describe("503", () => {
  it.each([
    ["nobody listens", async () => `http://127.0.0.1:${await freePort()}`, ""],
    ["nobody listens, async", async () => `http://127.0.0.1:${await freePort()}`, "asynchronous=1"],
    ["nobody has that name", () => Promise.resolve("http://no-such-host.invalid"), ""],
  ])("says when to try again where %s", async (_, platformUrl, query) => {
    const gateway = await startGateway({ vars: { PLATFORM_URL: await platformUrl() } });
    onTestFinished(() => gateway.stop());
    const address = `${gateway.url}/?agent_id=agent-1&x-api-key=k&${query}`;
    const answer = await send(address, { body: "hi" });
    const detail = "The agent platform cannot be reached";
    expect(refusalOf(answer)).toEqual(refusal(503, "platform_unreachable", detail));
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  });
});

describe.each(MODES)("504, %s", (_, query) => {
  it("is said after SYNC_TIMEOUT_SECONDS of silence, with the task's id", async () => {
    pair.platform.respond(() => "hang");
    const startedAt = Date.now();
    const answer = await pair.post({ query: `task_id=t%201&${query}`, body: "hi" });
    const detail = "The agent platform took too long";
    expect(refusalOf(answer)).toEqual(refusal(504, "platform_timeout", detail));
    expect(answer.headers["x-task-id"]).toBe("t%201");
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990);
    expect(Date.now() - startedAt).toBeLessThan(3_000);
  });
});

describe("504, sync", () => {
  it.each([200, 422])("is said of a %i that stops in its middle", async (status) => {
    pair.platform.respond((_, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.write('{"id":"t","status":"completed",');
      return "hang";
    });
    const answer = await pair.post({ body: "hi" });
    const detail = "The agent platform took too long";
    expect(refusalOf(answer)).toEqual(refusal(504, "platform_timeout", detail));
  });
});
