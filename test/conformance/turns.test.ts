import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const STARTED = '{"status":"Started"}';

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

type Words = Readonly<Record<string, string>>;

function start(id: string, prompt: string, more: Words = {}) {
  return pair.post({ asynchronous: "true", task_id: id, prompt, ...more });
}

function ask(id: string, prompt: string, more: Words = {}) {
  return pair.post({ task_id: id, prompt, ...more });
}

/** Until the conversation has so many turns. */
async function accepted(id: string, turn: number): Promise<void> {
  await vi.waitFor(async () => {
    expect((await pair.task(id, `turn=${turn}`)).status).toBe(200);
  });
}

/** The prompts that the platform took under this id while the one before was running. */
function overlapping(id: string): (string | undefined)[] {
  const early = pair.platform.taken.filter((turn) => turn.id === id && turn.overlaps);
  return early.map(({ sent }) => sent.input.text);
}

describe.concurrent("the tasks of one conversation", () => {
  it("run in the order in which they were accepted, async", async () => {
    expect((await start("async", "1")).text).toBe(STARTED);
    expect((await start("async", "2")).text).toBe(STARTED);
    expect((await start("async", "3")).text).toBe(STARTED);
    expect(await pair.platform.prompted("async", 3)).toEqual(["1", "2", "3"]);
    expect(overlapping("async")).toEqual([]);
  });

  it("run in the order in which they were accepted, sync", async () => {
    pair.platform.holds("sync");
    const first = ask("sync", "1");
    await pair.platform.prompted("sync", 1);
    const second = ask("sync", "2");
    await accepted("sync", 2);
    // Behind it in the conversation, and accepted.
    await start("sync", "3");
    pair.platform.end("sync");
    expect(jsonOf(await first)).toMatchObject({ id: "sync", result: "Re: 1" });
    await pair.platform.prompted("sync", 2);
    pair.platform.end("sync");
    expect(jsonOf(await second)).toMatchObject({ id: "sync", result: "Re: 2" });
    expect(await pair.platform.prompted("sync", 3)).toEqual(["1", "2", "3"]);
    expect(overlapping("sync")).toEqual([]);
  });

  it("run in that order where one is async, the next sync, the next async", async () => {
    pair.platform.holds("first of three");
    await start("mixed", "first of three");
    await pair.platform.prompted("mixed", 1);
    const second = ask("mixed", "2");
    await accepted("mixed", 2);
    const third = start("mixed", "3");
    expect((await third).text).toBe(STARTED);
    pair.platform.end("mixed");
    expect(jsonOf(await second)).toMatchObject({ result: "Re: 2" });
    expect(await pair.platform.prompted("mixed", 3)).toEqual(["first of three", "2", "3"]);
    expect(overlapping("mixed")).toEqual([]);
  });

  it("are counted, sync and async alike", async () => {
    await ask("counted", "1");
    const second = await start("counted", "2");
    await ask("counted", "3");
    const fourth = await start("counted", "4");
    expect([second, fourth].map(({ headers }) => headers["location"])).toEqual([
      "/v1/tasks/counted?turn=2",
      "/v1/tasks/counted?turn=4",
    ]);
    expect(await pair.platform.prompted("counted", 4)).toEqual(["1", "2", "3", "4"]);
  });

  it("run one at a time where all come at once", async () => {
    const prompts = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    const answers = await Promise.all(prompts.map((prompt) => ask("crowd", prompt)));
    expect(answers.map((answer) => (jsonOf(answer) as { result: unknown }).result)).toEqual(
      prompts.map((prompt) => `Re: ${prompt}`),
    );
    expect(pair.platform.prompts("crowd").toSorted()).toEqual(prompts);
    expect(overlapping("crowd")).toEqual([]);
  });

  it("wait for one that runs long after the platform has shown the one before it", async () => {
    pair.platform.lags("behind", 1_000);
    await start("behind", "1");
    await pair.platform.prompted("behind", 1);
    pair.platform.holds("2nd, behind");
    await start("behind", "2nd, behind");
    await pair.platform.prompted("behind", 2);
    await start("behind", "3");
    // At first it is shown as 1 ended, which is no end of this one.
    const asked = pair.platform.calls("GET", "behind").length;
    await pair.platform.until(() => pair.platform.calls("GET", "behind").length >= asked + 2);
    expect(pair.platform.prompts("behind")).toEqual(["1", "2nd, behind"]);
    pair.platform.end("behind");
    expect(await pair.platform.prompted("behind", 3)).toEqual(["1", "2nd, behind", "3"]);
    expect(overlapping("behind")).toEqual([]);
  });

  it("say the same words twice, and run twice", async () => {
    await start("same words", "again");
    await start("same words", "again");
    expect((await ask("same words", "again")).status).toBe(200);
    expect(pair.platform.prompts("same words")).toEqual(["again", "again", "again"]);
    expect(overlapping("same words")).toEqual([]);
  });
});

describe.concurrent("a turn ends", () => {
  it.each(["completed", "error", "failed", "stopped", "paused"])(
    "when the platform says %s",
    async (status) => {
      const id = `ends-${status}`;
      pair.platform.holds(`begin ${status}`);
      await start(id, `begin ${status}`);
      await pair.platform.prompted(id, 1);
      await start(id, "next");
      pair.platform.end(id, { status });
      expect(await pair.platform.prompted(id, 2)).toEqual([`begin ${status}`, "next"]);
    },
  );

  it("when a sync answer says paused", async () => {
    pair.platform.holds("may I?");
    const asking = ask("approval", "may I?");
    await pair.platform.prompted("approval", 1);
    pair.platform.end("approval", { status: "paused", result: "May I?" });
    expect(jsonOf(await asking)).toMatchObject({ status: "paused", result: "May I?" });
    const answer = await ask("approval", "you may");
    expect(jsonOf(answer)).toMatchObject({ status: "completed", result: "Re: you may" });
  });

  it.each([
    ["async", start],
    ["sync", ask],
  ])("when the platform refuses it, %s", async (mode, call) => {
    const id = `refused-${mode}`;
    pair.platform.refuses("POST", id, { status: 422, body: { detail: "No" } });
    await call(id, "refused");
    expect((await ask(id, "next")).status).toBe(200);
    expect(pair.platform.prompts(id)).toEqual(["next"]);
  });
});

describe.concurrent("conversations do not wait for each other", () => {
  it.each<[string, string, Words, string]>([
    ["of another task_id", "busy-1", { task_id: "free" }, "test-key"],
    ["without a task_id", "busy-2", {}, "test-key"],
    ["of another organisation", "busy-3", { task_id: "busy-3" }, "key-of-org-2"],
  ])("one %s", async (_, busy, parameters, apiKey) => {
    pair.platform.holds(`long, ${busy}`);
    await start(busy, `long, ${busy}`);
    await pair.platform.prompted(busy, 1);
    const delivery = { apiKey, timeoutMs: 5_000 };
    const answer = await pair.post({ ...parameters, prompt: "hi" }, delivery);
    expect(jsonOf(answer)).toMatchObject({ status: "completed", result: "Re: hi" });

    const other = await pair.post(
      { ...parameters, prompt: "async", asynchronous: "true" },
      delivery,
    );
    expect(other.text).toBe(STARTED);
    const id = decodeURIComponent(String(other.headers["x-task-id"]));
    await pair.platform.until(() => pair.platform.prompts(id).includes("async"), 5_000);
  });
});

describe("one task_id of two organisations", () => {
  it("is two conversations, each with turns of its own", async () => {
    const keys = ["key-of-org-1", "key-of-org-2", "another-key-of-org-1"];
    const answers = [];
    for (const apiKey of keys) {
      const words = { asynchronous: "true", task_id: "shared", prompt: apiKey };
      answers.push(await pair.post(words, { apiKey }));
    }
    expect(answers.map(({ headers }) => headers["location"])).toEqual([
      "/v1/tasks/shared?turn=1",
      "/v1/tasks/shared?turn=1",
      "/v1/tasks/shared?turn=2",
    ]);
    await pair.platform.prompted("shared", 3);
    const taken = pair.platform.taken.filter(({ id }) => id === "shared");
    expect(new Set(taken.map(({ organisation, apiKey }) => `${organisation}: ${apiKey}`))).toEqual(
      new Set(["org-1: key-of-org-1", "org-2: key-of-org-2", "org-1: another-key-of-org-1"]),
    );
    expect(overlapping("shared")).toEqual([]);
  });
});
