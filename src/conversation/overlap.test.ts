import { describe, expect, it } from "vitest";
import type { Overlap } from "../invocation/parameter-schemas.ts";
import { decideOverlap, mergeTasks, type Tail, taskToSend, type WaitingTask } from "./overlap.ts";

const agreeing: Tail = { agreement: "a", isSent: false, isHeld: false };
const held: Tail = { ...agreeing, isHeld: true };
const sent: Tail = { ...agreeing, isSent: true };
const another: Tail = { ...agreeing, agreement: "b" };
const synchronous: Tail = { ...agreeing, agreement: null };

describe("decideOverlap", () => {
  it.each<[Overlap, number, Tail | undefined, string | null, string]>([
    ["queue", 0, undefined, "a", "queue"],
    ["drop", 0, undefined, "a", "queue"],
    ["latest", 0, undefined, "a", "queue"],
    ["merge", 0, undefined, "a", "queue"],
    ["queue", 10_000, undefined, "a", "queue"],

    ["queue", 0, agreeing, "a", "queue"],
    ["queue", 0, held, "a", "queue"],
    ["queue", 10_000, held, "a", "merge"],
    ["queue", 10_000, agreeing, "a", "queue"],
    ["queue", 10_000, sent, "a", "queue"],
    ["queue", 10_000, { ...another, isHeld: true }, "a", "queue"],
    ["queue", 10_000, { ...held, isSent: true }, "a", "queue"],

    ["merge", 0, agreeing, "a", "merge"],
    ["merge", 0, held, "a", "merge"],
    ["merge", 0, sent, "a", "queue"],
    ["merge", 0, another, "a", "queue"],
    ["merge", 0, synchronous, "a", "queue"],
    ["merge", 0, synchronous, null, "queue"],

    ["latest", 0, agreeing, "a", "replace"],
    ["latest", 0, sent, "a", "replace"],
    ["latest", 0, another, "a", "replace"],
    ["latest", 10_000, held, "a", "replace"],

    ["drop", 0, agreeing, "a", "drop"],
    ["drop", 0, sent, "a", "drop"],
    ["drop", 0, synchronous, "a", "drop"],
    ["drop", 10_000, held, "a", "merge"],
    ["drop", 10_000, { ...another, isHeld: true }, "a", "drop"],
  ])("of %s with a debounce of %i ms", (overlap, debounceMs, tail, agreement, decision) => {
    expect(decideOverlap({ overlap, debounceMs, agreement }, tail)).toBe(decision);
  });
});

function waiting(prompt: string, given: Partial<WaitingTask> = {}, files = 0): WaitingTask {
  return {
    task: {
      agentId: "agent",
      id: "t",
      prompt,
      files: Array.from({ length: files }, (_, n) => ({ url: `https://files.test/${prompt}${n}` })),
      disableAttachmentInjection: false,
    },
    contexts: [],
    shape: { json: false },
    ...given,
  };
}

describe("mergeTasks", () => {
  it.each([
    ["one", "two", "one\n\ntwo"],
    ["", "two", "two"],
    ["one", "", "one"],
    ["", "", ""],
    ["one\n", " two", "one\n\n\n two"],
  ])("joins the prompts %j and %j", (first, second, prompt) => {
    expect(mergeTasks(waiting(first), waiting(second), 20)?.task.prompt).toBe(prompt);
  });

  it("makes a list of contexts, and of one context none", () => {
    const one = waiting("1", { contexts: ['{"a":1}'] });
    const two = waiting("2", { contexts: ['{"b":12345678901234567890}'] });
    const both = mergeTasks(one, two, 20) ?? one;
    expect(taskToSend(both, null).context).toBe('[{"a":1},{"b":12345678901234567890}]');
    const three = mergeTasks(both, waiting("3"), 20) ?? one;
    expect(taskToSend(three, null).context).toBe('[{"a":1},{"b":12345678901234567890}]');
    expect(taskToSend(mergeTasks(waiting("0"), one, 20) ?? two, null).context).toBe('{"a":1}');
    expect(taskToSend(waiting("4"), null)).not.toHaveProperty("context");
  });

  it("keeps the order of the files", () => {
    const merged = mergeTasks(waiting("a", {}, 2), waiting("b", {}, 1), 3);
    const names = merged?.task.files.map(({ url }) => url.slice(-2));
    expect(names).toEqual(["a0", "a1", "b0"]);
  });

  it.each([
    ["at", 3, true],
    ["over", 2, false],
  ])("%s the limit of files", (_, maxFiles, isMerged) => {
    const merged = mergeTasks(waiting("a", {}, 2), waiting("b", {}, 1), maxFiles);
    expect(merged !== undefined).toBe(isMerged);
  });

  it.each([
    ["at", 0, true],
    ["over", 1, false],
  ])("%s the limit of a row", (_, more, isMerged) => {
    const empty = JSON.stringify(waiting("\n\n")).length;
    const first = waiting("a".repeat(500_000));
    const second = waiting("b".repeat(900 * 1024 - empty - 500_000 + more));
    expect(mergeTasks(first, second, 20) !== undefined).toBe(isMerged);
  });

  it("keeps the first one's wishes", () => {
    const getter = { path: ["result"], loc: ["query", "getter"] };
    const merged = mergeTasks(waiting("1", { shape: { json: true, getter } }), waiting("2"), 20);
    expect(merged?.shape).toEqual({ json: true, getter });
  });
});

describe("taskToSend", () => {
  it("has the tokens that were kept apart", () => {
    expect(taskToSend(waiting("1"), '{"a":"b"}').userTokens).toBe('{"a":"b"}');
    expect(taskToSend(waiting("1"), null)).not.toHaveProperty("userTokens");
  });
});
