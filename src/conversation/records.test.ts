import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  accept,
  acceptSync,
  alarmAt,
  close,
  conversations,
  DAY,
  HOUR,
  KEY,
  later,
  open,
  read,
  restart,
  ring,
  row,
  rows,
  standIn,
  status,
  stub,
} from "./conversation.fixture.ts";

beforeEach(open);
afterEach(close);

const repeat = { key: "agent k", hash: "h" };

function tables(): Promise<{ name: string }[]> {
  return read(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  );
}

async function runOne(prompt = "one"): Promise<void> {
  await accept(prompt, { repeat: { ...repeat, key: prompt } });
  await accept(`${prompt}, then`);
  await ring();
  standIn.end("t");
  await ring();
  standIn.end("t");
}

describe("a repeat", () => {
  it("finds its first for 24 hours", async () => {
    await accept("one", { repeat });
    later(DAY - 1);
    expect(await accept("one", { repeat })).toMatchObject({ kind: "repeated", turn: 1 });
    later(1);
    expect(await accept("one", { repeat })).toMatchObject({ kind: "accepted", turn: 2 });
    expect(await accept("one", { repeat })).toMatchObject({ kind: "repeated", turn: 2 });
  });

  it("that comes in the same instant starts nothing", async () => {
    const all = await Promise.all([1, 2, 3].map(() => accept("one", { repeat })));
    expect(all.map(({ kind }) => kind).toSorted()).toEqual(["accepted", "repeated", "repeated"]);
    await ring();
    expect(standIn.taken).toEqual(["one"]);
  });

  it.each<[string, (turn: number) => unknown]>([
    ["left before its turn", (turn) => stub().leave(turn)],
    ["could not be sent", (turn) => stub().settle(turn, 1, { kind: "not_sent" })],
  ])("finds nothing of a synchronous task that %s", async (what, end) => {
    if (what === "left before its turn") await accept("zero");
    const first = await acceptSync({ repeat });
    const turn = "turn" in first ? first.turn : 0;
    await end(turn);
    expect(await acceptSync({ repeat })).toMatchObject({ kind: "accepted", turn: turn + 1 });
  });

  it("of another request is a conflict, and changes nothing", async () => {
    await accept("one", { repeat });
    expect(await accept("two", { repeat: { ...repeat, hash: "other" } })).toEqual({
      kind: "conflict",
    });
    expect(await rows()).toHaveLength(1);
  });

  it.each([
    ["one that is dead", 1, "dead", () => void standIn.starts.push(status(404))],
    ["one that runs", 1, "delivered", () => undefined],
  ])("finds %s", async (_, turn, state, script) => {
    script();
    await accept("one", { repeat });
    await ring();
    expect(await accept("one", { repeat })).toEqual({ kind: "repeated", turn, state });
    expect(await rows()).toHaveLength(1);
  });

  it("finds what was merged, and what absorbed it", async () => {
    const handling = { overlap: "merge" as const };
    await accept("zero");
    await accept("one", { handling });
    await accept("two", { handling, repeat });
    expect(await accept("two", { handling, repeat })).toMatchObject({ turn: 3, state: "merged" });
    await ring();
    standIn.end("t");
    await ring();
    standIn.end("t", { result: "Both" });
    await stub().observe(2, { snapshot: "ended", standing: "ended", answer: "={}" }, 0);
    expect(await stub().attend(3)).toEqual({ kind: "answered", answer: "={}" });
  });

  it("is forgotten in a conversation that goes on", async () => {
    await runOne();
    for (const prompt of ["two", "three", "four"]) {
      later(15 * DAY);
      await runOne(prompt);
    }
    expect((await read("SELECT key FROM repeat")).length).toBeLessThan(3);
  });
});

describe("a conversation's records", () => {
  it("go 30 days after their end, and the object with them", async () => {
    await accept("one", { repeat });
    await ring();
    const start = Date.now();
    later(30 * DAY);
    expect(await alarmAt()).toBeLessThanOrEqual(Date.now() + HOUR);
    await ring();
    expect(Date.now() - start).toBeLessThan(31 * DAY);
    expect(await tables()).toEqual([]);
    expect(await alarmAt()).toBeNull();
    expect(await stub().look(undefined)).toBeUndefined();
    expect(await alarmAt()).toBeNull();
  });

  it("begin anew after that", async () => {
    await accept("one", { repeat });
    await ring();
    later(31 * DAY);
    await ring();
    expect(await accept("two", { repeat })).toMatchObject({ kind: "accepted", turn: 1 });
    await ring();
    expect(standIn.taken).toEqual(["one", "two"]);
  });

  it("are kept until then", async () => {
    await runOne();
    later(30 * DAY - HOUR);
    await accept("three");
    await ring();
    expect((await rows()).length).toBe(3);
    later(2 * HOUR);
    await ring();
    expect((await rows()).map(({ turn }) => turn)).not.toContain(1);
  });

  it("are not made by those who only ask", async () => {
    const place = { organisation: "org", taskId: "t", turn: undefined };
    expect(await conversations().look(place, { apiKey: KEY })).toBeUndefined();
    expect(await conversations().retry(place, { apiKey: KEY })).toBeUndefined();
    await stub().attend(1);
    await stub().leave(1);
    await stub().settle(1, 1, { kind: "not_sent" });
    await stub().renew(1, 1);
    await stub().postpone(1, 1);
    expect(await stub().begin(1, 1, "x")).toBe(false);
    expect(await tables()).toEqual([]);
    expect(await alarmAt()).toBeNull();
  });

  it("hold a large answer once, however often it is seen", async () => {
    await accept("one");
    await ring();
    standIn.end("t", { status: "paused", result: "a".repeat(1024 * 1024) });
    const place = { organisation: "org", taskId: "t", turn: 1 };
    for (const _ of [1, 2, 3]) await conversations().look(place, { apiKey: KEY });
    const { objects } = await env.FILES.list();
    expect(objects.map(({ key }) => `@${key}`)).toEqual([(await row(1)).answer]);
    later(31 * DAY);
    await ring();
    await restart();
    expect((await env.FILES.list()).objects).toEqual([]);
  });
});

describe("a look at a task", () => {
  const place = { organisation: "org", taskId: "t", turn: undefined };

  it("does not show the answer of the turn before as its own", async () => {
    await runOne();
    standIn.starts.push(() => Response.json({ id: "t", status: "pending" }));
    await accept("late");
    await ring();
    const standing = await conversations().look(place, { apiKey: KEY });
    expect(standing).toMatchObject({ turn: 3, state: "delivered" });
    expect(standing?.task).toMatchObject({ status: '"executing"', result: "null" });
  });

  it("shows how a task that was paused went on", async () => {
    await accept("one");
    await ring();
    standIn.end("t", { status: "paused", result: "May I?" });
    const paused = await conversations().look(place, { apiKey: KEY });
    expect(paused?.task).toMatchObject({ status: '"paused"' });
    standIn.end("t", { result: "Done" });
    const ended = await conversations().look(place, { apiKey: KEY });
    expect(ended?.task).toMatchObject({ status: '"completed"', result: '"Done"' });
  });
});
