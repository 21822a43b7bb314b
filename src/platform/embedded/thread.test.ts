import { env } from "cloudflare:workers";
import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import type { Thread, TurnTask } from "./thread.ts";

afterEach(reset);

const task: TurnTask = {
  agentId: "echo",
  id: "conversation",
  prompt: "Hello",
  contextText: '{"big":12345678901234567890}',
  files: [],
  user: null,
};

function thread(): DurableObjectStub<Thread> {
  return env.THREADS.getByName("conversation");
}

interface Kept extends Record<string, SqlStorageValue> {
  readonly turn: number;
  readonly state: string;
  readonly attempts: number;
}

function kept(stub: DurableObjectStub<Thread>): Promise<Kept[]> {
  return runInDurableObject(stub, (_, { storage }) =>
    storage.sql.exec<Kept>("SELECT turn, state, attempts FROM turn ORDER BY turn").toArray(),
  );
}

/** Makes the newest turn what a crash in the middle of its run leaves behind. */
function interrupt(stub: DurableObjectStub<Thread>, attempts: number): Promise<void> {
  return runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec("UPDATE turn SET state = 'executing', attempts = ?", attempts);
  });
}

/** Commits an async turn without letting its alarm come by itself. */
async function startWithoutAlarm(stub: DurableObjectStub<Thread>): Promise<void> {
  await runInDurableObject(stub, async (instance, { storage }) => {
    await instance.start(task);
    await storage.setAlarm(Date.now() + 60_000);
  });
}

describe("Thread", () => {
  it("shows a turn what was said before", async () => {
    const first = await thread().begin(task);
    await thread().finish(first.turn, { status: "completed", result: "Hi" });
    const second = await thread().begin({ ...task, prompt: "Again" });
    expect(first).toMatchObject({ turn: 1, earlierTurns: [] });
    expect(second).toMatchObject({
      turn: 2,
      earlierTurns: [{ turn: 1, prompt: "Hello", result: "Hi", status: "completed" }],
    });
  });

  it("keeps a text of any length and any characters", async () => {
    const prompt = `${"é😀".repeat(200_000)}\ud800`;
    const first = await thread().begin({ ...task, prompt });
    await thread().finish(first.turn, { status: "completed", result: null });
    const tooLong = await thread().begin({ ...task, prompt: "p" });
    expect(tooLong.earlierTurns).toEqual([]);

    const short = `${"é".repeat(100_000)}\ud800`;
    const other = env.THREADS.getByName("other");
    await other.begin({ ...task, prompt: short });
    const { earlierTurns } = await other.begin(task);
    expect(earlierTurns[0]?.prompt).toBe(short);
  });

  it("runs an async turn by its alarm", async () => {
    await startWithoutAlarm(thread());
    expect(await kept(thread())).toMatchObject([{ turn: 1, state: "pending", attempts: 0 }]);
    await runDurableObjectAlarm(thread());
    expect(await kept(thread())).toMatchObject([{ turn: 1, state: "completed", attempts: 1 }]);
    const { earlierTurns } = await thread().begin(task);
    expect(earlierTurns[0]?.result).toContain('"context":{"big":12345678901234567890}');
  });

  it("runs a turn again that a crash interrupted, its attempts one higher", async () => {
    await startWithoutAlarm(thread());
    await interrupt(thread(), 1);
    await runDurableObjectAlarm(thread());
    expect(await kept(thread())).toMatchObject([{ state: "completed", attempts: 2 }]);
  });

  it("ends a turn in error that was interrupted three times", async () => {
    await startWithoutAlarm(thread());
    await interrupt(thread(), 3);
    await runDurableObjectAlarm(thread());
    expect(await kept(thread())).toMatchObject([{ state: "error", attempts: 3 }]);
  });

  it("ends a sync turn in error whose Worker has gone", async () => {
    await thread().begin(task);
    expect(await thread().newest()).toMatchObject({ turn: 1, status: "executing" });
    await runInDurableObject(thread(), (_, { storage }) => {
      storage.sql.exec("UPDATE turn SET lease_until = ?", Date.now() - 1);
    });
    expect(await thread().newest()).toMatchObject({ status: "error", result: "interrupted" });
  });

  it("keeps a sync turn whose Worker says that it is at it", async () => {
    await thread().begin(task);
    await runInDurableObject(thread(), (_, { storage }) => {
      storage.sql.exec("UPDATE turn SET lease_until = ?", Date.now() - 1);
    });
    await thread().renew(1);
    expect(await thread().newest()).toMatchObject({ status: "executing" });
  });

  it("shows nothing, and makes nothing, where there was no turn", async () => {
    expect(await thread().newest()).toBeUndefined();
    const tables = await runInDurableObject(thread(), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("deletes itself when it was silent for 30 days", async () => {
    const { turn } = await thread().begin(task);
    await thread().finish(turn, { status: "completed", result: "Hi" });
    await runDurableObjectAlarm(thread());
    expect(await kept(thread())).toHaveLength(1);
    const days30 = 30 * 24 * 60 * 60 * 1000;
    await runInDurableObject(thread(), (_, { storage }) => {
      storage.sql.exec("UPDATE turn SET created_at = created_at - ?", days30);
    });
    await runDurableObjectAlarm(thread());
    const size = await runInDurableObject(thread(), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'turn'").toArray(),
    );
    expect(size).toEqual([]);
  });
});
