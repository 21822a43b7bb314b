import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, jsonOf, send } from "../support/http.ts";
import { MULTIPART_TYPE, multipartFields } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { toInvoke } from "../support/platform.ts";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => {
  pair.reset();
  const body = { id: "t", status: "completed", result: '{"n":1}' };
  pair.platform.respond(toInvoke(() => ({ body })));
});

type Values = Readonly<Record<string, string>>;

/** Where a caller may put parameters: what its request is then made of. */
const PLACES = {
  query: (values: Values) => ({ query: values }),
  JSON: (values: Values) => ({ type: JSON_TYPE, body: JSON.stringify(values) }),
  "JSON under a form's type": (values: Values) => ({ type: FORM, body: JSON.stringify(values) }),
  form: (values: Values) => ({ type: FORM, body: new URLSearchParams(values).toString() }),
  "form's payload": (values: Values) => ({
    type: FORM,
    body: new URLSearchParams({ payload: JSON.stringify(values) }).toString(),
  }),
  multipart: (values: Values) => ({ type: MULTIPART_TYPE, body: multipartFields(values) }),
  "plain text": (values: Values) => ({ type: "text/plain", body: JSON.stringify(values) }),
} as const;

interface Parts {
  readonly query?: Values;
  readonly type?: string;
  readonly body?: string | Uint8Array;
}

async function deliver({ query = {}, type, body }: Parts): Promise<Answer> {
  return send(`${pair.gateway.url}/?${new URLSearchParams(query).toString()}`, {
    headers: { "x-api-key": "test-key", ...(type !== undefined && { "content-type": type }) },
    ...(body !== undefined && { body }),
  });
}

/** What came of a delivery: the path that was called, the task it was called with, the answer. */
async function outcome(answer: Answer) {
  expect(await pair.invoked()).toHaveLength(1);
  return {
    path: pair.lastRequest().path,
    ...(pair.lastTask() as object),
    answer: jsonOf(answer),
    format: answer.headers["x-result-format"],
  };
}

const PARAMETERS: [string, string, object][] = [
  ["agent_id", "Agent_2-b", { path: "/v1/agents/Agent_2-b/invoke" }],
  ["prompt", "Grüße ☕", { input: { text: "Grüße ☕" } }],
  [
    "asynchronous",
    "true",
    { path: "/v1/agents/agent-1/invoke/async", answer: { status: "Started" } },
  ],
  ["task_id", "chat 7/ü", { id: "chat 7/ü" }],
  ["user_id", "u-1", { input: { text: "hi", user: { id: "u-1", email: "" } } }],
  ["user_email", "a@b.test", { input: { text: "hi", user: { email: "a@b.test" } } }],
  ["user_first_name", "Zoë", { input: { text: "hi", user: { email: "", first_name: "Zoë" } } }],
  ["user_last_name", "O'Neil", { input: { text: "hi", user: { email: "", last_name: "O'Neil" } } }],
  ["getter", "result.n", { answer: 1 }],
  ["json", "yes", { answer: { result: { n: 1 } }, format: "json" }],
  ["user_tokens", '{"mcp-1":"tok"}', { user_tokens: { "mcp-1": "tok" } }],
  ["disable_attachment_injection", "on", { disable_attachment_injection: true }],
];

describe.each(Object.entries(PLACES))("a parameter in: %s", (_, place) => {
  it.each(PARAMETERS)("%s=%s", async (name, value, expected) => {
    const answer = await deliver(place({ agent_id: "agent-1", prompt: "hi", [name]: value }));
    expect(answer.status).toBe(200);
    expect(await outcome(answer)).toMatchObject(expected);
    expect(pair.lastTask()).not.toHaveProperty("additional_context");
  });

  it("is taken with all the others", async () => {
    const values = Object.fromEntries(PARAMETERS.map(([name, value]) => [name, value]));
    const answer = await deliver(place({ ...values, asynchronous: "false" }));
    expect(jsonOf(answer)).toBe(1);
    expect(pair.lastRequest().path).toBe("/v1/agents/Agent_2-b/invoke");
    expect(pair.lastTask()).toEqual({
      id: "chat 7/ü",
      input: {
        text: "Grüße ☕",
        user: { id: "u-1", email: "a@b.test", first_name: "Zoë", last_name: "O'Neil" },
      },
      user_tokens: { "mcp-1": "tok" },
      disable_attachment_injection: true,
      source: "webhook",
    });
  });
});

const MAPPABLE: [string, (value: string) => object][] = [
  ["task_id", (id) => ({ id })],
  ["prompt", (text) => ({ input: { text } })],
  ["user_id", (id) => ({ input: { user: { id } } })],
  ["user_email", (email) => ({ input: { user: { email } } })],
  ["user_first_name", (first) => ({ input: { user: { first_name: first } } })],
  ["user_last_name", (last) => ({ input: { user: { last_name: last } } })],
];

describe.each(MAPPABLE)("the priority of %s", (name, expected) => {
  const mapped = (value: unknown) => ({ at: { value }, prompt: "hi", [name]: "from the body" });
  const remap = { [`map.${name}`]: "at.value" };

  it.each([
    ["query, then mapped", { ...remap, [name]: "from the query" }, mapped("x"), "from the query"],
    ["mapped, then body", remap, mapped("mapped"), "mapped"],
    ["an empty query: mapped", { ...remap, [name]: "" }, mapped("mapped"), "mapped"],
    ["null at the path: body", remap, mapped(null), "from the body"],
    ["an empty text at the path: body", remap, mapped(""), "from the body"],
    ["nothing at the path: body", { [`map.${name}`]: "at.other" }, mapped(1), "from the body"],
    ["an empty mapping: body", { [`map.${name}`]: "" }, mapped(1), "from the body"],
    ["query, then body", { [name]: "from the query" }, mapped(1), "from the query"],
  ])("%s", async (_, query, fields, value) => {
    const answer = await pair.post({
      query: new URLSearchParams(query).toString(),
      type: JSON_TYPE,
      body: JSON.stringify(fields),
    });
    expect(answer.status).toBe(200);
    expect(pair.lastTask()).toMatchObject(expected(value));
    expect(pair.lastTask()).toMatchObject({
      additional_context: JSON.stringify({ at: fields.at }),
    });
  });
});

describe("the priority of a parameter that cannot be mapped", () => {
  it.each([
    ["the query counts before the body", "json=false", '"json":true', undefined],
    ["an empty one in the query is none", "json=", '"json":"1"', "json"],
    ["null in the body is none", "", '"json":null', undefined],
    ["an empty text in the body is none", "", '"json":""', undefined],
    ["of two in the query the first counts", "json=1&json=0", '"x":1', "json"],
    ["also where the first is empty", "json=&json=1", '"json":false', undefined],
  ])("%s", async (_, query, field, format) => {
    const answer = await pair.post({ query, type: JSON_TYPE, body: `{"prompt":"hi",${field}}` });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-result-format"]).toBe(format);
  });
});

describe("a parameter in the query that is not UTF-8", () => {
  it.each([
    "task_id",
    "user_first_name",
    "prompt",
    "getter",
    "agent_version",
    "asynchronous",
    "filename",
    "map.task_id",
  ])("is refused by its name, and never what another might be taken for: %s", async (name) => {
    const body = '{"a":1}';
    const answer = await pair.post({ query: `${name}=caf%E9`, type: JSON_TYPE, body });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      422,
      { detail: [{ loc: ["query", name], msg: "is not UTF-8", type: "not_utf8" }] },
    ]);
  });

  it("does not matter where it is none of ours", async () => {
    const answer = await pair.post({ query: "prompt=P&utm=caf%E9", type: JSON_TYPE, body: "{}" });
    expect(answer.status).toBe(200);
  });
});

describe("x-api-key", () => {
  it.each([
    ["the header", "", { "x-api-key": "from-header" }, "from-header"],
    ["the query", "x-api-key=from-query", {}, "from-query"],
    ["the header before the query", "x-api-key=q", { "x-api-key": "from-header" }, "from-header"],
    ["the query where the header is empty", "x-api-key=q", { "x-api-key": "" }, "q"],
  ])("is taken from %s", async (_, query, headers, expected) => {
    const address = `${pair.gateway.url}/?agent_id=agent-1&${query}`;
    const answer = await send(address, { headers: { ...headers }, body: "hi" });
    expect(answer.status).toBe(200);
    expect(pair.lastRequest().headers["x-api-key"]).toBe(expected);
    expect(pair.lastRequest().path).toBe("/v1/agents/agent-1/invoke");
  });

  it("in a body is dropped", async () => {
    const body = '{"x-api-key":"in-the-body","prompt":"hi","a":1}';
    await pair.post({ type: JSON_TYPE, body });
    expect(pair.lastBody()).not.toContain("in-the-body");
    expect(pair.lastTask()).toMatchObject({ additional_context: '{"a":1}' });
  });
});

describe("what is no parameter", () => {
  it.each(["agent_version", "wait", "callback_url", "overlap", "debounce", "filename"])(
    "%s is context in a body",
    async (name) => {
      const body = JSON.stringify({ prompt: "hi", [name]: "1" });
      expect((await pair.post({ type: JSON_TYPE, body })).status).toBe(200);
      expect(pair.lastTask()).toMatchObject({ additional_context: `{"${name}":"1"}` });
      expect(pair.lastRequest().path).toBe("/v1/agents/agent-1/invoke");
    },
  );

  it("a mapping is context in a body", async () => {
    const body = '{"prompt":"hi","params_mapping":{"task_id":"a"},"map.task_id":"a","a":"mapped"}';
    expect((await pair.post({ type: JSON_TYPE, body })).status).toBe(200);
    expect(pair.lastTask()).toMatchObject({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      additional_context: body.replace('"prompt":"hi",', ""),
    });
  });

  it("is ignored in the query", async () => {
    await pair.post({ query: "utm_source=x&role=admin&user.role=admin&prompt=hi&%FF=%ZZ" });
    expect(pair.lastTask()).toEqual({
      id: expect.any(String),
      input: { text: "hi" },
      source: "webhook",
    });
  });

  it("never becomes the platform's own field", async () => {
    const body = {
      prompt: "hi",
      user_id: "u",
      role: "admin",
      is_super_admin: true,
      user: { role: "admin", is_super_admin: true },
      id: "x",
      input: { text: "x" },
      source: "x",
      additional_context: "x",
      instructions_override: "x",
      mcp_servers: [],
    };
    await pair.post({ type: JSON_TYPE, body: JSON.stringify(body) });
    const { prompt: _, user_id: __, ...context } = body;
    expect(pair.lastTask()).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      input: { text: "hi", user: { id: "u", email: "" } },
      additional_context: JSON.stringify(context),
      source: "webhook",
    });
  });
});
