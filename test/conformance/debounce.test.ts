import { setTimeout as after } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const STARTED = '{"status":"Started"}';

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

type Words = Readonly<Record<string, string>>;

function start(id: string, prompt: string, more: Words = {}, body = "") {
  return pair.post({ asynchronous: "true", task_id: id, prompt, ...more }, { body });
}

function hasBegun(id: string): boolean {
  return pair.platform.prompts(id).length > 0;
}

describe.concurrent("debounce", () => {
  it("makes one task of a burst", async () => {
    const answers = [
      await start("burst", "one", { debounce: "2" }, '{"n":1}'),
      await start("burst", "two", { debounce: "2" }, '{"n":2}'),
      await start("burst", "three", { debounce: "2" }, '{"n":3}'),
    ];
    const lastAt = Date.now();
    expect(answers.map(({ text }) => text)).toEqual([STARTED, STARTED, STARTED]);
    expect(await pair.platform.prompted("burst", 1)).toEqual(["one\n\ntwo\n\nthree"]);
    expect(Date.now() - lastAt).toBeGreaterThanOrEqual(1_500);
    const sent = pair.platform.taken.find(({ id }) => id === "burst")?.sent;
    expect(JSON.parse(sent?.additional_context ?? "")).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await start("burst", "end");
    expect(await pair.platform.prompted("burst", 2)).toEqual(["one\n\ntwo\n\nthree", "end"]);
  });

  it("leaves a task that stays alone as it is", async () => {
    await start("alone", "one", { debounce: "1" }, '{"n":1.50}');
    expect(await pair.platform.prompted("alone", 1)).toEqual(["one"]);
    const sent = pair.platform.taken.find(({ id }) => id === "alone")?.sent;
    expect(sent?.additional_context).toBe('{"n":1.50}');
  });

  it("does not put a task off for ever, however often another comes", async () => {
    const startedAt = Date.now();
    // Each comes before the second of the one before is over.
    while (!hasBegun("patient") && Date.now() - startedAt < 10_000) {
      await start("patient", "more", { debounce: "1" });
      await after(600);
    }
    expect(hasBegun("patient")).toBe(true);
    // The wait of the first, and three more, each cut short by the next arrival but the last.
    expect(Date.now() - startedAt).toBeLessThan(6_000);
  });

  it("ends when another arrives that cannot be merged with it", async () => {
    const startedAt = Date.now();
    await start("two people", "ann's", { debounce: "60", user_id: "ann" });
    await start("two people", "bob's", { user_id: "bob" });
    expect(await pair.platform.prompted("two people", 2)).toEqual(["ann's", "bob's"]);
    expect(Date.now() - startedAt).toBeLessThan(20_000);
  });

  it("does not merge another person's message, who waits as well", async () => {
    await start("two bursts", "ann's", { debounce: "1", user_id: "ann" });
    await start("two bursts", "bob's", { debounce: "1", user_id: "bob" });
    expect(await pair.platform.prompted("two bursts", 2)).toEqual(["ann's", "bob's"]);
    const sent = pair.platform.taken.filter(({ id }) => id === "two bursts");
    expect(sent.map((turn) => turn.sent.input)).toEqual([
      expect.objectContaining({ user: expect.objectContaining({ id: "ann" }) }),
      expect.objectContaining({ user: expect.objectContaining({ id: "bob" }) }),
    ]);
  });

  it("ends when a sync call arrives", async () => {
    await start("and sync", "async", { debounce: "60" });
    const answer = await pair.post({ task_id: "and sync", prompt: "sync" });
    expect(answer.status).toBe(200);
    expect(pair.platform.prompts("and sync")).toEqual(["async", "sync"]);
  });

  it("outlives the gateway that was waiting", async () => {
    // Its own, for the other tests talk to theirs.
    const other = await startTaskPair();
    try {
      const words = { asynchronous: "true", task_id: "killed", debounce: "2" };
      await other.post({ ...words, prompt: "one" });
      await other.post({ ...words, prompt: "two" });
      await other.crash();
      expect(await other.platform.prompted("killed", 1)).toEqual(["one\n\ntwo"]);
    } finally {
      await other.stop();
    }
  });

  it.each(["61", "0", "-1", "abc", "1.5", "1e1"])("is refused: %s", async (debounce) => {
    const answer = await start("refused", "hi", { debounce });
    const problem = {
      loc: ["query", "debounce"],
      msg: expect.any(String),
      type: expect.any(String),
    };
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
    expect(pair.platform.prompts("refused")).toEqual([]);
  });
});
