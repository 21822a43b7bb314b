import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  accept,
  alarmAt,
  call,
  close,
  conversations,
  KEY,
  later,
  lost,
  open,
  restart,
  ring,
  row,
  rows,
  SECOND,
  standIn,
  status,
  stub,
  untilAlarm,
} from "./conversation.fixture.ts";

beforeEach(open);
afterEach(close);

/** What a crash leaves between `delivering` and the platform's answer. */
async function crashWhileSending(): Promise<void> {
  await accept("one");
  await runInDurableObject(stub(), (_, { storage }) => {
    const columns = `state = 'delivering', before = '["absent"]', attempts = 1, sent_at = next_at`;
    storage.sql.exec(`UPDATE task SET ${columns}`);
  });
  later(60 * SECOND);
  await restart();
}

describe("a crash between the mark and the platform's answer", () => {
  it("is followed by a question 5 s after it at the earliest", async () => {
    await crashWhileSending();
    await runDurableObjectAlarm(stub());
    expect(standIn.calls).toEqual([]);
    expect(await untilAlarm()).toBe(5 * SECOND);
    await ring();
    expect(standIn.calls[0]).toBe("show");
  });

  it("sends again what was not taken", async () => {
    await crashWhileSending();
    await ring(2);
    expect(standIn.calls).toEqual(["show", "start"]);
    expect(standIn.taken).toEqual(["one"]);
    expect(await row(1)).toMatchObject({ state: "delivered", attempts: 2 });
  });

  it("does not send again what was taken", async () => {
    await crashWhileSending();
    standIn.take(JSON.stringify({ id: "t", input: { text: "one" } }));
    await ring(2);
    expect(standIn.calls).toEqual(["show"]);
    expect(await row(1)).toMatchObject({ state: "delivered", attempts: 1 });
  });

  it("is not settled by a look that was too early", async () => {
    await crashWhileSending();
    later(4 * SECOND);
    await stub().observe(1, { snapshot: "absent", standing: "absent", answer: null }, 0);
    expect(await row(1)).toMatchObject({ state: "delivering" });
  });
});

describe("a task that is sent", () => {
  it("is on disk as such before the call goes out", async () => {
    const order: string[] = [];
    await accept("one");
    await runInDurableObject(stub(), (_, { storage }) => {
      vi.spyOn(storage, "sync").mockImplementation(async () => void order.push("sync"));
    });
    standIn.starts.push(() => {
      order.push("start");
      return standIn.take(JSON.stringify({ id: "t", input: { text: "one" } }));
    });
    await ring();
    expect(order).toEqual(["sync", "start"]);
  });
});

describe("a task that is seen to be taken while its answer is awaited", () => {
  const place = { organisation: "org", taskId: "t", turn: 1 };

  it.each([
    ["then broken off", lost],
    ["then refused with 429", status(429)],
    ["then refused with 404", status(404)],
  ])("stays what it is: %s", async (_, reply) => {
    standIn.starts.push(async () => {
      standIn.take(JSON.stringify({ id: "t", input: { text: "one" } }));
      await conversations().look(place, { apiKey: KEY });
      return reply();
    });
    await accept("one");
    await accept("two");
    await ring();
    expect(await row(1)).toMatchObject({ state: "delivered", ended_at: null });
    standIn.end("t");
    await ring(2);
    expect(standIn.taken).toEqual(["one", "two"]);
  });

  it("is not sent again by a look that was asked before it was taken", async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<Response>();
    standIn.shows.push(status(404), () => held);
    standIn.starts.push(
      () => new Promise((_, reject) => setTimeout(() => reject(new TypeError("lost")), 300)),
    );
    await accept("one");
    const ringing = ring();
    await vi.waitFor(async () => expect(await row(1)).toMatchObject({ state: "delivering" }));
    const looking = conversations().look(place, { apiKey: KEY });
    await ringing;
    standIn.take(JSON.stringify({ id: "t", input: { text: "one" } }));
    later(6 * SECOND);
    release(await status(404)());
    await looking;
    expect(await row(1)).toMatchObject({ state: "delivering" });
    await ring();
    expect(standIn.taken).toEqual(["one"]);
  });
});

describe("an alarm whose work throws", () => {
  it("is set again, however often, and loses nothing", async () => {
    await accept("one");
    for (const time of [1, 2, 3, 4, 5, 6, 7, 8]) {
      await restart({ MAX_TURN_MINUTES: `none, for the ${time}th time` });
      await expect(ring()).resolves.toBeUndefined();
      expect(await untilAlarm()).toBe(30 * SECOND);
    }
    await restart({ MAX_TURN_MINUTES: "" });
    await ring();
    expect(standIn.taken).toEqual(["one"]);
  });

  it("is not needed by what arrives: that is refused, and not on disk", async () => {
    await accept("one");
    await restart({ MAX_TURN_MINUTES: "none" });
    await runInDurableObject(stub(), async (instance) => {
      const { arrivalOf } = await import("./arrival.ts");
      const { createSeal } = await import("../seal.ts");
      const { createStash } = await import("./stash.ts");
      const rooms = { seal: createSeal(["s"]), stash: createStash(() => ({}) as R2Bucket) };
      const arrival = await arrivalOf(call("two"), rooms);
      await expect(instance.accept(arrival)).rejects.toThrow("MAX_TURN_MINUTES");
    });
    await restart({ MAX_TURN_MINUTES: "" });
    expect(await rows()).toHaveLength(1);
    expect(await alarmAt()).not.toBeNull();
  });
});
