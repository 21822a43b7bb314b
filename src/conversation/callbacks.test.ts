import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_CALLBACK_SECONDS } from "../limits.ts";
import { postCallback } from "./callback.ts";
import {
  accept,
  close,
  DAY,
  HOOK,
  HOUR,
  later,
  lost,
  MINUTE,
  never,
  open,
  read,
  ring,
  row,
  SECOND,
  standIn,
  status,
  stub,
} from "./conversation.fixture.ts";
import { roomsOf } from "./rooms.ts";

beforeEach(open);
afterEach(close);

const given = { handling: { callbackUrl: HOOK } };

/** Its callback is due. */
async function finish(): Promise<void> {
  await accept("one", given);
  await ring();
  standIn.end("t");
  await ring();
}

/** What the object has read of its settings. */
async function allow(host: string): Promise<void> {
  await runInDurableObject(stub(), (object) => {
    Object.assign(roomsOf(Reflect.get(object, "env")).config, { CALLBACK_HOSTS: [host] });
  });
}

function told(): string[] {
  return standIn.posts.map(({ body }) => JSON.parse(body).status);
}

describe("a callback", () => {
  it.each([200, 204, 299])("that was answered %i is done", async (code) => {
    standIn.hook = () => new Response(null, { status: code === 299 ? 299 : code });
    await finish();
    await ring();
    expect(told()).toEqual(["completed"]);
    expect(await read("SELECT * FROM callback")).toEqual([]);
    expect(standIn.posts[0]).toMatchObject({ url: HOOK });
    await ring();
    expect(standIn.posts).toHaveLength(1);
  });

  it.each<[string, typeof lost]>([
    ["500", status(500)],
    ["404", status(404)],
    ["429", status(429)],
    ["a redirect to this machine", status(302, { Location: "http://127.0.0.1/" })],
    ["a redirect to a host of the list", status(308, { Location: HOOK })],
    ["nothing, for the connection broke", lost],
  ])("that was answered %s is posted again on the schedule, then given up", async (_, reply) => {
    standIn.hook = reply;
    await finish();
    for (let times = 0; times < 9; times += 1) await ring();
    const at = standIn.posts.map((post) => post.at);
    const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    const minutes = [2, 10, 30, 60, 120, 240].map((count) => count * MINUTE);
    expect(waits).toEqual([5 * SECOND, 30 * SECOND, ...minutes]);
    expect(new Set(standIn.posts.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(standIn.posts.map(({ url }) => url))).toEqual(new Set([HOOK]));
    expect(await read("SELECT * FROM callback")).toEqual([]);
  });

  it("signs each attempt with the time of its own", async () => {
    standIn.hook = status(500);
    await finish();
    await ring(2);
    const times = standIn.posts.map(({ headers }) => Number(headers.get("webhook-timestamp")));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(5);
    expect(standIn.posts[1]?.headers.get("content-type")).toBe("application/json");
  });

  it("goes to no host that is no longer allowed, and is owed all the same", async () => {
    standIn.hook = status(500);
    await finish();
    await ring();
    await allow("other.test");
    await ring();
    expect(standIn.posts).toHaveLength(1);
    await allow("hooks.test");
    await ring();
    expect(standIn.posts).toHaveLength(2);
  });

  it("that was answered 410 is ended", async () => {
    standIn.hook = status(410);
    await finish();
    await ring();
    expect(await read("SELECT * FROM callback")).toEqual([]);
  });

  it("is given 30 s", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
    standIn.hook = never;
    const post = { url: HOOK, id: "msg_1", body: "{}", secret: "s", now: 0 };
    const posted = postCallback(post);
    let isOver = false;
    void posted.then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(MAX_CALLBACK_SECONDS * SECOND - 1);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await posted).toBe("failed");
  });

  it("does not follow a redirect", async () => {
    await finish();
    await ring();
    const [, init] = vi.mocked(fetch).mock.calls.at(-1) ?? [];
    expect(init).toMatchObject({ redirect: "manual", method: "POST" });
  });

  it("tells of a task that is dead, paused or failed, too", async () => {
    standIn.starts.push(status(403));
    await accept("one", given);
    await ring(2);
    await accept("two", given);
    await ring();
    standIn.end("t", { status: "paused" });
    await ring(2);
    await accept("three", given);
    await ring();
    standIn.end("t", { status: "error" });
    await ring(2);
    expect(told()).toEqual(["failed", "paused", "error"]);
  });

  it("is posted for a task that takes hours, while nobody else waits", async () => {
    await accept("one", given);
    await ring();
    later(3 * HOUR);
    await ring();
    expect(await row(1)).toMatchObject({ state: "delivered", ended_at: null });
    standIn.end("t");
    await ring(2);
    expect(told()).toEqual(["completed"]);
  });

  it("that waits for a task without end is posted after a day, and asks no more", async () => {
    await accept("one", given);
    await ring();
    const start = Date.now();
    later(DAY - MINUTE);
    while (standIn.posts.length === 0) await ring();
    expect(Date.now() - start).toBe(DAY);
    expect(told()).toEqual(["executing"]);
  });

  it("that hangs holds up nothing but one alarm", async () => {
    standIn.hook = status(500);
    for (const prompt of ["one", "two", "three"]) {
      await accept(prompt, given);
      standIn.starts.push(status(404));
    }
    await ring();
    expect(await read("SELECT * FROM callback")).toHaveLength(3);
    await ring();
    expect(standIn.posts).toHaveLength(1);
    await ring(2);
    expect(standIn.posts).toHaveLength(3);
  });

  it("of a task that absorbed others is posted once", async () => {
    const merging = { handling: { callbackUrl: HOOK, overlap: "merge" as const } };
    await accept("zero");
    await accept("one", merging);
    await accept("two", merging);
    await ring();
    standIn.end("t");
    await ring();
    expect(standIn.taken).toEqual(["zero", "one\n\ntwo"]);
    standIn.end("t");
    await ring(3);
    expect(told()).toEqual(["completed"]);
  });
});
