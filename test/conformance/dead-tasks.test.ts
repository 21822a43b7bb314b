import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function start(id: string, prompt: string, agent_id = "agent-1") {
  return pair.post({ agent_id, asynchronous: "true", task_id: id, prompt });
}

/** Waits until this turn stands so. */
async function stands(id: string, turn: number, delivery: Readonly<Record<string, unknown>>) {
  await vi.waitFor(
    async () => {
      expect(jsonOf(await pair.task(id, `turn=${turn}`))).toMatchObject({
        id,
        delivery: { turn, ...delivery },
      });
    },
    { timeout: 15_000, interval: 200 },
  );
}

/** A first turn that the platform refused. */
async function kill(id: string, prompt = "refused"): Promise<void> {
  pair.platform.refuses("POST", id, { status: 422, body: { detail: "input.text is odd" } });
  await start(id, prompt);
  await stands(id, 1, { state: "dead" });
}

function retry(id: string, query = "", apiKey = "test-key") {
  return pair.call(`/v1/tasks/${encodeURIComponent(id)}/retry?${query}`, { apiKey });
}

describe.concurrent("an async task that the platform refuses", () => {
  it.each([400, 401, 403, 404, 422])("is dead at once, with its reason: %i", async (status) => {
    const id = `dead of ${status}`;
    pair.platform.refuses("POST", id, { status, body: { detail: "It says no." } });
    await start(id, "refused");
    await stands(id, 1, {
      state: "dead",
      attempts: 1,
      next_attempt_at: null,
      last_error: expect.stringMatching(/\S/),
    });
    // The next turn is taken, and this one never.
    await start(id, "next");
    expect(await pair.platform.prompted(id, 1)).toEqual(["next"]);
    expect(pair.platform.calls("POST", id)).toHaveLength(2);
  });
});

describe.concurrent("POST /v1/tasks/{task_id}/retry", () => {
  it("runs a dead task", async () => {
    await kill("again");
    const answer = await retry("again");
    expect(answer.status).toBeGreaterThanOrEqual(200);
    expect(answer.status).toBeLessThan(300);
    expect(await pair.platform.prompted("again", 1)).toEqual(["refused"]);
  });

  it("puts it at the end of its conversation", async () => {
    await kill("at the end");
    pair.platform.holds("second, and long");
    await start("at the end", "second, and long");
    await pair.platform.prompted("at the end", 1);
    await start("at the end", "third");
    await retry("at the end", "turn=1");
    pair.platform.end("at the end");
    expect(await pair.platform.prompted("at the end", 3)).toEqual([
      "second, and long",
      "third",
      "refused",
    ]);
  });

  it("is for the latest dead one where no turn is named", async () => {
    await kill("the latest", "first");
    pair.platform.refuses("POST", "the latest", { status: 400, body: { detail: "No" } });
    await start("the latest", "second");
    await stands("the latest", 2, { state: "dead" });
    await start("the latest", "third");
    await pair.platform.prompted("the latest", 1);
    await retry("the latest");
    expect(await pair.platform.prompted("the latest", 2)).toEqual(["third", "second"]);
  });

  it("sends it with the key of who asks for it", async () => {
    await kill("another key");
    await retry("another key", "", "another-key-of-org-1");
    await pair.platform.prompted("another key", 1);
    expect(pair.platform.taken.find(({ id }) => id === "another key")?.apiKey).toBe(
      "another-key-of-org-1",
    );
  });

  it("runs it once, however often it is asked for", async () => {
    await kill("once");
    const answers = await Promise.all(
      ["turn=1", "turn=1", "turn=1"].map((query) => retry("once", query)),
    );
    expect(answers.filter(({ status }) => status < 300).length).toBeGreaterThanOrEqual(1);
    await pair.platform.prompted("once", 1);
    await start("once", "end");
    expect(await pair.platform.prompted("once", 2)).toEqual(["refused", "end"]);
  });

  it("refuses a task that is not dead", async () => {
    await start("alive", "hi");
    await pair.platform.prompted("alive", 1);
    const answers = [await retry("alive"), await retry("alive", "turn=1")];
    expect(answers.map(({ status }) => status >= 400 && status < 500)).toEqual([true, true]);
    await start("alive", "end");
    expect(await pair.platform.prompted("alive", 2)).toEqual(["hi", "end"]);
  });

  it.each([
    ["nobody knows", "wrong-key"],
    ["is another organisation's", "key-of-org-2"],
    ["may not use the task's agent", "only-agent-1"],
  ])("is 404 for a key that %s", async (_, apiKey) => {
    const id = `not for ${apiKey}`;
    pair.platform.refuses("POST", id, { status: 422, body: { detail: "No" } });
    await start(id, "refused", "agent-2");
    await stands(id, 1, { state: "dead" });
    expect(refusalOf(await retry(id, "", apiKey))).toMatchObject({
      status: 404,
      body: { detail: expect.any(String) },
    });
    expect(pair.platform.prompts(id)).toEqual([]);
  });

  it("is 401 without a key, and 404 where there is no such task", async () => {
    const headless = await fetch(`${pair.gateway.url}/v1/tasks/nowhere/retry`, { method: "POST" });
    expect(headless.status).toBe(401);
    await headless.body?.cancel();
    expect((await retry("nowhere")).status).toBe(404);
    await start("no turn 9", "hi");
    expect((await retry("no turn 9", "turn=9")).status).toBe(404);
    expect((await retry("no turn 9", "turn=abc")).status).toBe(422);
  });
});
