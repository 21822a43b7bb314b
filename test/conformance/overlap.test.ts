import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const STARTED = '{"status":"Started"}';
const DROPPED = '{"status":"Dropped"}';

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

type Words = Readonly<Record<string, string>>;

function start(id: string, prompt: string, more: Words = {}, body = "") {
  return pair.post({ asynchronous: "true", task_id: id, prompt, ...more }, { body });
}

/** A first turn that runs until it is ended by hand. */
async function occupy(id: string): Promise<void> {
  pair.platform.holds(`busy ${id}`);
  await start(id, `busy ${id}`);
  await pair.platform.prompted(id, 1);
}

/** Ends the first turn; what else the platform was sent once it was sent the last of it. */
async function release(id: string, last: string): Promise<string[]> {
  pair.platform.end(id);
  await pair.platform.until(() => pair.platform.prompts(id).includes(last));
  return pair.platform.prompts(id).slice(1);
}

/** How these turns stand, in order. */
async function deliveries(id: string, ...turns: readonly number[]) {
  const answers = await Promise.all(turns.map((turn) => pair.task(id, `turn=${turn}`)));
  return answers.map((answer) => (jsonOf(answer) as { delivery: Delivery }).delivery);
}

interface Delivery {
  readonly turn: number;
  readonly state: string;
  readonly merged_into: number | null;
}

describe.concurrent("overlap=drop", () => {
  it("does not run a task whose conversation is busy", async () => {
    await occupy("drop");
    const answer = await start("drop", "dropped", { overlap: "drop" });
    expect([answer.status, answer.text]).toEqual([200, DROPPED]);
    await start("drop", "next");
    expect(await release("drop", "next")).toEqual(["next"]);
  });

  it("runs a task whose conversation is free", async () => {
    const answer = await start("no drop", "hi", { overlap: "drop" });
    expect(answer.text).toBe(STARTED);
    expect(await pair.platform.prompted("no drop", 1)).toEqual(["hi"]);
  });
});

describe.concurrent("overlap=latest", () => {
  it("runs the last of those that waited", async () => {
    const latest = { overlap: "latest" };
    await occupy("latest");
    const answers = [
      await start("latest", "one", latest),
      await start("latest", "two", latest),
      await start("latest", "three", latest),
    ];
    expect(answers.map(({ text }) => text)).toEqual([STARTED, STARTED, STARTED]);
    await start("latest", "end");
    expect(await release("latest", "end")).toEqual(["three", "end"]);
    const states = (await deliveries("latest", 2, 3)).map(({ state }) => state);
    expect(states).toEqual(["dropped", "dropped"]);
  });

  it("does not replace another person's task", async () => {
    await occupy("latest of two");
    await start("latest of two", "ann's", { overlap: "latest", user_id: "ann" });
    await start("latest of two", "bob's", { overlap: "latest", user_id: "bob" });
    expect(await release("latest of two", "bob's")).toEqual(["ann's", "bob's"]);
  });
});

describe.concurrent("overlap=merge", () => {
  const merge = { overlap: "merge" };

  it("joins what waits into one task", async () => {
    await occupy("merge");
    const answers = [
      await start("merge", "one", merge, '{"n":1.50,"files":["https://files.test/1.pdf"]}'),
      await start("merge", "two", merge, '{"n":2}'),
      await start("merge", "three", merge, '{"n":3,"files":["https://files.test/3.pdf"]}'),
    ];
    expect(answers.map(({ text }) => text)).toEqual([STARTED, STARTED, STARTED]);
    expect(await release("merge", "one\n\ntwo\n\nthree")).toEqual(["one\n\ntwo\n\nthree"]);
    const sent = pair.platform.taken.findLast(({ id }) => id === "merge")?.sent;
    expect(sent?.input.files).toEqual(["https://files.test/1.pdf", "https://files.test/3.pdf"]);
    expect(JSON.parse(sent?.additional_context ?? "")).toEqual([{ n: 1.5 }, { n: 2 }, { n: 3 }]);
  });

  it("shows what was absorbed, and by which turn", async () => {
    await occupy("absorbed");
    await start("absorbed", "one", merge);
    await start("absorbed", "two", merge);
    await start("absorbed", "three", merge);
    await release("absorbed", "one\n\ntwo\n\nthree");
    const shown = await deliveries("absorbed", 2, 3, 4);
    const absorbed = shown.filter(({ state }) => state === "merged");
    const [whole] = shown.filter(({ state }) => state !== "merged");
    expect(absorbed.map(({ merged_into }) => merged_into)).toEqual([whole?.turn, whole?.turn]);
    expect(whole?.merged_into).toBeNull();
    const path = `/v1/tasks/absorbed?turn=${String(whole?.turn)}`;
    await vi.waitFor(
      async () => {
        const answer = await pair.call(path, { method: "GET" });
        expect(jsonOf(answer)).toMatchObject({ result: "Re: one\n\ntwo\n\nthree" });
      },
      { timeout: 10_000, interval: 200 },
    );
  });

  it.each<[string, Words]>([
    ["user", { user_id: "bob" }],
    ["token", { user_tokens: '{"mcp":"b"}' }],
    ["agent", { agent_id: "agent-2" }],
    ["version", { agent_version: "2" }],
    ["flag", { disable_attachment_injection: "true" }],
    ["getter", { getter: "result" }],
    ["form of answer", { json: "true" }],
    ["overlap", { overlap: "latest" }],
    ["overlap, which is the default", { overlap: "" }],
  ])("leaves apart what has another %s", async (what, other) => {
    const id = `apart ${what}`;
    await occupy(id);
    await start(id, "one", merge);
    await start(id, "another", { ...merge, ...other });
    expect(await release(id, "another")).toEqual(["one", "another"]);
  });
});

function refusalFor(parameter: string) {
  const problem = { loc: ["query", parameter], msg: expect.any(String), type: expect.any(String) };
  return refusal(422, "parameters_invalid", [problem]);
}

describe.concurrent("a sync call", () => {
  it.each(["drop", "latest", "merge", "sometimes"])(
    "is refused with overlap=%s",
    async (overlap) => {
      const answer = await pair.post({ overlap, task_id: "sync", prompt: "hi" });
      expect(refusalOf(answer)).toEqual(refusalFor("overlap"));
      expect(pair.platform.prompts("sync")).toEqual([]);
    },
  );

  it("is refused with debounce", async () => {
    const answer = await pair.post({ debounce: "5", task_id: "sync", prompt: "hi" });
    expect(refusalOf(answer)).toEqual(refusalFor("debounce"));
    expect(pair.platform.prompts("sync")).toEqual([]);
  });

  it("may say overlap=queue, and so may an async one", async () => {
    expect((await pair.post({ overlap: "queue", task_id: "queue", prompt: "1" })).status).toBe(200);
    expect((await start("queue", "2", { overlap: "queue" })).text).toBe(STARTED);
    expect(await pair.platform.prompted("queue", 2)).toEqual(["1", "2"]);
  });

  it("has overlap and debounce as context in its body", async () => {
    const body = '{"prompt":"hi","overlap":"sometimes","debounce":"long"}';
    expect((await pair.post({ task_id: "context" }, { body })).status).toBe(200);
    const sent = pair.platform.taken.find(({ id }) => id === "context")?.sent;
    expect(sent?.additional_context).toBe('{"overlap":"sometimes","debounce":"long"}');
  });
});
