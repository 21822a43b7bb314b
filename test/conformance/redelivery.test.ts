import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

// ±20 %, and what two busy cores may add.
const SOONEST_MS = 5_000 * 0.8;
const LATEST_MS = 5_000 * 1.2 + 2_000;

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

interface Delivery {
  readonly next_attempt_at: string;
}

function start(id: string, prompt: string) {
  return pair.post({ asynchronous: "true", task_id: id, prompt });
}

/** The milliseconds between the platform's first and second being told of it. */
async function gap(id: string): Promise<number> {
  await pair.platform.until(() => pair.platform.calls("POST", id).length >= 2, 25_000);
  const [first = 0, second = 0] = pair.platform.calls("POST", id);
  return second - first;
}

describe.concurrent("an async task that the platform did not take", () => {
  it("goes out again after 5 s, a fifth more or less, and before the next turn", async () => {
    pair.platform.refuses("POST", "limited", { status: 429, body: { detail: "slow down" } });
    await start("limited", "first");
    await start("limited", "second");
    const between = await gap("limited");
    expect(between).toBeGreaterThanOrEqual(SOONEST_MS);
    expect(between).toBeLessThan(LATEST_MS);
    expect(await pair.platform.prompted("limited", 2)).toEqual(["first", "second"]);
  });

  it("goes out again when Retry-After says so, not before", async () => {
    const headers = { "retry-after": "9" };
    pair.platform.refuses("POST", "told when", { status: 429, headers, body: {} });
    await start("told when", "hi");
    expect(await gap("told when")).toBeGreaterThanOrEqual(9_000 - 10);
    expect(pair.platform.prompts("told when")).toEqual(["hi"]);
  });

  it.each([408, 425, 500, 503])("goes out again after %i", async (status) => {
    const id = `after ${status}`;
    pair.platform.refuses("POST", id, { status, body: { detail: "x" } });
    await start(id, "hi");
    expect(await gap(id)).toBeGreaterThanOrEqual(SOONEST_MS);
    expect(await pair.platform.prompted(id, 1)).toEqual(["hi"]);
  });

  it("goes out again after a connection that broke", async () => {
    pair.platform.refuses("POST", "broken", "hang up");
    await start("broken", "first");
    await start("broken", "second");
    expect(await gap("broken")).toBeGreaterThanOrEqual(SOONEST_MS);
    expect(await pair.platform.prompted("broken", 2)).toEqual(["first", "second"]);
  });

  it("says when it goes out again", async () => {
    pair.platform.refuses("POST", "shown", { status: 429, body: { detail: "slow down" } });
    await start("shown", "hi");
    await pair.platform.until(() => pair.platform.calls("POST", "shown").length === 1);
    const [attemptedAt = 0] = pair.platform.calls("POST", "shown");
    const delivery = await vi.waitFor(async () => {
      const shown = jsonOf(await pair.task("shown", "turn=1")) as { delivery: Delivery };
      expect(shown).toMatchObject({
        id: "shown",
        result: null,
        delivery: { turn: 1, attempts: 1, last_error: expect.stringMatching(/\S/) },
      });
      return shown.delivery;
    });
    const wait = new Date(delivery.next_attempt_at).getTime() - attemptedAt;
    expect(wait).toBeGreaterThanOrEqual(SOONEST_MS);
    expect(wait).toBeLessThan(LATEST_MS);
    expect(await pair.platform.prompted("shown", 1)).toEqual(["hi"]);
  });
});

describe.concurrent("an async task that the platform took without our hearing of it", () => {
  it.each([
    ["the connection broke", "hang up"] as const,
    ["a proxy answered", { status: 502, body: "<h1>Bad Gateway</h1>" }] as const,
    ["its answer is no task", { body: "<h1>Welcome</h1>" }] as const,
  ])("is not run again: %s", async (why, reply) => {
    pair.platform.lags(why, 1_000);
    await start(why, "before");
    await pair.platform.prompted(why, 1);
    pair.platform.loses(why, reply);
    await start(why, "lost");
    await start(why, "after");
    expect(await pair.platform.prompted(why, 3, 25_000)).toEqual(["before", "lost", "after"]);
    const [, lost = 0, after = 0] = pair.platform.calls("POST", why);
    expect(after - lost).toBeGreaterThanOrEqual(SOONEST_MS);
  });

  it("is not sent again while the platform does not say how it stands", async () => {
    pair.platform.refuses("POST", "mute", "hang up");
    await start("mute", "hi");
    await pair.platform.until(() => pair.platform.calls("POST", "mute").length === 1);
    const asked = pair.platform.calls("GET", "mute").length;
    pair.platform.refuses("GET", "mute", "hang up", { status: 500, body: {} });
    await pair.platform.until(
      () => pair.platform.calls("GET", "mute").length === asked + 2,
      50_000,
    );
    expect(pair.platform.calls("POST", "mute")).toHaveLength(1);
    expect(pair.platform.prompts("mute")).toEqual([]);
  }, 60_000);
});
