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
    ["a function as null", rejects, null],
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

  it.each<[string, unknown, string]>([
    ["a number", 7, "7"],
    ["a message that is a number", Object.assign(new Error("x"), { message: 7n }), "7"],
    ["an object without words", Object.create(null), "the agent has thrown what cannot be told"],
    [
      "a message that throws",
      Object.defineProperty(new Error("x"), "message", { get: throws }),
      "the agent has thrown what cannot be told",
    ],
    ["a megabyte", new Error("世".repeat(1_000_000)), "世".repeat(65_536)],
  ])("ends in error in words of ours where it throws %s", async (_, thrown, result) => {
    const agent = () => Promise.reject(thrown);
    expect(await runAgent(agent, task, place)).toEqual({ status: "error", result });
  });

  it("ends in error on a value that is no JSON", async () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(await runAgent(() => circular, task, place)).toMatchObject({ status: "error" });
  });
});
