import { describe, expect, it } from "vitest";
import { shapeAnswer } from "./answer.ts";
import { readPath } from "./path.ts";
import type { TaskState } from "./task.ts";

function state(result: unknown): TaskState {
  return {
    id: '"t"',
    agent_id: '"a"',
    status: '"completed"',
    result: JSON.stringify(result),
    created_at: '"c"',
    finished_at: "null",
    source: '"webhook"',
    execution_attempts: "1",
  };
}

function answer(result: unknown, { json = false, getter }: { json?: boolean; getter?: string }) {
  const path = readPath(getter ?? "");
  const loc = ["query", "getter"];
  const shape = { json, ...(path.ok && { getter: { path: path.value, loc } }) };
  const shaped = shapeAnswer(state(result), shape);
  return shaped.ok ? shaped.value : shaped.refusal;
}

describe("shapeAnswer", () => {
  it("gives the eight fields in their order", () => {
    expect(answer("text", {})).toEqual({
      json: '{"id":"t","agent_id":"a","status":"completed","result":"text","created_at":"c","finished_at":null,"source":"webhook","execution_attempts":1}',
    });
  });

  it.each([
    ['{"a": 12345678901234567890}', '{"a":12345678901234567890}'],
    ["```json\n[1]\n```", "[1]"],
    ["7", "7"],
    [null, "null"],
  ])("gives the JSON of %j", (result, json) => {
    const shaped = answer(result, { json: true });
    expect(shaped).toMatchObject({ resultFormat: "json" });
    expect(shaped).toHaveProperty("json", expect.stringContaining(`"result":${json},`));
  });

  it("leaves a text that is not JSON", () => {
    expect(answer("{oops", { json: true })).toMatchObject({
      resultFormat: "text",
      json: expect.stringContaining('"result":"{oops"'),
    });
  });

  it.each([
    ["result", '{"a":{"b":[1,2]}}', false, JSON.stringify('{"a":{"b":[1,2]}}')],
    ["result", '{"a":1}', true, '{"a":1}'],
    ["result.a.b[1]", '{"a":{"b":[1,2]}}', false, "2"],
    ["result.a.b[1]", '```\n{"a":{"b":[1,2]}}\n```', false, "2"],
    ["result.a", '{"a":null}', false, "null"],
    [
      "result.summary",
      '{"summary":"Q4 revenue increased 15%"}',
      false,
      '"Q4 revenue increased 15%"',
    ],
    ["status", "x", false, '"completed"'],
    ["finished_at", "x", false, "null"],
  ])("getter=%s of %j (json: %s) gives %s", (getter, result, json, value) => {
    expect(answer(result, { getter, json })).toHaveProperty("json", value);
  });

  it.each(["result.x", "nothing", "result.__proto__", "result.length", "user_tokens"])(
    "getter=%s finds nothing, and nothing is lost",
    (getter) => {
      expect(answer('{"a":1}', { getter })).toMatchObject({
        reason: "getter_found_nothing",
        problem: { loc: ["query", "getter"] },
        task: expect.stringContaining('"id":"t"'),
      });
    },
  );
});
