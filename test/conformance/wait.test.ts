import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair({ SYNC_TIMEOUT_SECONDS: "8" });
});
afterAll(() => pair.stop());

type Words = Readonly<Record<string, string>>;

const WAYS = [
  ["wait=8", { wait: "8" }, {}],
  ["wait=8 beside asynchronous", { wait: "8", asynchronous: "true" }, {}],
  ["Prefer: wait=8", {}, { prefer: "wait=8" }],
  ["Prefer: respond-async, wait=8", {}, { prefer: "respond-async, wait=8" }],
] as const satisfies [string, Words, Words][];

function routes(id: string): string[] {
  return pair.platform.taken.filter((turn) => turn.id === id).map(({ route }) => route);
}

describe.concurrent.each(WAYS)("%s", (name, parameters, headers) => {
  it("is answered as a sync call is, once the asynchronous task is over", async () => {
    const answer = await pair.post({ task_id: name, prompt: "hi", ...parameters }, { headers });
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toEqual({
      id: name,
      agent_id: "agent-1",
      status: "completed",
      result: "Re: hi",
      created_at: expect.any(String),
      finished_at: expect.any(String),
      source: "webhook",
      execution_attempts: 1,
    });
    expect(decodeURIComponent(String(answer.headers["x-task-id"]))).toBe(name);
    expect(routes(name)).toEqual(["async"]);
  });
});

describe.concurrent("wait", () => {
  it("is 202 with the task's place where the task takes longer, which goes on", async () => {
    pair.platform.holds("longer");
    const answer = await pair.post({ wait: "1", task_id: "longer", prompt: "hi" });
    expect(answer.status).toBe(202);
    expect(jsonOf(answer)).toEqual({ status: "Started", id: "longer" });
    expect(answer.headers["location"]).toBe("/v1/tasks/longer?turn=1");

    pair.platform.end("longer", { result: "At last." });
    const late = await vi.waitFor(
      async () => {
        const found = await pair.task("longer", "turn=1");
        expect(jsonOf(found)).toMatchObject({ delivery: { state: "finished" } });
        return found;
      },
      { timeout: 15_000, interval: 200 },
    );
    expect(jsonOf(late)).toMatchObject({ status: "completed", result: "At last." });
    expect(routes("longer")).toEqual(["async"]);
  });

  it("is 202 where its turn has not come, which comes later", async () => {
    pair.platform.holds("long before it");
    await pair.post({ asynchronous: "true", task_id: "behind", prompt: "long before it" });
    await pair.platform.prompted("behind", 1);
    const answer = await pair.post({ wait: "1", task_id: "behind", prompt: "hi" });
    expect(answer.status).toBe(202);
    expect(jsonOf(answer)).toEqual({ status: "Started", id: "behind" });
    expect(answer.headers["location"]).toBe("/v1/tasks/behind?turn=2");
    pair.platform.end("behind");
    expect(await pair.platform.prompted("behind", 2)).toEqual(["long before it", "hi"]);
  });

  it("gives the id that was made where none was sent", async () => {
    pair.platform.holds("nameless");
    const answer = await pair.post({ wait: "1", prompt: "nameless" });
    const id = answer.headers["x-task-id"];
    expect(jsonOf(answer)).toEqual({ status: "Started", id });
    expect(answer.headers["location"]).toBe(`/v1/tasks/${String(id)}?turn=1`);
  });

  it("is not answered with the turn before, which the platform shows a while longer", async () => {
    pair.platform.lags("stale", 1_000);
    await pair.post({ task_id: "stale", prompt: "one" });
    const answer = await pair.post({ wait: "8", task_id: "stale", prompt: "two" });
    expect(jsonOf(answer)).toMatchObject({ status: "completed", result: "Re: two" });
  });

  it("takes json, getter and Accept as a sync call does", async () => {
    pair.platform.holds("shaped");
    const asking = pair.post(
      { wait: "8", task_id: "shaped", prompt: "hi", getter: "result.a" },
      { headers: { accept: "text/plain" } },
    );
    await pair.platform.prompted("shaped", 1);
    pair.platform.end("shaped", { result: '{"a":"b"}' });
    const answer = await asking;
    expect([answer.status, answer.text]).toEqual([200, "b"]);
  });

  it("says how a task stands that is paused or failed", async () => {
    pair.platform.holds("paused");
    const asking = pair.post({ wait: "8", task_id: "paused", prompt: "hi" });
    await pair.platform.prompted("paused", 1);
    pair.platform.end("paused", { status: "error", result: "ValueError" });
    expect(jsonOf(await asking)).toMatchObject({ status: "error", result: "ValueError" });
  });

  it("may be as long as SYNC_TIMEOUT_SECONDS, and no longer", async () => {
    const longest = await pair.post({ wait: "8", prompt: "hi" });
    expect(longest.status).toBe(200);
    const longer = await pair.post({ wait: "9", prompt: "hi" });
    expect(longer.status).toBe(422);
  });

  it.each(["0", "-1", "abc", "1e9", "1.5", "0x5", "99999999999999999999"])(
    "is refused: %s",
    async (wait) => {
      const answer = await pair.post({ wait, task_id: "refused", prompt: "hi" });
      const problem = { loc: ["query", "wait"], msg: expect.any(String), type: expect.any(String) };
      expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
      expect(pair.platform.prompts("refused")).toEqual([]);
    },
  );

  it("is context in a body", async () => {
    const answer = await pair.post(
      { task_id: "context" },
      { body: '{"prompt":"hi","wait":"abc"}' },
    );
    expect(answer.status).toBe(200);
    expect(pair.platform.taken.findLast(({ id }) => id === "context")).toMatchObject({
      route: "sync",
      sent: { additional_context: '{"wait":"abc"}' },
    });
  });
});

describe("Prefer", () => {
  it.each([
    "wait=abc",
    "wait",
    "wait=",
    "wait=-1",
    'wait="x',
    "respond-async",
    "return=minimal",
    ";;,",
  ])("is ignored where it is malformed, or no wish to wait: %s", async (prefer) => {
    const answer = await pair.post({ task_id: prefer, prompt: "hi" }, { headers: { prefer } });
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({ status: "completed", result: "Re: hi" });
    expect(routes(prefer)).toEqual(["sync"]);
  });
});
