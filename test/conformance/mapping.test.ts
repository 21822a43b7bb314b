import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Pair, startPair } from "../support/pair.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

const JSON_TYPE = "application/json";
const text = (what: RegExp): unknown => expect.stringMatching(what);

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

const BODY = `{"prompt":"unmapped","a":{"b":[{"c":"found"},[10,20]],"":"empty key"},
  "a.b":{"c.d":"dotted"},"0":"zero","list":["x"],"text":"abc","nothing":null,
  "constructor":"own constructor","__proto__":{"x":"own proto"},
  "quote\\"d":"quoted","ключ":"unicode","k]":"bracket"}`;

/** Maps `prompt` by this path; the prompt that the platform is sent. */
async function promptAt(path: string): Promise<unknown> {
  const query = new URLSearchParams({ "map.prompt": path }).toString();
  const answer = await pair.post({ query, type: JSON_TYPE, body: BODY });
  expect(answer.status).toBe(200);
  return (pair.lastTask() as { input: { text: unknown } }).input.text;
}

describe("a path", () => {
  it.each([
    ["a.b.0.c", "found"],
    ["a.b[0].c", "found"],
    ["a.b.1.0", "10"],
    ["a.b[1][1]", "20"],
    ["a.b.1", "[10,20]"],
    ["a", '{"b":[{"c":"found"},[10,20]],"":"empty key"}'],
    ['["a.b"]["c.d"]', "dotted"],
    ['["a"].b[0]["c"]', "found"],
    ["0", "zero"],
    ["[0]", "zero"],
    ['["quote\\"d"]', "quoted"],
    ['["k]"]', "bracket"],
    ['a[""]', "empty key"],
    ["ключ", "unicode"],
    ["constructor", "own constructor"],
    ["__proto__.x", "own proto"],
  ])("%s finds", async (path, prompt) => {
    expect(await promptAt(path)).toBe(prompt);
  });

  it.each([
    "nowhere",
    "a.nowhere",
    "a.b.2",
    "a.b.-1",
    "a.b.00.c",
    "a.b.0x0.c",
    "a.b.length",
    "text.length",
    "text.0",
    "list.constructor",
    "list.map",
    "a.constructor",
    "a.__proto__",
    "a.toString",
    "toString",
    "hasOwnProperty",
    "a.b[99999999999999999999]",
    "nothing",
    "nothing.more",
  ])("%s finds nothing", async (path) => {
    expect(await promptAt(path)).toBe("unmapped");
  });

  it.each([
    ".",
    "a.",
    ".a",
    "a..b",
    "a[",
    "a]",
    "a[b]",
    "a['b']",
    'a["b]',
    "a[0",
    "a[0]b",
    "a[-1]",
    "[]",
  ])("%s is none", async (path) => {
    const query = new URLSearchParams({ "map.prompt": path }).toString();
    const answer = await pair.post({ query, type: JSON_TYPE, body: BODY });
    const problem = { loc: ["query", "map.prompt"], msg: text(/path/), type: text(/./) };
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
  });

  it("may be long, but finds nothing deeper than a body may be", async () => {
    const path = Array.from({ length: 1_500 }, () => "a").join(".");
    expect(await promptAt(path)).toBe("unmapped");
  });
});

describe("params_mapping", () => {
  it("maps all that it names", async () => {
    const paths = {
      task_id: "id",
      prompt: "p",
      user_id: "u.id",
      user_email: "u.email",
      user_first_name: "u.first",
      user_last_name: "u.last",
    };
    const query = new URLSearchParams({ params_mapping: JSON.stringify(paths) }).toString();
    const body =
      '{"id":9007199254740993,"p":[1.0],"u":{"id":7,"email":"e","first":"f","last":"l"}}';
    expect((await pair.post({ query, type: JSON_TYPE, body })).status).toBe(200);
    expect(pair.lastBody()).toBe(
      JSON.stringify({
        id: "9007199254740993",
        input: {
          text: "[1.0]",
          user: { id: "7", email: "e", first_name: "f", last_name: "l" },
        },
        additional_context: body,
        source: "webhook",
      }),
    );
  });

  it("counts after map.<parameter>", async () => {
    const query = new URLSearchParams({
      params_mapping: '{"task_id":"a","user_id":"a"}',
      "map.task_id": "b",
    }).toString();
    await pair.post({ query, type: JSON_TYPE, body: '{"a":"A","b":"B"}' });
    expect(pair.lastTask()).toMatchObject({ id: "B", input: { user: { id: "A" } } });
  });

  it.each([
    ["an empty one", ""],
    ["an empty object", "{}"],
    ["null and an empty text in it", '{"task_id":null,"user_id":""}'],
  ])("is absent: %s", async (_, mapping) => {
    const query = new URLSearchParams({ params_mapping: mapping }).toString();
    expect((await pair.post({ query, body: "hi" })).status).toBe(200);
  });

  it("maps a form's fields and payload too", async () => {
    const query = new URLSearchParams({ params_mapping: '{"user_id":"who.id"}' }).toString();
    const body = new URLSearchParams({ payload: '{"who":{"id":5}}' }).toString();
    await pair.post({ query, type: "application/x-www-form-urlencoded", body });
    expect(pair.lastTask()).toMatchObject({ input: { user: { id: "5" } } });
  });
});

describe("a mapping that is refused", () => {
  const place = ["query", "params_mapping"];
  const unknown = text(/task_id.*user_id.*prompt/);

  it.each([
    ["no JSON", "task_id:a", [{ loc: place, msg: text(/JSON object.*map\.task_id=/) }]],
    ["cut off", '{"task_id":"a"', [{ loc: place, msg: text(/JSON object/) }]],
    ["a list", '["task_id"]', [{ loc: place, msg: text(/object/) }]],
    ["a text", '"task_id"', [{ loc: place, msg: text(/object/) }]],
    ["a number", "7", [{ loc: place, msg: text(/object/) }]],
    [
      "without its braces",
      '"task_id":"message.chat.id"',
      [{ loc: place, msg: text(/braces.*curl -g.*map\.task_id=message\.chat\.id/) }],
    ],
    ["of an unknown parameter", '{"role":"a"}', [{ loc: [...place, "role"], msg: unknown }]],
    ["of agent_id", '{"agent_id":"a"}', [{ loc: [...place, "agent_id"], msg: unknown }]],
    ["of __proto__", '{"__proto__":"a"}', [{ loc: [...place, "__proto__"], msg: unknown }]],
    ["with a number for a path", '{"task_id":0}', [{ loc: [...place, "task_id"], msg: text(/./) }]],
    [
      "with a list for a path",
      '{"task_id":["a"]}',
      [{ loc: [...place, "task_id"], msg: text(/./) }],
    ],
    [
      "with a path that is none",
      '{"prompt":"a["}',
      [{ loc: [...place, "prompt"], msg: text(/path/) }],
    ],
    [
      "for two reasons",
      '{"json":"a","user_id":"..","task_id":"text"}',
      [
        { loc: [...place, "json"], msg: unknown },
        { loc: [...place, "user_id"], msg: text(/path/) },
      ],
    ],
  ])("is %s", async (_, mapping, problems) => {
    const query = new URLSearchParams({ params_mapping: mapping }).toString();
    const answer = await pair.post({ query, type: JSON_TYPE, body: BODY });
    const detail = problems.map((problem) => ({ ...problem, type: text(/./) }));
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", detail));
    expect(pair.platform.requests).toEqual([]);
  });

  it.each(["role", "agent_id", "x-api-key", "getter", "__proto__", ""])(
    "is map.%s",
    async (name) => {
      const query = new URLSearchParams({ [`map.${name}`]: "a" }).toString();
      const answer = await pair.post({ query, type: JSON_TYPE, body: BODY });
      const problem = { loc: ["query", `map.${name}`], msg: unknown, type: text(/./) };
      expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
    },
  );

  it.each([
    ["map.user_id", "a", ["query", "map.user_id"]],
    ["params_mapping", '{"user_id":"a"}', ["query", "params_mapping", "user_id"]],
  ])("finds a value of a wrong type: %s", async (name, value, loc) => {
    const query = new URLSearchParams({ [name]: value }).toString();
    const answer = await pair.post({ query, type: JSON_TYPE, body: BODY });
    const problem = { loc, msg: text(/./), type: text(/./) };
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
  });
});
