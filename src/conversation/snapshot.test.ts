import { describe, expect, it } from "vitest";
import type { Shown } from "../invocation/task.ts";
import { ABSENT, snapshotOf, standingOf } from "./snapshot.ts";

const shown: Shown = {
  id: '"t"',
  agent_id: '"agent"',
  status: '"completed"',
  result: '"Done"',
  created_at: '"2026-11-22T10:00:00Z"',
  started_at: '"2026-11-22T10:00:01Z"',
  finished_at: '"2026-11-22T10:00:02Z"',
  source: '"webhook"',
  execution_attempts: "1",
  input: '{"text":"Hello"}',
};

describe("snapshotOf", () => {
  it("is absent where nothing is shown, and only there", () => {
    expect(snapshotOf(undefined)).toBe(ABSENT);
    expect(snapshotOf({ ...shown, status: '"absent"' })).not.toBe(ABSENT);
  });

  it.each<[string, Partial<Shown>]>([
    ["the same", {}],
    ["+00:00 for Z", { created_at: '"2026-11-22T10:00:00+00:00"' }],
    ["another result", { result: '"Other"' }],
    ["another count of attempts", { execution_attempts: "2" }],
  ])("is the same for %s", (_, given) => {
    expect(snapshotOf({ ...shown, ...given })).toBe(snapshotOf(shown));
  });

  it.each<[string, Partial<Shown>]>([
    ["status", { status: '"executing"' }],
    ["created_at", { created_at: '"2026-11-22T10:00:00.001Z"' }],
    ["started_at", { started_at: "null" }],
    ["finished_at", { finished_at: '"2026-11-22T10:00:03Z"' }],
    ["input", { input: '{"text":"Hello!"}' }],
    ["zone", { created_at: '"2026-11-22T10:00:00+01:00"' }],
  ])("is another for another %s", (_, given) => {
    expect(snapshotOf({ ...shown, ...given })).not.toBe(snapshotOf(shown));
  });

  it("is small, whatever the input, and does not hold it", () => {
    const snapshot = snapshotOf({ ...shown, input: `"${"x".repeat(1_000_000)}"` });
    expect(snapshot.length).toBeLessThan(300);
    expect(snapshot).not.toContain("xxx");
  });
});

describe("standingOf", () => {
  it.each([
    ['"pending"', "null", "running"],
    ['"executing"', "null", "running"],
    ['"executing"', '"2026-11-22T10:00:00Z"', "running"],
    ['"paused"', "null", "paused"],
    ['"paused"', '"2026-11-22T10:00:00Z"', "paused"],
    ['"completed"', "null", "ended"],
    ['"error"', "null", "ended"],
    ['"failed"', "null", "ended"],
    ['"stopped"', "null", "ended"],
    ['"compacting"', "null", "running"],
    ['"cancelled"', '"2026-11-22T10:00:00Z"', "ended"],
    ['"Completed"', "null", "running"],
    ['""', "null", "running"],
    ["null", "null", "running"],
    ["7", '"2026-11-22T10:00:00Z"', "ended"],
  ])("of %s that finished at %s is %s", (status, finished_at, standing) => {
    expect(standingOf({ ...shown, status, finished_at })).toBe(standing);
  });
});
