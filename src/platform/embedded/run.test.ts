import { describe, expect, it } from "vitest";
import { runAgent } from "./run.ts";

const task = {
  agentId: "a",
  id: "c",
  prompt: "p",
  contextText: "null",
  files: [],
  user: null,
};
const place = { turn: 1, earlierTurns: [], openFile: rejects };

function throws(): never {
  throw new Error("no such ticket");
}

function rejects(): Promise<never> {
  return Promise.reject(new Error("late"));
}

describe("runAgent", () => {
  it.each([
    ["a text", "text", "text"],
    ["a value as its JSON text", { a: [1] }, '{"a":[1]}'],
    ["false as its JSON text", false, "false"],
    ["nothing as null", undefined, null],
  ])("gives %s", async (_, value, result) => {
    expect(await runAgent(() => value, task, place)).toEqual({ status: "completed", result });
  });

  it("ends in error with the message of what the agent throws", async () => {
    expect(await runAgent(throws, task, place)).toEqual({
      status: "error",
      result: "no such ticket",
    });
    expect(await runAgent(rejects, task, place)).toEqual({ status: "error", result: "late" });
  });

  it("ends in error on a value that is no JSON", async () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(await runAgent(() => circular, task, place)).toMatchObject({ status: "error" });
  });
});
