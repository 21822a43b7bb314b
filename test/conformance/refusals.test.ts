import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { send, sendRaw } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

const JSON_TYPE = "application/json";
const key = { "x-api-key": "test-key" };
const MISSING_PROMPT = [
  {
    loc: ["body", "prompt"],
    msg: "is required where the body holds nothing else",
    type: "missing",
  },
];

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

describe("400 agent_id is required", () => {
  const expected = refusal(400, "agent_id_missing", "agent_id is required");

  it.each([
    ["no query and no body", "/", undefined, ""],
    ["an empty one in the query", "/?agent_id=", JSON_TYPE, '{"prompt":"hi"}'],
    ["a null one in the body", "/", JSON_TYPE, '{"prompt":"hi","agent_id":null}'],
    ["an empty one in both", "/?agent_id=", JSON_TYPE, '{"prompt":"hi","agent_id":""}'],
    ["other parameters that are wrong", "/?asynchronous=maybe", JSON_TYPE, '{"json":7}'],
    ["a mapping to it", "/?map.agent_id=a", JSON_TYPE, '{"a":"agent-1"}'],
  ])("answers %s", async (_, path, type, body) => {
    const headers = type === undefined ? key : { ...key, "content-type": type };
    const answer = await send(pair.gateway.url + path, { headers, body });
    expect(refusalOf(answer)).toEqual(expected);
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("400 unreadable body", () => {
  it.each([
    ["JSON that stops", JSON_TYPE, '{"a":', "line 1, column 6"],
    ["JSON with a comma too many", JSON_TYPE, '{"a":1,}', "line 1, column 8"],
    ["JSON with a fault on its third line", JSON_TYPE, '{\n "a":1,\n  b:2}', "line 3, column 3"],
    ["two values", JSON_TYPE, "{} {}", "line 1, column 4"],
    ["a number that JSON does not know", JSON_TYPE, '{"a":NaN}', "line 1, column 6"],
    ["a number with a leading zero", JSON_TYPE, '{"a":01}', "line 1, column 7"],
    ["single quotes", JSON_TYPE, "{'a':1}", "line 1, column 2"],
    ["white space alone", JSON_TYPE, "  ", "line 1, column 3"],
    ["the JSON of a suffixed type", "application/cloudevents+json", "[", "line 1, column 2"],
  ])("says where: %s", async (_, type, body, place) => {
    const told = refusalOf(await pair.post({ type, body }));
    const detail = expect.stringContaining(`The body is not valid JSON at ${place}`);
    expect(told).toEqual(refusal(400, "body_unreadable", detail));
    expect(pair.platform.requests).toEqual([]);
  });

  it.each([
    ["JSON", JSON_TYPE, '{"a":"', '"}', "byte 6"],
    ["plain text", "text/plain", "abc", "", "byte 3"],
    ["XML", "application/xml", "<a>", "</a>", "byte 3"],
    ["a form", "application/x-www-form-urlencoded", "a=", "&b=1", "byte 2"],
  ])("says where %s is not UTF-8", async (_, type, before, after, place) => {
    const body = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
    const told = refusalOf(await pair.post({ type, body }));
    const detail = expect.stringContaining(place);
    expect(told).toEqual(refusal(400, "body_unreadable", detail));
  });

  it("names the field of a form whose escapes are not UTF-8", async () => {
    const type = "application/x-www-form-urlencoded";
    const told = refusalOf(await pair.post({ type, body: "a=1&bad=%FF%FE" }));
    const detail = expect.stringContaining('"bad"');
    expect(told).toEqual(refusal(400, "body_unreadable", detail));
  });

  it("comes before a missing agent_id", async () => {
    const headers = { ...key, "content-type": JSON_TYPE };
    const answer = await send(pair.gateway.url, { headers, body: "{" });
    expect(answer.headers["x-error-code"]).toBe("body_unreadable");
  });
});

describe("401 API key not specified", () => {
  const expected = refusal(401, "api_key_missing", "API key not specified");

  it.each([
    ["no key", "", {}],
    ["an empty header", "", { "x-api-key": "" }],
    ["an empty header and an empty parameter", "&x-api-key=", { "x-api-key": "" }],
    ["a key in another header", "", { authorization: "Bearer test-key" }],
  ])("answers %s", async (_, query, headers) => {
    const address = `${pair.gateway.url}/?agent_id=agent-1${query}`;
    const answer = await send(address, { headers: { ...headers }, body: "hi" });
    expect(refusalOf(answer)).toEqual(expected);
    expect(pair.platform.requests).toEqual([]);
  });

  it.each([
    ["a key in the body alone", JSON_TYPE, '{"x-api-key":"test-key","prompt":"hi"}'],
    ["an unreadable body", JSON_TYPE, "{"],
    ["a type that is not accepted", "application/x-unknown", "x"],
  ])("comes before the body is read: %s", async (_, type, body) => {
    const headers = { "content-type": type };
    const answer = await send(pair.gateway.url, { headers, body });
    expect(refusalOf(answer)).toEqual(expected);
  });

  it("reaches a sender that is still sending", async () => {
    const head =
      "POST / HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n";
    const answer = await sendRaw(pair.gateway.url, `${head}{"prompt":`, { timeoutMs: 4_000 });
    expect(answer).toMatch(/^HTTP\/1\.1 401 .*API key not specified"}$/s);
  });
});

describe("404 Not found", () => {
  it.each(["/nowhere", "/v1", "/hooks", "//"])("answers %s", async (path) => {
    const answer = await send(pair.gateway.url + path, { headers: key, body: "hi" });
    expect(refusalOf(answer)).toEqual(refusal(404, "not_found", "Not found"));
  });
});

describe("405", () => {
  it.each([
    ["PUT", "/", "GET, HEAD, POST"],
    ["PATCH", "/", "GET, HEAD, POST"],
    ["DELETE", "/", "GET, HEAD, POST"],
    ["OPTIONS", "/", "GET, HEAD, POST"],
    ["TRACE", "/", "GET, HEAD, POST"],
    ["POST", "/health", "GET, HEAD"],
    ["DELETE", "/openapi.json", "GET, HEAD"],
  ])("answers %s %s", async (method, path, allow) => {
    const answer = await send(pair.gateway.url + path, { method, headers: key });
    const detail = `Method not allowed; allowed: ${allow}`;
    expect(refusalOf(answer)).toEqual(refusal(405, "method_not_allowed", detail));
    expect(answer.headers.allow).toBe(allow);
  });
});

describe("422", () => {
  it("lists all that is wrong, each with its place", async () => {
    const answer = await send(
      `${pair.gateway.url}/?agent_id=a%2Fb&asynchronous=maybe&task_id=..&map.task_id=a..b` +
        `&map.role=x&params_mapping=${encodeURIComponent('{"user_id":"a[","agent_id":"b"}')}`,
      {
        headers: { ...key, "content-type": JSON_TYPE },
        body: '{"user_email":5,"json":2,"user_tokens":[],"getter":"a."}',
      },
    );
    const told = refusalOf(answer);
    expect(told).toEqual(refusal(422, "parameters_invalid", expect.any(Array)));
    const { detail } = told.body as { detail: { loc: string[]; msg: string; type: string }[] };
    expect(detail.map(({ loc }) => loc.join("/")).toSorted()).toEqual([
      "body/getter",
      "body/json",
      "body/prompt",
      "body/user_email",
      "body/user_tokens",
      "query/agent_id",
      "query/asynchronous",
      "query/map.role",
      "query/map.task_id",
      "query/params_mapping/agent_id",
      "query/params_mapping/user_id",
      "query/task_id",
    ]);
    expect(detail.map((problem) => Object.keys(problem).toSorted())).toEqual(
      detail.map(() => ["loc", "msg", "type"]),
    );
    expect(pair.platform.requests).toEqual([]);
  });

  it.each([
    ["no body", undefined, ""],
    ["an empty JSON object", JSON_TYPE, "{}"],
    ["only parameters", JSON_TYPE, '{"task_id":"t","user_id":1,"json":true}'],
    ["an empty prompt", JSON_TYPE, '{"prompt":""}'],
    ["a null prompt", JSON_TYPE, '{"prompt":null}'],
  ])("asks for a prompt where there is nothing else: %s", async (_, type, body) => {
    const answer = await pair.post({ ...(type !== undefined && { type }), body });
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", MISSING_PROMPT));
    expect(pair.platform.requests).toEqual([]);
  });
});

describe("X-Request-Id", () => {
  it("is on every answer, and another one each time", async () => {
    const answers = [await pair.post({ body: "a" }), await pair.post(), await pair.post()];
    const ids = answers.map(({ headers }) => headers["x-request-id"]);
    expect(answers.map(({ status }) => status)).toEqual([200, 422, 422]);
    expect(ids).toEqual(ids.map(() => expect.stringMatching(/./)));
    expect(new Set(ids).size).toBe(3);
  });
});
