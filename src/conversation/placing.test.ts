import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  accept,
  acceptSync,
  close,
  type Given,
  later,
  open,
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

const debounced: Given = { handling: { debounceSeconds: 10 } };
const latest: Given = { handling: { overlap: "latest" } };
const merge: Given = { handling: { overlap: "merge" } };

describe("debounce", () => {
  it("merges a burst, and starts its wait again three times at most", async () => {
    const waits: number[] = [];
    for (const prompt of ["1", "2", "3", "4", "5"]) {
      await accept(prompt, debounced);
      waits.push((await untilAlarm()) / SECOND);
      later(4 * SECOND);
    }
    expect(waits).toEqual([10, 10, 10, 10, 6]);
    await ring();
    expect(standIn.taken).toEqual(["1\n\n2\n\n3\n\n4\n\n5"]);
    expect(await rows()).toMatchObject([
      { state: "delivered" },
      ...[2, 3, 4, 5].map(() => ({ state: "merged", merged_into: 1 })),
    ]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["queue", () => accept("other")],
    ["a synchronous task", () => acceptSync()],
    ["another user", () => accept("other", { ...debounced, task: { user: { id: "2" } } })],
    ["other tokens", () => accept("other", { ...debounced, task: { userTokens: "{}" } })],
    ["another key", () => accept("other", { ...debounced, apiKey: "key-2" })],
    ["latest", () => accept("other", latest)],
    ["merge", () => accept("other", merge)],
  ])("is ended by an arrival of another kind: %s", async (_, arrive) => {
    await accept("one", debounced);
    await arrive();
    expect(await untilAlarm()).toBe(0);
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect((await row(2)).state).toBe("waiting");
  });

  it("is ended by what is dropped", async () => {
    await accept("one", debounced);
    await accept("other", { handling: { overlap: "drop" } });
    expect(await untilAlarm()).toBe(0);
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect((await row(2)).state).toBe("dropped");
  });

  it("of another is ended by what replaces a task before it", async () => {
    await accept("zero");
    await ring();
    await accept("one", latest);
    await accept("two", { ...debounced, apiKey: "key-2" });
    await accept("three", latest);
    expect(await row(2)).toMatchObject({ state: "dropped" });
    expect(await row(3)).toMatchObject({ restarts: null, next_at: Date.now() });
  });
});

describe("overlap", () => {
  it("latest replaces what waits and agrees, and nothing else", async () => {
    await accept("zero");
    await ring();
    await accept("one", latest);
    await accept("two", { ...latest, apiKey: "key-2" });
    await accept("three", latest);
    const states = (await rows()).map(({ state }) => state);
    expect(states).toEqual(["delivered", "dropped", "waiting", "waiting"]);
  });

  it("latest does not replace what may have been sent", async () => {
    standIn.starts.push(status(500));
    await accept("one", latest);
    await ring();
    await accept("two", latest);
    expect(await rows()).toMatchObject([{ state: "delivering" }, { state: "waiting" }]);
  });

  it("merge does not join what was tried, or is tried again by hand", async () => {
    standIn.starts.push(status(429), status(404));
    await accept("one", merge);
    await ring();
    await accept("two", merge);
    expect((await row(2)).state).toBe("waiting");
    await ring();
    expect(await row(1)).toMatchObject({ state: "dead" });
    await stub().retry(1, "sealed");
    await accept("three", merge);
    expect((await row(3)).state).toBe("waiting");
  });

  it("merge begins a new task past a limit", async () => {
    await accept("zero");
    await accept("a".repeat(600_000), merge);
    await accept("b".repeat(600_000), merge);
    await accept("c", merge);
    const states = (await rows()).map(({ state }) => state);
    expect(states).toEqual(["waiting", "waiting", "waiting", "merged"]);
  });

  it("drop is not run while another is, and runs when none is", async () => {
    const drop: Given = { handling: { overlap: "drop" } };
    expect(await accept("one", drop)).toMatchObject({ kind: "accepted" });
    expect(await accept("two", drop)).toMatchObject({ kind: "dropped" });
    await ring();
    expect(await accept("three", drop)).toEqual({ kind: "ask_first", turn: 1 });
  });

  it("makes a Worker wait for what absorbed its task", async () => {
    await accept("zero");
    await accept("one", merge);
    await accept("two", merge);
    expect(await stub().attend(3)).toMatchObject({ kind: "wait", state: "waiting" });
    expect((await row(2)).watched_until).toBeGreaterThan(Date.now());
  });

  it("tells a Worker that its task was replaced", async () => {
    await accept("zero");
    await accept("one", latest);
    await accept("two", latest);
    expect(await stub().attend(2)).toEqual({ kind: "lost", state: "dropped" });
  });
});
