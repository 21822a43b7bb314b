import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { send } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

const JSON_TYPE = "application/json";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

/** A refusal of one parameter, at this place. */
function wrong(...loc: readonly string[]) {
  const problem = { loc, msg: expect.stringMatching(/./), type: expect.stringMatching(/./) };
  return refusal(422, "parameters_invalid", [problem]);
}

function json(fields: string) {
  return pair.post({ type: JSON_TYPE, body: `{"prompt":"hi",${fields}}` });
}

/** Where the platform was called; an asynchronous call may come after its answer. */
async function called(): Promise<string[]> {
  return (await pair.invoked()).map(({ path }) => path);
}

const WORDS = ["true", "TRUE", "True", "1", "yes", "YES", "yEs", "on", "On"];
const NEGATIONS = ["false", "FALSE", "False", "0", "no", "NO", "nO", "off", "Off"];

describe("a boolean", () => {
  const TRUE = [...WORDS.map((word) => JSON.stringify(word)), "true", "1"];
  const FALSE = [...NEGATIONS.map((word) => JSON.stringify(word)), "false", "0"];

  it.each([
    ...WORDS.map((word) => [word, "/async"] as const),
    ...NEGATIONS.map((word) => [word, ""] as const),
  ])("in the query is %s", async (word, verb) => {
    const answer = await pair.post({ query: `asynchronous=${word}`, body: "hi" });
    expect(answer.status).toBe(200);
    expect(await called()).toEqual([`/v1/agents/agent-1/invoke${verb}`]);
  });

  it.each([
    ...TRUE.map((value) => [value, "/async"] as const),
    ...FALSE.map((value) => [value, ""] as const),
  ])("in JSON is %s", async (value, verb) => {
    expect((await json(`"asynchronous":${value}`)).status).toBe(200);
    expect(await called()).toEqual([`/v1/agents/agent-1/invoke${verb}`]);
  });

  it.each(["2", "-1", "y", "n", "t", "truee", "null", "undefined", "%20true", "ja", "1.0"])(
    "in the query is not %s",
    async (word) => {
      const answer = await pair.post({ query: `asynchronous=${word}`, body: "hi" });
      expect(refusalOf(answer)).toEqual(wrong("query", "asynchronous"));
      expect(pair.platform.requests).toEqual([]);
    },
  );

  it.each(["2", "-1", '"2"', '"y"', '" true"', "[]", "{}", "[true]", '"truthy"'])(
    "in JSON is not %s",
    async (value) => {
      const answer = await json(`"disable_attachment_injection":${value}`);
      expect(refusalOf(answer)).toEqual(wrong("body", "disable_attachment_injection"));
      expect(pair.platform.requests).toEqual([]);
    },
  );
});

describe("an identifier or a name that is a number", () => {
  it.each([
    "9007199254740993",
    "-1001234567890123456",
    "12345678901234567890123",
    "0",
    "1.50",
    "1e3",
  ])("becomes the text that it was written as: %s", async (number) => {
    const fields = ["task_id", "user_id", "user_first_name", "user_last_name"];
    const answer = await json(fields.map((name) => `"${name}":${number}`).join());
    expect(answer.headers["x-task-id"]).toBe(number);
    expect(pair.lastTask()).toMatchObject({
      id: number,
      input: { user: { id: number, email: "", first_name: number, last_name: number } },
    });
  });

  it("is an agent_id as well", async () => {
    const headers = { "x-api-key": "k", "content-type": JSON_TYPE };
    await send(pair.gateway.url, { headers, body: '{"prompt":"hi","agent_id":9007199254740993}' });
    expect(pair.lastRequest().path).toBe("/v1/agents/9007199254740993/invoke");
  });
});

describe("a prompt that is not text", () => {
  it.each([
    ['{ "a" : [1.0, 12345678901234567890] }', '{"a":[1.0,12345678901234567890]}'],
    ["[]", "[]"],
    ["{}", "{}"],
    ["false", "false"],
    ["0", "0"],
    ["12345678901234567890", "12345678901234567890"],
  ])("becomes its JSON text: %s", async (value, text) => {
    const answer = await pair.post({ type: JSON_TYPE, body: `{"prompt":${value}}` });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ input: { text } });
    expect(pair.lastTask()).not.toHaveProperty("additional_context");
  });
});

describe("a value of a wrong type", () => {
  it.each([
    [
      "agent_version is too long",
      `agent_version=${"v".repeat(129)}`,
      '"a":1',
      "query/agent_version",
    ],
    ["agent_version has a line break", "agent_version=1%0A2", '"a":1', "query/agent_version"],
    ["task_id is an object", "", '"task_id":{}', "body/task_id"],
    ["task_id is a boolean", "", '"task_id":true', "body/task_id"],
    ["user_id is a list", "", '"user_id":[1]', "body/user_id"],
    ["user_email is a number", "", '"user_email":7', "body/user_email"],
    ["user_first_name is an object", "", '"user_first_name":{}', "body/user_first_name"],
    ["user_last_name is a boolean", "", '"user_last_name":false', "body/user_last_name"],
    ["getter is a number", "", '"getter":1', "body/getter"],
    ["getter is no path", "getter=a..b", '"a":1', "query/getter"],
    ["getter has an open bracket", "getter=a%5B0", '"a":1', "query/getter"],
    ["user_tokens is a list", "", '"user_tokens":[]', "body/user_tokens"],
    ["user_tokens is a number", "", '"user_tokens":1', "body/user_tokens"],
    ["user_tokens is the JSON text of a list", "", '"user_tokens":"[]"', "body/user_tokens"],
    ["user_tokens is no JSON", "user_tokens=%7Ba:1%7D", '"a":1', "query/user_tokens"],
  ])("is refused with its place: %s", async (_, query, fields, loc) => {
    const body = `{"prompt":"hi",${fields}}`;
    const answer = await pair.post({ query, type: JSON_TYPE, body });
    expect(refusalOf(answer)).toEqual(wrong(...loc.split("/")));
    expect(pair.platform.requests).toEqual([]);
  });
});

const UNFIT_AGENTS = [
  ["a way up", "../x"],
  ["a way up alone", ".."],
  ["a slash", "a/b"],
  ["a backslash", "a\\b"],
  ["an escaped way up", "%2e%2e"],
  ["an escaped slash", "a%2Fb"],
  ["a query", "a?version=1"],
  ["a fragment", "a#b"],
  ["a line break at its end", "agent-1\n"],
  ["a header", "a\r\nx-evil: 1"],
  ["a NUL", "a\0"],
  ["a space", "a b"],
  ["a letter that is not ASCII", "ágent"],
  ["129 characters", "a".repeat(129)],
] as const;

describe("agent_id", () => {
  it.each(UNFIT_AGENTS)("in the query is not %s", async (_, agentId) => {
    const query = new URLSearchParams({ agent_id: agentId }).toString();
    const answer = await send(`${pair.gateway.url}/?x-api-key=k&${query}`, { body: "hi" });
    expect(refusalOf(answer)).toEqual(wrong("query", "agent_id"));
    expect(pair.platform.requests).toEqual([]);
  });

  it.each(UNFIT_AGENTS)("in the body is not %s", async (_, agentId) => {
    const headers = { "x-api-key": "k", "content-type": JSON_TYPE };
    const body = JSON.stringify({ prompt: "hi", agent_id: agentId });
    const answer = await send(pair.gateway.url, { headers, body });
    expect(refusalOf(answer)).toEqual(wrong("body", "agent_id"));
    expect(pair.platform.requests).toEqual([]);
  });

  it("may have 128 characters", async () => {
    const agentId = "aZ_-".repeat(32);
    await send(`${pair.gateway.url}/?x-api-key=k&agent_id=${agentId}`, { body: "hi" });
    expect(pair.lastRequest().path).toBe(`/v1/agents/${agentId}/invoke`);
  });
});

describe("agent_version", () => {
  it.each(["3", "draft", "a b&c=d#e?f", "../..", "ü"])(
    "is the version that is asked for: %s",
    async (v) => {
      const query = new URLSearchParams({ agent_version: v }).toString();
      expect((await pair.post({ query, body: "hi" })).status).toBe(200);
      expect(pair.lastRequest().path).toBe(
        `/v1/agents/agent-1/invoke?version=${encodeURIComponent(v)}`,
      );
    },
  );
});

describe("task_id", () => {
  it.each([
    ["256 characters", "x".repeat(256)],
    ["256 code points past 2^16", "😀".repeat(256)],
    ["a slash, a percent sign and dots", "../50%/a?b#c"],
    ["three dots", "..."],
    ["a space", " "],
  ])("may have %s, and comes back percent-encoded", async (_, taskId) => {
    const query = new URLSearchParams({ task_id: taskId }).toString();
    const answer = await pair.post({ query, body: "hi" });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-task-id"]).toBe(encodeURIComponent(taskId));
    expect(pair.lastTask()).toMatchObject({ id: taskId });
  });

  it.each([
    ["257 characters", JSON.stringify("x".repeat(257))],
    ["257 code points past 2^16", JSON.stringify("😀".repeat(257))],
    ["a line break", '"a\\r\\nx-evil: 1"'],
    ["a NUL", '"\\u0000"'],
    ["a C1 control character", '"a\\u0085"'],
    ["half a character", '"\\ud83d"'],
    ["one dot", '"."'],
    ["two dots", '".."'],
  ])("is not %s", async (_, value) => {
    expect(refusalOf(await json(`"task_id":${value}`))).toEqual(wrong("body", "task_id"));
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("user_tokens", () => {
  it.each([
    ["an object", '{"a":"tok","b":{"Authorization":"Bearer x","n":12345678901234567890}}'],
    ["the JSON text of one", JSON.stringify('{"a":"tok","n":1.50}')],
    ["an object with __proto__ in it", '{"__proto__":{"x":1},"constructor":"c"}'],
    ["an empty object", "{}"],
  ])("reaches the platform as it was written: %s", async (_, value) => {
    expect((await json(`"user_tokens":${value}`)).status).toBe(200);
    const written = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    expect(pair.lastBody()).toContain(`"user_tokens":${written},"source"`);
    expect(pair.lastTask()).not.toHaveProperty("additional_context");
  });
});
