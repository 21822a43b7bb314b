import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { madeObjects } from "../support/stored-files.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const FIELDS =
  "id agent_id status result created_at finished_at source execution_attempts delivery".split(" ");
const DELIVERY = "turn state attempts next_attempt_at last_error merged_into".split(" ");

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function start(id: string, prompt: string, agent_id = "agent-1") {
  return pair.post({ agent_id, asynchronous: "true", task_id: id, prompt });
}

interface Shown {
  readonly delivery: Readonly<Record<string, unknown>>;
}

/** The task once it stands so. */
async function shown(id: string, query: string, state: string): Promise<Shown> {
  return vi.waitFor(
    async () => {
      const answer = await pair.task(id, query);
      expect(answer.status).toBe(200);
      const task = jsonOf(answer) as Shown;
      expect(task.delivery["state"]).toBe(state);
      return task;
    },
    { timeout: 15_000, interval: 200 },
  );
}

describe.concurrent("GET /v1/tasks/{task_id}", () => {
  it("has the eight fields of a task that is over, and how it was delivered", async () => {
    await start("whole", "hi");
    const task = await shown("whole", "", "finished");
    expect(task).toEqual({
      id: "whole",
      agent_id: "agent-1",
      status: "completed",
      result: "Re: hi",
      created_at: expect.any(String),
      finished_at: expect.any(String),
      source: "webhook",
      execution_attempts: 1,
      delivery: {
        turn: 1,
        state: "finished",
        attempts: 1,
        next_attempt_at: null,
        last_error: null,
        merged_into: null,
      },
    });
  });

  it("has them also of a task that waits, and of one that runs", async () => {
    pair.platform.holds("pending");
    await start("pending", "first");
    await pair.platform.prompted("pending", 1);
    await start("pending", "second");
    const first = await shown("pending", "turn=1", "delivered");
    const second = await shown("pending", "turn=2", "waiting");
    expect([first, second].map((task) => Object.keys(task).toSorted())).toEqual([
      FIELDS.toSorted(),
      FIELDS.toSorted(),
    ]);
    expect([first, second].map(({ delivery }) => Object.keys(delivery).toSorted())).toEqual([
      DELIVERY.toSorted(),
      DELIVERY.toSorted(),
    ]);
    expect(first).toMatchObject({
      id: "pending",
      result: null,
      delivery: { turn: 1, attempts: 1 },
    });
    expect(second).toMatchObject({
      id: "pending",
      result: null,
      delivery: { turn: 2, attempts: 0 },
    });
  });

  it("is each turn's own, and without turn the latest's", async () => {
    await start("turns", "one");
    await start("turns", "two");
    await pair.platform.prompted("turns", 2);
    expect(await shown("turns", "turn=2", "finished")).toMatchObject({ result: "Re: two" });
    expect(await shown("turns", "turn=1", "finished")).toMatchObject({ result: "Re: one" });
    expect(await shown("turns", "", "finished")).toMatchObject({
      result: "Re: two",
      delivery: { turn: 2 },
    });
  });

  it("is that of a sync call that named its conversation, too", async () => {
    const answer = await pair.post({ task_id: "was sync", prompt: "hi" });
    const task = await shown("was sync", "turn=1", "finished");
    expect(task).toMatchObject(jsonOf(answer) as object);
  });

  it("asks the platform for what the gateway does not hold", async () => {
    const answer = await pair.post({ prompt: "not kept" });
    const id = String(answer.headers["x-task-id"]);
    const found = await pair.task(id);
    expect(found.status).toBe(200);
    expect(jsonOf(found)).toMatchObject(jsonOf(answer) as object);
    expect(pair.platform.calls("GET", id)).toHaveLength(1);
    expect(found.text).not.toContain("internal_cost");
  });

  it("is 404 for a task, or a turn, that nobody knows", async () => {
    await start("one turn", "hi");
    const answers = [await pair.task("nowhere"), await pair.task("one turn", "turn=2")];
    expect(answers.map(refusalOf)).toEqual([
      refusal(404, expect.any(String), expect.any(String)),
      refusal(404, expect.any(String), expect.any(String)),
    ]);
  });

  it.each([
    ["that nobody knows", "wrong-key"],
    ["of another organisation", "key-of-org-2"],
    ["that may not use the task's agent", "only-agent-1"],
  ])("is 404 for a key %s", async (_, apiKey) => {
    const id = `guarded from ${apiKey}`;
    await start(id, "hi", "agent-2");
    await pair.platform.prompted(id, 1);
    const answer = await pair.task(id, "turn=1", { apiKey });
    expect(refusalOf(answer)).toEqual(refusal(404, expect.any(String), expect.any(String)));
    expect((await pair.task(id, "turn=1")).status).toBe(200);
  });

  it("is 401 without a key", async () => {
    const path = `${pair.gateway.url}/v1/tasks/whole`;
    const answer = await fetch(path);
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { detail: "API key not specified" },
    ]);
  });

  it.each(["0", "-1", "abc", "1.5", "1e1", "0x1", "99999999999999999999"])(
    "is 422 for turn=%s",
    async (turn) => {
      const answer = await pair.task("whole", `turn=${turn}`);
      const problem = { loc: ["query", "turn"], msg: expect.any(String), type: expect.any(String) };
      expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
    },
  );

  it.each(["DELETE", "PUT", "POST"])("is 405 for %s", async (method) => {
    const answer = await pair.call("/v1/tasks/whole", { method });
    expect(answer.status).toBe(405);
    expect(answer.headers["allow"]).toContain("GET");
  });
});

describe("asking", () => {
  it("creates nothing", async () => {
    const before = madeObjects(pair.folder);
    const answers = [
      await pair.task("asked for"),
      await pair.task("asked for", "turn=7"),
      await pair.task("asked for", "", { apiKey: "key-of-org-9" }),
      await pair.call("/v1/tasks/asked%20for/retry"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(madeObjects(pair.folder)).toEqual(before);
    const first = await start("asked for", "hi");
    expect(first.headers["location"]).toBe("/v1/tasks/asked%20for?turn=1");
  });
});
