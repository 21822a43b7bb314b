import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  accept,
  acceptSync,
  call,
  close,
  conversations,
  DAY,
  later,
  quiet,
  MINUTE,
  open,
  ring,
  row,
  rows,
  SECOND,
  standIn,
  status,
  stub,
  untilLater,
} from "./conversation.fixture.ts";
import { Conversation } from "./conversation.ts";
import type { Repeat, Seen } from "./messages.ts";

beforeEach(open);
afterEach(close);

const ABSENT: Seen = { snapshot: "absent", standing: "absent", answer: null };
const ENDED: Seen = { snapshot: "ended", standing: "ended", answer: '={"id":"t"}' };

async function placedSync(repeat: Repeat | null = null) {
  const sync = call("sync", { handling: { asynchronous: false }, repeat });
  const placed = await conversations().place(sync);
  if (placed === "conflict") throw new Error("there was no key");
  return { sync, placed };
}

const gone = () => {
  throw new TypeError("Network connection lost.");
};

/** Lets the time of what waits pass until it is over. */
async function passed<Value>(
  waiting: Promise<Value>,
): Promise<PromiseSettledResult<Value> | undefined> {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.now() });
  const over: PromiseSettledResult<Value>[] = [];
  void Promise.allSettled([waiting]).then((settled) => over.push(...settled));
  while (over.length === 0) {
    await vi.advanceTimersByTimeAsync(100);
    await scheduler.wait(2);
  }
  return over[0];
}

describe("a turn", () => {
  it.each(["completed", "error", "failed", "stopped", "paused"])(
    "that is %s gives way to the next",
    async (end) => {
      await accept("one");
      await accept("two");
      await ring();
      expect(standIn.taken).toEqual(["one"]);
      standIn.end("t", { status: end });
      await ring();
      expect(standIn.taken).toEqual(["one", "two"]);
      expect((await row(1)).answer).toContain(end);
    },
  );

  it("that never ends gives way after MAX_TURN_MINUTES, and not before", async () => {
    await accept("one");
    await accept("two");
    const start = Date.now();
    while (standIn.taken.length < 2) await ring();
    expect(standIn.taken).toEqual(["one", "two"]);
    expect(Date.now() - start).toBe(20 * MINUTE);
    expect(await row(1)).toMatchObject({ state: "delivered", ended_at: expect.any(Number) });
  });

  it("is asked for after 1, 2, 4, 8 and 15 s, then every 30 s", async () => {
    await accept("one");
    await accept("two");
    await ring();
    const start = Date.now();
    const asked: number[] = [];
    for (let times = 0; times < 7; times += 1) {
      await ring();
      asked.push((Date.now() - start) / SECOND);
    }
    expect(asked).toEqual([1, 2, 4, 8, 15, 45, 75]);
  });

  it("is asked for later when the platform says 429", async () => {
    await accept("one");
    await accept("two");
    await ring();
    standIn.shows.push(status(429, { "Retry-After": "300" }));
    await ring();
    const asked = standIn.calls.length;
    await ring();
    expect(standIn.calls.length).toBe(asked + 1);
    expect((await row(1)).next_at - (await row(1)).accepted_at).toBeGreaterThan(5 * MINUTE);
  });

  it("is not asked for while nobody waits", async () => {
    await accept("one");
    await ring();
    later(DAY);
    await ring();
    expect(standIn.calls).toEqual(["show", "start"]);
  });

  it.each([
    ["one that never ends", async () => (await accept("one"), await ring())],
    [
      "one whose Worker died",
      async () => (await acceptSync(), void (await stub().begin(1, 1, "x"))),
    ],
  ])("does not hold up overlap=drop for longer: %s", async (_, begin) => {
    await begin();
    const dropping = call("two", { handling: { overlap: "drop" } });
    expect(await conversations().place(dropping)).toMatchObject({ isDropped: true });
    later(21 * MINUTE);
    expect(await conversations().place(dropping)).toMatchObject({ isDropped: false });
  });
});

describe("a synchronous task", () => {
  it("whose Worker died before its turn leaves the queue", async () => {
    await accept("one");
    await ring();
    await acceptSync();
    await accept("three");
    later(16 * SECOND);
    standIn.end("t");
    await ring();
    expect(standIn.taken).toEqual(["one", "three"]);
    expect(await row(2)).toMatchObject({ state: "dropped" });
  });

  it("that was claimed and never begun goes back, and then leaves", async () => {
    expect(await acceptSync()).toMatchObject({ go: { attempt: 1, isReady: false } });
    expect(await row(1)).toMatchObject({ state: "delivering", before: null });
    await accept("two");
    later(16 * SECOND);
    await ring();
    expect(await rows()).toMatchObject([{ state: "dropped" }, { state: "delivered" }]);
  });

  it("that was claimed and never begun is claimed again by its Worker", async () => {
    await acceptSync();
    later(14 * SECOND);
    expect(await stub().attend(1)).toMatchObject({ kind: "wait", ask: null });
    later(2 * SECOND);
    expect(await stub().attend(1)).toMatchObject({ kind: "go", go: { attempt: 2 } });
    expect(await stub().begin(1, 1, "absent")).toBe(false);
    expect(await stub().begin(1, 2, "absent")).toBe(true);
  });

  it("whose Worker died after it was sent is asked for, and not sent again", async () => {
    await acceptSync();
    await stub().begin(1, 1, "absent");
    standIn.take(JSON.stringify({ id: "t", input: { text: "sync" } }));
    await accept("two");
    later(16 * SECOND);
    await ring();
    expect(standIn.calls).toEqual(["show"]);
    expect(await row(1)).toMatchObject({ state: "delivered", attempts: 1 });
    standIn.end("t");
    await ring(2);
    expect(standIn.taken).toEqual(["sync", "two"]);
  });

  it("keeps its turn as long as its Worker renews its lease", async () => {
    await acceptSync();
    await stub().begin(1, 1, "absent");
    await accept("two");
    for (let times = 0; times < 6; times += 1) {
      later(10 * SECOND);
      await stub().renew(1, 1);
    }
    await ring();
    expect(standIn.calls).toEqual([]);
  });

  it("is not taken for lost while its Worker waits for the platform", async () => {
    await acceptSync();
    await stub().begin(1, 1, "absent");
    later(10 * SECOND);
    await stub().renew(1, 1);
    await stub().observe(1, ABSENT, 0);
    expect(await row(1)).toMatchObject({ state: "delivering" });
  });

  it("that was not taken is found out by a Worker that waits behind it", async () => {
    await acceptSync();
    await stub().begin(1, 1, "absent");
    await stub().settle(1, 1, { kind: "unknown", why: "platform_timeout" });
    await acceptSync();
    expect(await stub().attend(2)).toMatchObject({ ask: null });
    later(5 * SECOND);
    expect(await stub().attend(2)).toMatchObject({ ask: 1 });
    expect(await stub().attend(2)).toMatchObject({ ask: null });
    await stub().observe(1, ABSENT, 0);
    expect(await stub().attend(2)).toMatchObject({ kind: "go" });
    expect(await row(1)).toMatchObject({ state: "dropped" });
  });

  it("is not found out by what was asked before it was sent", async () => {
    await acceptSync();
    await stub().begin(1, 1, "absent");
    await stub().settle(1, 1, { kind: "unknown", why: "platform_timeout" });
    later(10 * SECOND);
    await stub().observe(1, ABSENT, 6 * SECOND);
    expect(await row(1)).toMatchObject({ state: "delivering" });
    await stub().observe(1, ABSENT, 4 * SECOND);
    expect(await row(1)).toMatchObject({ state: "dropped" });
  });

  it("is over only once, whoever sees it first", async () => {
    await acceptSync();
    await stub().begin(1, 1, "absent");
    await stub().observe(1, ENDED, 0);
    await stub().settle(1, 1, { kind: "replied", ...ENDED, answer: '={"id":"other"}' });
    expect(await row(1)).toMatchObject({ state: "finished", answer: '={"id":"t"}' });
  });

  it.each(["begin", "settle"] as const)(
    "is answered although its object was reset in the middle of %s",
    async (told) => {
      vi.spyOn(Conversation.prototype, told).mockRejectedValueOnce(new Error("deployed"));
      const { sync, placed } = await placedSync();
      standIn.starts.push(() => Response.json({ id: "t", status: "completed", result: "Done" }));
      const go = told === "begin" && placed.go ? { ...placed.go, isReady: false } : placed.go;
      expect(await conversations().run(sync, { ...placed, go }, untilLater())).toMatchObject({
        ok: true,
      });
      await quiet();
      expect(await row(1)).toMatchObject({ state: "finished" });
    },
  );

  it.each([
    { repeat: null, order: ["answered", "told"] },
    { repeat: { key: "k", hash: "h" }, order: ["told", "answered"] },
  ])("is answered once the book knows what a repeat needs: $repeat", async ({ repeat, order }) => {
    const happened: string[] = [];
    vi.spyOn(Conversation.prototype, "settle").mockImplementation(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      happened.push("told");
    });
    const { sync, placed } = await placedSync(repeat);
    standIn.starts.push(() => Response.json({ id: "t", status: "completed", result: "Done" }));
    await conversations().run(sync, placed, untilLater());
    happened.push("answered");
    await quiet();
    expect(happened).toEqual(order);
  });

  it("is asked for after a call that broke, wherever the platform has gone", async () => {
    const { sync, placed } = await placedSync();
    standIn.starts.push(() => {
      throw new TypeError("Network connection lost.");
    });
    const outage = { reason: "platform_unreachable", tookNothing: false };
    await expect(conversations().run(sync, placed, untilLater())).rejects.toMatchObject(outage);
    expect(await row(1)).toMatchObject({ state: "delivering", last_error: outage.reason });
  });

  it("is not waited for behind one that a platform may have which stays away", async () => {
    standIn.starts.push(gone);
    await accept("one");
    await ring();
    later(500);
    const { sync, placed } = await placedSync();
    standIn.always = gone;
    const outage = { reason: "platform_unreachable", tookNothing: true };
    const running = { ...untilLater(), deadline: Date.now() + MINUTE };
    const ended = await passed(conversations().run(sync, placed, running));
    expect(ended).toMatchObject({ status: "rejected", reason: outage });
    expect(await rows()).toMatchObject([{ state: "delivering" }, { state: "dropped" }]);
  });

  it("is waited for behind one that the platform has, wherever that has gone", async () => {
    await accept("one");
    await ring();
    later(500);
    const { sync, placed } = await placedSync();
    standIn.shows.push(gone, gone);
    standIn.end("t");
    standIn.starts.push(() => Response.json({ id: "t", status: "completed", result: "Done" }));
    const running = { ...untilLater(), deadline: Date.now() + MINUTE };
    const ended = await passed(conversations().run(sync, placed, running));
    expect(ended).toMatchObject({ status: "fulfilled", value: { ok: true } });
  });

  it("is answered although its answer could not be kept", async () => {
    const { sync, placed } = await placedSync();
    vi.spyOn(env.FILES, "put").mockRejectedValue(new Error("R2 is out"));
    const result = "x".repeat(2 * 1024 * 1024);
    standIn.starts.push(() => Response.json({ id: "t", status: "completed", result }));
    expect(await conversations().run(sync, placed, untilLater())).toMatchObject({ ok: true });
    await quiet();
    expect(await row(1)).toMatchObject({ state: "delivering", lease_until: null });
  });

  it("is never sent when its turn comes too late", async () => {
    await accept("one");
    await ring();
    later(500);
    const { sync, placed } = await placedSync();
    const running = conversations().run(sync, placed, untilLater());
    standIn.end("t");
    standIn.shows.push(() => {
      later(2 * SECOND);
      return Response.json({ id: "t", status: "completed" });
    });
    later(600);
    expect(await running).toMatchObject({ refusal: { reason: "conversation_busy" } });
    expect(standIn.taken).toEqual(["one"]);
    expect(await row(2)).toMatchObject({ state: "dropped" });
  });
});
