import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  accept,
  acceptSync,
  close,
  conversations,
  DAY,
  HOOK,
  HOUR,
  later,
  lost,
  MINUTE,
  open,
  ring,
  roomsHere,
  row,
  SECOND,
  standIn,
  status,
  stub,
  TOKENS,
} from "./conversation.fixture.ts";

beforeEach(open);
afterEach(close);

async function retry(turn?: number): Promise<number | undefined> {
  return stub().retry(turn, await roomsHere().seal.close("another-key"));
}

async function die(prompt = "one"): Promise<void> {
  standIn.starts.push(status(404));
  await accept(prompt, { task: { userTokens: TOKENS } });
  await ring();
}

describe("a task that the platform would not take", () => {
  it("is dead after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h and 4 h", async () => {
    standIn.always = status(500);
    const start = Date.now();
    await accept("one");
    const tried: number[] = [];
    for (let times = 0; times < 9; times += 1) {
      await ring();
      tried.push(Date.now() - start);
    }
    const waits = tried.slice(1).map((at, index) => at - (tried[index] ?? 0));
    const minutes = [2, 10, 30, 60, 120, 240].map((count) => count * MINUTE);
    expect(waits).toEqual([5 * SECOND, 30 * SECOND, ...minutes]);
    expect(await row(1)).toMatchObject({ state: "dead", last_error: "platform_failed" });
  });

  it("is kept without its key, and is sent with the one that it is sent again with", async () => {
    await die();
    expect(await row(1)).toMatchObject({ state: "dead", api_key: null });
    later(29 * DAY);
    expect(await retry()).toBe(1);
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect(standIn.bodies[0]).toContain(TOKENS);
    expect(await row(1)).toMatchObject({ state: "delivered", last_error: null, user_tokens: null });
  });

  it("is sent again once, however often that is asked for", async () => {
    await die();
    expect(await Promise.all([retry(), retry(), retry(1)])).toEqual([1, undefined, undefined]);
    await ring();
    expect(await retry(1)).toBeUndefined();
    expect(standIn.taken).toEqual(["one"]);
  });

  it("is put behind those that wait", async () => {
    await die();
    await accept("two");
    await accept("three");
    expect(await retry()).toBe(1);
    for (const _ of [1, 2, 3]) {
      await ring();
      standIn.end("t");
    }
    await ring();
    expect(standIn.taken).toEqual(["two", "three", "one"]);
  });

  it("is the latest that can be sent again, without a turn", async () => {
    await die();
    await acceptSync();
    const refusal = { reason: "agent_not_found" } as const;
    await stub().settle(2, 1, { kind: "refused", refusal, isFinal: true });
    expect(await row(2)).toMatchObject({ state: "dead" });
    expect(await retry(2)).toBeUndefined();
    expect(await retry()).toBe(1);
  });

  it("is not sent again with a key that may not use its agent", async () => {
    await die();
    const place = { organisation: "org", taskId: "t", turn: undefined };
    standIn.agent = status(403);
    expect(await conversations().retry(place, { apiKey: "another" })).toBeUndefined();
    expect(await row(1)).toMatchObject({ state: "dead" });
    standIn.agent = () => Response.json({ id: "agent", organization_id: "org" });
    expect(await conversations().retry(place, { apiKey: "another" })).toBe(1);
  });

  it.each([
    ["in the first minute", MINUTE],
    ["at the end of its 30 days", 30 * DAY - HOUR],
  ])("is not removed while it is tried again: %s", async (_, after) => {
    await die();
    later(after);
    await retry();
    standIn.always = status(500);
    await ring(6);
    standIn.always = undefined;
    later(2 * HOUR);
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect(await row(1)).toMatchObject({ state: "delivered" });
  });

  it("calls back with its next end, not with what it waits for", async () => {
    standIn.starts.push(status(404));
    standIn.hook = status(500);
    await accept("one", { handling: { callbackUrl: HOOK } });
    await ring(2);
    standIn.hook = () => new Response();
    standIn.starts.push(status(500));
    await retry();
    await ring(2);
    expect(await row(1)).toMatchObject({ state: "delivered" });
    standIn.end("t");
    await ring(2);
    const told = standIn.posts.map(({ body }) => JSON.parse(body).status);
    expect(told).toEqual(["failed", "completed"]);
  });
});

async function dieUnknown(wasTaken: boolean): Promise<void> {
  standIn.starts.push(() => {
    if (wasTaken) standIn.take(JSON.stringify({ id: "t", input: { text: "one" } }));
    return lost();
  });
  await accept("one");
  await ring();
  standIn.always = lost;
  await ring(8);
  standIn.always = undefined;
  expect(await row(1)).toMatchObject({ state: "dead", last_error: "platform_unreachable" });
}

describe("a task of which nobody knew whether it was taken", () => {
  it("is asked for before it is sent again", async () => {
    await dieUnknown(true);
    await retry();
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect(await row(1)).toMatchObject({ state: "delivered" });
  });

  it("is sent again if it was not", async () => {
    await dieUnknown(false);
    await retry();
    await ring();
    expect(standIn.taken).toEqual(["one"]);
  });
});
