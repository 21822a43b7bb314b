import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { type Answer, freePort, send, sendRaw } from "../support/http.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { toInvoke } from "../support/platform.ts";
import { testSecrets } from "../support/worker-options.ts";

const JSON_TYPE = "application/json";

/** Stands in whatever must never be logged. */
const SECRET = "hush7q4z";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ SYNC_TIMEOUT_SECONDS: "1" });
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

interface Line extends Readonly<Record<string, unknown>> {
  readonly request_id: string;
}

/** The log's lines, once there is one of every answer. */
async function linesOf(gateway: Gateway, answers: readonly Answer[]): Promise<Line[]> {
  return vi.waitFor(
    () => {
      const lines = gateway
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"));
      const read = lines.map((line) => JSON.parse(line) as Line);
      return answers.map(({ headers }) => {
        const found = read.filter((line) => line.request_id === headers["x-request-id"]);
        expect(found).toHaveLength(1);
        return found[0] ?? { request_id: "" };
      });
    },
    { timeout: 5_000 },
  );
}

const milliseconds = expect.any(Number);

describe("the log line of a request", () => {
  it("says which agent answered, and how long it took", async () => {
    pair.platform.respond(async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 60);
      });
      return undefined;
    });
    const answer = await pair.post({ body: "hi" });
    const [line] = await linesOf(pair.gateway, [answer]);
    expect(line).toEqual({
      request_id: answer.headers["x-request-id"],
      channel: "webhook",
      agent: "agent-1",
      status: 200,
      ms: milliseconds,
      platform_ms: milliseconds,
    });
    expect(line?.["platform_ms"]).toBeGreaterThanOrEqual(55);
    expect(line?.["ms"]).toBeGreaterThanOrEqual(Number(line?.["platform_ms"]));
  });

  it.each([
    ["the platform's", 403, { status: 401 }, "api_key_invalid"],
    ["the platform's", 422, { status: 422 }, "parameters_invalid"],
    ["the platform's", 429, { status: 429 }, "rate_limited"],
    ["the platform's failure", 502, { status: 500 }, "platform_failed"],
  ])("says why it was refused: %s %i", async (_, status, reply, reason) => {
    pair.platform.respond(() => reply);
    const answer = await pair.post({ body: "hi" });
    const [line] = await linesOf(pair.gateway, [answer]);
    expect(line).toMatchObject({
      channel: "webhook",
      agent: "agent-1",
      status,
      reason,
      ms: milliseconds,
      platform_ms: milliseconds,
    });
    expect(reason).toBe(answer.headers["x-error-code"]);
  });

  it.each([
    ["401", { headers: { "x-api-key": "" } }, 401, "api_key_missing"],
    ["an unreadable body", { type: JSON_TYPE, body: "{" }, 400, "body_unreadable"],
    ["a wrong parameter", { query: "json=maybe", body: "hi" }, 422, "parameters_invalid"],
    ["another type", { type: "a/b", body: "hi" }, 415, "content_type_unsupported"],
    ["another method", { method: "PUT" }, 405, "method_not_allowed"],
  ])(
    "says why it was refused before the platform was asked: %s",
    async (_, delivery, status, reason) => {
      const answer = await pair.post(delivery);
      const [line] = await linesOf(pair.gateway, [answer]);
      expect(line).toMatchObject({ status, reason, ms: milliseconds });
      expect(line).not.toHaveProperty("platform_ms");
    },
  );

  it("says the cause of an outage, which the caller is not told", async () => {
    const vars = { PLATFORM_URL: `http://127.0.0.1:${await freePort()}` };
    const gateway = await startGateway({ vars });
    onTestFinished(() => gateway.stop());
    const answer = await send(`${gateway.url}/?agent_id=a&x-api-key=${SECRET}`, { body: SECRET });
    const [line] = await linesOf(gateway, [answer]);
    expect(line).toMatchObject({ status: 503, reason: "platform_unreachable" });
    expect(line?.["cause"]).toMatch(/./);
    expect(gateway.output()).not.toContain(SECRET);
  });

  it("is written of what is no webhook too", async () => {
    const answers = [
      await send(pair.gateway.url, { method: "GET" }),
      await send(`${pair.gateway.url}/health`, { method: "HEAD" }),
      await send(`${pair.gateway.url}/${SECRET}?x-api-key=${SECRET}`, { method: "GET" }),
    ];
    const lines = await linesOf(pair.gateway, answers);
    expect(lines.map(({ status }) => status)).toEqual([200, 200, 404]);
    expect(pair.gateway.output()).not.toContain(SECRET);
  });
});

const S = SECRET;
const tokens = `{"mcp":"${S}"}`;

const DELIVERIES: [string, Parameters<Pair["post"]>[0]][] = [
  ["a key in the header", { headers: { "x-api-key": S }, body: "hi" }],
  ["a key in the query", { query: `x-api-key=${S}`, headers: { "x-api-key": "" }, body: "hi" }],
  [
    "a key that no header can carry",
    { headers: { "x-api-key": "" }, query: `x-api-key=${S}%0A`, body: "hi" },
  ],
  ["a key in the body", { type: JSON_TYPE, body: `{"x-api-key":"${S}","prompt":"hi"}` }],
  ["a prompt", { body: S }],
  ["a prompt in the query, async", { query: `prompt=${S}&asynchronous=1` }],
  ["tokens in the query", { query: `user_tokens=${encodeURIComponent(tokens)}`, body: "hi" }],
  ["tokens in the body", { type: JSON_TYPE, body: `{"prompt":"hi","user_tokens":${tokens}}` }],
  ["tokens of a wrong type", { query: `user_tokens=${S}`, body: "hi" }],
  ["a person", { query: `user_id=${S}&user_email=${S}@a.test&user_first_name=${S}`, body: "hi" }],
  ["a conversation", { query: `task_id=${S}`, body: "hi" }],
  ["a conversation that is refused", { query: `task_id=${S}%00`, body: "hi" }],
  [
    "an agent that is refused",
    { query: "", headers: {}, body: `{"agent_id":"${S}/../x"}`, type: JSON_TYPE },
  ],
  ["a mapping that is refused", { query: `map.${S}=${S}&params_mapping=${S}`, body: "hi" }],
  ["a getter that finds nothing", { query: `getter=${S}.${S}`, body: "hi" }],
  ["a version", { query: `agent_version=${S}`, body: "hi" }],
  ["broken JSON", { type: JSON_TYPE, body: `{"${S}":"${S}` }],
  ["a body that is not UTF-8", { type: "application/x-www-form-urlencoded", body: `${S}=%FF` }],
  ["an unknown type", { type: `application/${S}`, body: S }],
  ["an unknown charset", { type: `${JSON_TYPE};charset=${S}`, body: S }],
  ["an unknown encoding", { headers: { "content-encoding": S }, body: S }],
  [
    "a file",
    { type: MULTIPART_TYPE, body: multipart([{ name: S, filename: `${S}.pdf`, content: S }]) },
  ],
  ["broken multipart", { type: `multipart/form-data; boundary=${S}`, body: S }],
  [
    "other headers",
    {
      headers: { authorization: `Bearer ${S}`, cookie: `a=${S}`, referer: `https://${S}/` },
      body: "hi",
    },
  ],
  ["a request id that cannot be one", { headers: { "x-request-id": `key ${S}` }, body: "hi" }],
  ["another method", { method: "DELETE", query: `x-api-key=${S}` }],
];

const REPLIES: [string, Parameters<Pair["platform"]["respond"]>[0]][] = [
  ["completes it", undefined],
  ["fails", () => ({ status: 500, body: `Traceback: ${S}` })],
  [
    "refuses it",
    () => ({ status: 422, body: { detail: [{ loc: [S], msg: S, type: S, input: S }] } }),
  ],
  ["limits it", () => ({ status: 429, headers: { "x-session": S }, body: S })],
  [
    "redirects it",
    () => ({ status: 302, headers: { location: `https://${S}.test/?x-api-key=${S}` } }),
  ],
  ["answers with no JSON", () => ({ body: `<p>${S}` })],
  ["hangs up", () => "hang up"],
];

/** What workerd says where an alarm is moved at the moment that it goes off. */
const RUNTIMES_OWN = /^NOSENTRY SQLite alarm handler canceled /;

describe("the whole output", () => {
  it.each(REPLIES)(
    "holds nothing that a caller sent, where the platform %s",
    async (_, respond) => {
      const deliver = async (): Promise<void> => {
        const answers = await Promise.all(DELIVERIES.map(([, delivery]) => pair.post(delivery)));
        await linesOf(pair.gateway, answers);
        expect(pair.gateway.output()).not.toContain(SECRET);
      };
      pair.platform.respond(respond);
      await deliver();
      pair.platform.respond(respond && toInvoke(respond));
      await deliver();
      // What was only Started is sent, and has its say, after its answer.
      await vi.waitFor(() => {
        const paths = pair.invocations().map(({ path }) => path);
        expect(paths).toContain("/v1/agents/agent-1/invoke/async");
      });
    },
  );

  it("holds nothing of a task that is dead but why", async () => {
    // An agent of its own: what the tests before left to be sent again dies here too.
    const deadLines = (): Line[] =>
      pair.gateway
        .output()
        .split("\n")
        .filter((line) => line.includes('"task_dead"') && line.includes('"agent-dead"'))
        .map((line) => JSON.parse(line) as Line);
    const detail = [{ loc: [S], msg: S, type: S, input: S }];
    pair.platform.respond(toInvoke(() => ({ status: 422, body: { detail } })));
    const query = `asynchronous=1&task_id=${S}-dead&user_tokens=${encodeURIComponent(tokens)}`;
    await send(`${pair.gateway.url}/?agent_id=agent-dead&${query}`, {
      headers: { "x-api-key": S },
      body: S,
    });
    await vi.waitFor(() => expect(deadLines()).toHaveLength(1), { timeout: 5_000 });
    expect(deadLines()).toMatchObject([{ agent: "agent-dead", reason: "parameters_invalid" }]);
    expect(pair.gateway.output()).not.toContain(SECRET);
  });

  it("holds nothing of a body that is cut off, or of a call that takes too long", async () => {
    pair.platform.respond(() => "hang");
    const head = `POST /?agent_id=agent-1&x-api-key=${S} HTTP/1.1\r\nHost: ${S}\r\nConnection: close\r\n`;
    const bytes = `${head}Content-Type: ${JSON_TYPE}\r\nContent-Length: 99\r\n\r\n{"prompt":"${S}`;
    await sendRaw(pair.gateway.url, bytes, { halfClose: true });
    const answer = await pair.post({ query: `prompt=${S}`, headers: { "x-api-key": S } });
    expect(answer.status).toBe(504);
    await linesOf(pair.gateway, [answer]);
    expect(pair.gateway.output()).not.toContain(SECRET);
  });

  it("holds none of the gateway's own secrets", async () => {
    const vars = {
      API_KEY: `api-${S}`,
      GATEWAY_SECRET: `${S}-and-32-bytes-in-all-or-more`,
      MAX_FIELDS: S,
    };
    const gateway = await startGateway({ vars });
    onTestFinished(() => gateway.stop());
    const answer = await send(`${gateway.url}/?agent_id=echo&x-api-key=api-${S}`, { body: "hi" });
    expect(answer.status).toBe(500);
    await linesOf(gateway, [answer]);
    expect(gateway.output()).not.toContain(SECRET);
    expect(pair.gateway.output()).not.toContain(testSecrets.GATEWAY_SECRET);
  });

  it("is nothing but these lines", async () => {
    const answer = await pair.post({ body: "hi" });
    await linesOf(pair.gateway, [answer]);
    const others = pair.gateway
      .output()
      .split("\n")
      .filter((line) => !/^(\{.*\})?$/.test(line) && !RUNTIMES_OWN.test(line));
    expect(others).toEqual([]);
  });
});
