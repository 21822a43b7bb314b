import { describe, expect, it } from "vitest";
import { type Body, NO_BODY, readFields } from "./fields.ts";
import { readInvocation } from "./invocation.ts";
import type { UploadedFile } from "./task.ts";

/** The invocation, or the refusal, of a JSON body under a query. */
function read(query: Record<string, string>, body = "{}") {
  const fields = readFields("json", body, { hasPrompt: false, maxFields: 9 });
  if (!fields.ok) throw new Error("the test's body is not JSON");
  return readWith(query, fields.value);
}

function readWith(query: Record<string, string>, body: Body, uploads: UploadedFile[] = []) {
  const invocation = readInvocation({
    query: new Map(Object.entries(query)),
    body,
    uploads,
    newTaskId: () => "new-id",
    rules: { maxWaitSeconds: 300, callbackHosts: ["hooks.example.com"] },
  });
  return invocation.ok ? invocation.value : invocation.refusal;
}

const agent = { agent_id: "a" };
const prompted = { ...agent, prompt: "p" };

describe("priority", () => {
  it("takes the query before the mapping before the body before the default", () => {
    const body = '{"task_id":"body","x":"mapped"}';
    const id = (query: Record<string, string>, text = body) =>
      read({ ...prompted, ...query }, text);
    expect(id({ task_id: "query", "map.task_id": "x" })).toMatchObject({ task: { id: "query" } });
    expect(id({ "map.task_id": "x" })).toMatchObject({ task: { id: "mapped" } });
    expect(id({})).toMatchObject({ task: { id: "body" } });
    expect(id({}, "{}")).toMatchObject({ task: { id: "new-id" } });
  });

  it.each([
    [{ task_id: "" }, '{"x":"mapped","task_id":"body"}', "mapped"],
    [{}, '{"x":null,"task_id":"body"}', "body"],
    [{}, '{"x":"","task_id":"body"}', "body"],
    [{}, '{"x":null,"task_id":""}', "new-id"],
    [{}, '{"task_id":null}', "new-id"],
  ])("asks the next level where one is empty: %j %s", (query, body, id) => {
    expect(read({ ...prompted, "map.task_id": "x", ...query }, body)).toMatchObject({
      task: { id },
    });
  });

  it("takes map.x before params_mapping's x", () => {
    const query = {
      ...prompted,
      "map.task_id": "a",
      params_mapping: '{"task_id":"b","user_id":"b"}',
    };
    expect(read(query, '{"a":"1","b":"2"}')).toMatchObject({
      task: { id: "1", user: { id: "2" } },
    });
  });

  it("asks params_mapping where map.x finds nothing", () => {
    const query = { ...prompted, "map.task_id": "no", params_mapping: '{"task_id":"b"}' };
    expect(read(query, '{"b":"2"}')).toMatchObject({ task: { id: "2" } });
  });

  it("drops a body field whose parameter came from elsewhere, even one of a wrong type", () => {
    const query = { ...prompted, asynchronous: "true" };
    const read1 = read(query, '{"prompt":"other","asynchronous":"maybe","kept":1}');
    expect(read1).toMatchObject({
      handling: { asynchronous: true },
      task: { prompt: "p", context: '{"kept":1}' },
    });
  });

  it("keeps what is query-only as context, and drops a key", () => {
    const body =
      '{"callback_url":"https://x","params_mapping":"y","agent_version":"1","x-api-key":"k"}';
    expect(read(prompted, body)).toMatchObject({
      task: { context: '{"callback_url":"https://x","params_mapping":"y","agent_version":"1"}' },
    });
  });
});

describe("types", () => {
  it.each(["true", "TRUE", "1", "yes", "On"])("reads %s as true, in query and body", (word) => {
    expect(read({ ...prompted, asynchronous: word })).toMatchObject({
      handling: { asynchronous: true },
    });
    expect(read(prompted, JSON.stringify({ asynchronous: word }))).toMatchObject({
      handling: { asynchronous: true },
    });
  });

  it.each(["true", "1", "1.0"])("reads the JSON value %s as true", (value) => {
    expect(read(prompted, `{"json":${value}}`)).toMatchObject({ shape: { json: true } });
  });

  it.each(["false", "0", '"no"', '"OFF"'])("reads the JSON value %s as false", (value) => {
    expect(read(prompted, `{"asynchronous":${value}}`)).toMatchObject({
      handling: { asynchronous: false },
    });
  });

  it.each(["2", "[]", "{}", '"maybe"', '" true"', "1.5"])("refuses %s as a boolean", (value) => {
    expect(read(prompted, `{"asynchronous":${value}}`)).toMatchObject({
      problems: [{ loc: ["body", "asynchronous"], type: "invalid_type" }],
    });
  });

  it("keeps every digit of a number that is an identifier or stands in the context", () => {
    const body =
      '{"task_id":12345678901234567890,"user_id":9007199254740993,"big":1.10e400,"list":[0.10]}';
    expect(read(prompted, body)).toMatchObject({
      task: {
        id: "12345678901234567890",
        user: { id: "9007199254740993" },
        context: '{"big":1.10e400,"list":[0.10]}',
      },
    });
  });

  it.each(["5", '["a"]', "true", "{}"])("refuses %s as an email address", (value) => {
    expect(read(prompted, `{"user_email":${value}}`)).toMatchObject({
      problems: [{ loc: ["body", "user_email"], msg: "must be text" }],
    });
  });

  it.each([
    ["7", "7"],
    ["false", "false"],
    ['{"b":1,"a":[]}', '{"b":1,"a":[]}'],
    ['["x"]', '["x"]'],
    ['"text"', "text"],
  ])("takes %s as the prompt %s", (value, prompt) => {
    expect(read(agent, `{"prompt":${value}}`)).toMatchObject({ task: { prompt } });
  });

  it.each(['{"t":"x"}', '"{\\"t\\":\\"x\\"}"'])("takes %s as tokens", (value) => {
    const invocation = read(prompted, `{"user_tokens":${value}}`);
    expect(invocation).toMatchObject({ task: { userTokens: '{"t":"x"}' } });
  });

  it.each(["[]", '"text"', '"[1]"', "5", '"null"'])("refuses %s as tokens", (value) => {
    expect(read(prompted, `{"user_tokens":${value}}`)).toMatchObject({
      problems: [{ loc: ["body", "user_tokens"] }],
    });
  });

  it("takes a task_id of 256 code points, and not of 257", () => {
    expect(read({ ...prompted, task_id: "😀".repeat(256) })).toHaveProperty("task");
    expect(read({ ...prompted, task_id: "😀".repeat(257) })).toHaveProperty("problems");
  });

  it.each([".", "..", "a\u0000b", "a\nb", "\u0085", "\ud800"])("refuses the task_id %j", (id) => {
    expect(read(prompted, JSON.stringify({ task_id: id }))).toMatchObject({
      problems: [{ loc: ["body", "task_id"] }],
    });
  });

  it.each(["../x", "a/b", "%2e%2e", "a".repeat(129), "a b", "ä"])(
    "refuses the agent_id %s",
    (id) => {
      expect(read({ agent_id: id, prompt: "p" })).toMatchObject({
        problems: [{ loc: ["query", "agent_id"] }],
      });
    },
  );

  it("takes an agent_id of 128, or a number", () => {
    expect(read({ agent_id: "a".repeat(128), prompt: "p" })).toHaveProperty("task");
    expect(read({ prompt: "p" }, '{"agent_id":42}')).toMatchObject({ task: { agentId: "42" } });
  });
});

describe("mapping", () => {
  it("maps every parameter that can be mapped", () => {
    const names = [
      "task_id",
      "user_id",
      "user_email",
      "user_first_name",
      "user_last_name",
      "prompt",
    ];
    const query = Object.fromEntries(names.map((name) => [`map.${name}`, `deep[0].${name}`]));
    const body = JSON.stringify({
      deep: [Object.fromEntries(names.map((name) => [name, `${name}!`]))],
    });
    expect(read({ ...agent, ...query }, body)).toMatchObject({
      task: {
        id: "task_id!",
        prompt: "prompt!",
        user: {
          id: "user_id!",
          email: "user_email!",
          first_name: "user_first_name!",
          last_name: "user_last_name!",
        },
        context: body,
      },
    });
  });

  it("leaves a path that points nowhere to the next level", () => {
    expect(read({ ...prompted, "map.task_id": "a.b.c" })).toMatchObject({ task: { id: "new-id" } });
  });

  it("names a mapped value of a wrong type by its mapping", () => {
    expect(read({ ...prompted, "map.task_id": "a" }, '{"a":{}}')).toMatchObject({
      problems: [{ loc: ["query", "map.task_id"], msg: "must be text" }],
    });
    expect(read({ ...prompted, params_mapping: '{"user_email":"a"}' }, '{"a":5}')).toMatchObject({
      problems: [{ loc: ["query", "params_mapping", "user_email"] }],
    });
  });

  it.each([
    ["task_id", /^must be a JSON object, as in/],
    ["[]", /^must be a JSON object$/],
    ['"task_id":"message.chat.id"', /lost its braces.*curl -g.*map\.task_id=message\.chat\.id/],
  ])("refuses params_mapping=%s", (text, words) => {
    expect(read({ ...prompted, params_mapping: text })).toMatchObject({
      problems: [{ loc: ["query", "params_mapping"], msg: expect.stringMatching(words) }],
    });
  });

  it.each([
    ['{"agent_id":"x"}', ["query", "params_mapping", "agent_id"]],
    ['{"__proto__":"x"}', ["query", "params_mapping", "__proto__"]],
    ['{"task_id":5}', ["query", "params_mapping", "task_id"]],
    ['{"task_id":"a..b"}', ["query", "params_mapping", "task_id"]],
  ])("refuses an entry of %s", (text, loc) => {
    expect(read({ ...prompted, params_mapping: text })).toMatchObject({ problems: [{ loc }] });
  });

  it.each(["map.x", "map.", "map.__proto__", "map.json"])("refuses %s", (name) => {
    expect(read({ ...prompted, [name]: "a" })).toMatchObject({
      problems: [{ loc: ["query", name], type: "unknown_parameter" }],
    });
  });

  it("never finds what the JSON itself does not hold", () => {
    const query = { ...prompted, "map.task_id": "__proto__.x", "map.user_id": "constructor.name" };
    const invocation = read(query, '{"a":1}');
    expect(invocation).toMatchObject({ task: { id: "new-id" } });
    expect(invocation).toHaveProperty("task.user", undefined);
  });
});

describe("prompt and context", () => {
  it.each([
    ['{"a":1}', '{"a":1}'],
    ["[1,2]", "[1,2]"],
    ['"text"', "text"],
    ['{"body":{"a":1}}', '{"a":1}'],
    ['{"body":1,"b":2}', '{"body":1,"b":2}'],
  ])("without a prompt %s is the prompt %s, and is not sent twice", (body, prompt) => {
    const invocation = read(agent, body);
    expect(invocation).toMatchObject({ task: { prompt } });
    expect(invocation).toHaveProperty("task.context", undefined);
  });

  it.each(["{}", '{"prompt":""}', '{"prompt":null,"task_id":"x"}'])(
    "refuses %s: nothing to tell the agent",
    (body) => {
      expect(read(agent, body)).toMatchObject({
        problems: [{ loc: ["body", "prompt"], type: "missing" }],
      });
    },
  );
});

describe("refusals", () => {
  it("wants an agent before anything else", () => {
    expect(read({ asynchronous: "maybe" })).toEqual({ reason: "agent_id_missing" });
    expect(read({ agent_id: "" }, '{"agent_id":null}')).toEqual({ reason: "agent_id_missing" });
  });

  it("lists every wrong parameter", () => {
    const query = { agent_id: "a b", asynchronous: "x", "map.foo": "a", getter: "a..b" };
    const body = '{"user_email":5,"user_tokens":[],"json":"x"}';
    expect(read(query, body)).toMatchObject({
      problems: [
        { loc: ["query", "map.foo"] },
        { loc: ["query", "agent_id"] },
        { loc: ["query", "asynchronous"] },
        { loc: ["query", "getter"] },
        { loc: ["body", "user_email"] },
        { loc: ["body", "json"] },
        { loc: ["body", "user_tokens"] },
        { loc: ["body", "prompt"] },
      ],
    });
  });
});

describe("files", () => {
  const upload: UploadedFile = {
    field: "doc",
    name: "a.pdf",
    type: "application/pdf",
    size: 5,
    key: "files/o/u/1",
    url: "https://inlet.test/files/o/u/1/a.pdf?token=t",
  };
  const described = '{"files":[{"field":"doc","name":"a.pdf","type":"application/pdf","size":5}]}';

  it("with neither prompt nor context leave the prompt empty", () => {
    expect(readWith(agent, NO_BODY, [upload])).toMatchObject({
      task: { prompt: "", files: [upload], context: described },
    });
  });

  it("are described beside the context", () => {
    const body: Body = { fields: new Map([["a", "1"]]), isJson: false };
    expect(readWith(prompted, body, [upload])).toMatchObject({
      task: { context: `{"a":1,${described.slice(1)}` },
    });
    expect(readWith(agent, body, [upload])).toMatchObject({
      task: { prompt: '{"a":1}', context: described },
    });
  });

  it("make room for fields of their name, and of that room's", () => {
    const names = ["files", "files_field", "files_field_"];
    const body: Body = { fields: new Map(names.map((name) => [name, "1"])), isJson: false };
    expect(readWith(prompted, body, [upload])).toMatchObject({
      task: {
        context: `{"files_field__":1,"files_field":1,"files_field_":1,${described.slice(1)}`,
      },
    });
  });

  it("may be given by their addresses in a JSON body", () => {
    expect(read(agent, '{"files":["https://x/a.pdf","HTTPS://y/b"]}')).toMatchObject({
      task: { prompt: "", files: [{ url: "https://x/a.pdf" }, { url: "HTTPS://y/b" }] },
    });
  });

  it.each([
    '{"files":["http://x/a"]}',
    '{"files":[]}',
    '{"files":["https://x/a",5]}',
    '{"files":"https://x/a"}',
    '{"files":["https://"]}',
    JSON.stringify({ files: Array.from({ length: 21 }, () => "https://x/a") }),
  ])("are context in %s", (body) => {
    expect(read(prompted, body)).toMatchObject({ task: { files: [], context: body } });
  });

  it("are context in a form", () => {
    const body: Body = { fields: new Map([["files", '["https://x/a"]']]), isJson: false };
    expect(readWith(prompted, body)).toMatchObject({ task: { files: [] } });
  });
});
