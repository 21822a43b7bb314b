// What must not cost more than it needs to. Bodies within every limit would cost far more than their
// size, if something were read again and again: one caller's must not keep the others waiting.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Pair, startPair } from "../support/pair.ts";
import { everyFile } from "../support/stored-files.ts";
import { startTaskPair } from "../support/task-pair.ts";

const JSON_TYPE = "application/json";
const FORM = "application/x-www-form-urlencoded";
const BYTES = 10_000_000;
const ENOUGH_MS = 8_000;

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());

const ofSize = (piece: string): string => piece.repeat(BYTES / piece.length - 2);
const keys = (count: number, write: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => write(n));

const DEEP = "a.".repeat(996);
const MAPPED = ["task_id", "user_id", "user_email", "user_first_name", "user_last_name", "prompt"];

describe("ten megabytes", () => {
  it.each([
    ["white space between all tokens", JSON_TYPE, "", `[${ofSize("1 , ")}1]`],
    ["escapes that are not needed", JSON_TYPE, "", `["${ofSize("\\u0041")}"]`],
    ["short texts with escapes", JSON_TYPE, "", `[${ofSize('"\\/",')}1]`],
    ["backslashes", JSON_TYPE, "", `{"a":"${ofSize("\\\\")}"}`],
    ["escaped quotes", JSON_TYPE, "", `{"a":"${ofSize('\\"')}"}`],
    ["backslashes before quotes", JSON_TYPE, "", `{"a":"${ofSize(`${"\\\\".repeat(500)}\\"`)}"}`],
    ["keys", JSON_TYPE, "", `{${keys(600_000, (n) => `"k${n}":1`).join(",")}}`],
    ["a form's escapes", FORM, "", `a=${ofSize("%41")}`],
    [
      "elements, of which the last is mapped",
      JSON_TYPE,
      "map.user_id=body.4000000",
      `[${ofSize("1,")}1]`,
    ],
    [
      "values under a thousand levels, mapped six times",
      JSON_TYPE,
      MAPPED.map((name) => `map.${name}=${DEEP}b`).join("&"),
      `${'{"a":'.repeat(996)}[${ofSize("1,").slice(10_000)}1]${"}".repeat(996)}`,
    ],
  ])("of %s are read in a moment", async (_, type, query, body) => {
    const answer = await pair.post({ query, type, body, timeoutMs: ENOUGH_MS });
    expect(answer.status).toBe(200);
  });
});

describe("a sync call with neither task_id nor Idempotency-Key", () => {
  it("reads and writes nothing but the platform", async () => {
    const there = await startTaskPair();
    onTestFinished(() => there.stop());
    there.platform.refuses("POST", "refused", { status: 422, body: { detail: "No" } });
    there.platform.refuses("POST", "failed", { status: 500, body: "" });
    // What is only looked at leaves a database behind as well, if an empty one.
    const before = everyFile(there.folder);
    const answers = [
      await there.post({ prompt: "hi" }),
      await there.post({ prompt: "hi", user_tokens: '{"a":"b"}' }, { body: '{"a":1}' }),
      await there.post({ prompt: "refused" }),
      await there.post({ prompt: "failed" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 422, 502]);
    expect(everyFile(there.folder)).toEqual(before);
    expect(there.platform.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      answers.map(() => "POST /v1/agents/agent-1/invoke"),
    );

    expect((await there.task("nowhere")).status).toBe(404);
    expect([...everyFile(there.folder).keys()]).not.toEqual([...before.keys()]);
  });
});
