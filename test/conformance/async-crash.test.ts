import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const STARTED = '{"status":"Started"}';

let pair: TaskPair;

beforeEach(async () => {
  pair = await startTaskPair();
});
afterEach(() => pair.stop());

function start(id: string, prompt: string) {
  return pair.post({ asynchronous: "true", task_id: id, prompt });
}

/** What is behind it in its conversation has run, so all that was to be sent before has been. */
async function promptsBefore(id: string, sentinel: string): Promise<string[]> {
  expect((await start(id, sentinel)).text).toBe(STARTED);
  await pair.platform.until(() => pair.platform.prompts(id).includes(sentinel), 25_000);
  return pair.platform.prompts(id);
}

function overlapping(): string[] {
  return pair.platform.taken.filter(({ overlaps }) => overlaps).map(({ id }) => id);
}

describe("a gateway that is killed", () => {
  it("runs what it said was Started, each task once and in order", async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `killed-${n}`);
    const answers = await Promise.all(
      ids.map(async (id) => [await start(id, "first"), await start(id, "second")]),
    );
    await pair.crash();
    expect(answers.flat().map(({ text }) => text)).toEqual(answers.flat().map(() => STARTED));
    const prompts = await Promise.all(ids.map((id) => promptsBefore(id, "last")));
    expect(prompts).toEqual(ids.map(() => ["first", "second", "last"]));
    expect(overlapping()).toEqual([]);
  });

  it("does not run again what the platform had taken when it was killed", async () => {
    pair.platform.loses("taken", "hang");
    expect((await start("taken", "first")).text).toBe(STARTED);
    await pair.platform.prompted("taken", 1);
    await pair.crash();
    expect(await promptsBefore("taken", "second")).toEqual(["first", "second"]);
  });

  it("does not take the turn before for the one that the platform had taken", async () => {
    await start("known", "first");
    await pair.platform.prompted("known", 1);
    pair.platform.lags("known", 1_000);
    pair.platform.loses("known", "hang");
    await start("known", "second");
    await pair.platform.prompted("known", 2);
    await pair.crash();
    expect(await promptsBefore("known", "third")).toEqual(["first", "second", "third"]);
    expect(overlapping()).toEqual([]);
  });

  it("sends again what the platform had not taken, a row of before or none", async () => {
    await start("row", "before");
    await pair.platform.prompted("row", 1);
    pair.platform.refuses("POST", "new", "hang");
    pair.platform.refuses("POST", "row", "hang");
    await start("new", "first");
    await start("row", "first");
    await pair.platform.until(
      () =>
        pair.platform.calls("POST", "new").length === 1 &&
        pair.platform.calls("POST", "row").length === 2,
    );
    await pair.crash();
    await start("new", "second");
    await start("row", "second");
    expect(await pair.platform.prompted("new", 2, 25_000)).toEqual(["first", "second"]);
    expect(await pair.platform.prompted("row", 3, 25_000)).toEqual(["before", "first", "second"]);
  });

  it("keeps a turn that runs on the platform before the next", async () => {
    pair.platform.holds("running");
    await start("running", "first");
    await pair.platform.prompted("running", 1);
    await start("running", "second");
    await pair.crash();
    // Asked after the restart, and still running.
    const asked = pair.platform.calls("GET", "running").length;
    await pair.platform.until(() => pair.platform.calls("GET", "running").length > asked);
    expect(pair.platform.prompts("running")).toEqual(["first"]);
    pair.platform.end("running");
    expect(await pair.platform.prompted("running", 2)).toEqual(["first", "second"]);
    expect(overlapping()).toEqual([]);
  });
});
