import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { type Answer, jsonOf, send } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { madeObjects } from "../support/stored-files.ts";

const STARTED = '{"status":"Started"}';
const key = { "x-api-key": "test-key" };

let folder: string;
let gateway: Gateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "inlet-embedded-async-"));
  gateway = await startGateway({ persistTo: folder });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

interface Asked {
  readonly on?: Gateway;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(query: string, { on = gateway, headers = {} }: Asked = {}): Promise<Answer> {
  return send(`${on.url}/?agent_id=echo&${query}`, { headers: { ...key, ...headers } });
}

function task(path: string, { on = gateway, headers = key }: Asked = {}): Promise<Answer> {
  return send(`${on.url}/v1/tasks/${path}`, { method: "GET", headers });
}

interface Task {
  readonly result: string;
  readonly delivery: Readonly<Record<string, unknown>>;
}

/** The task once it is over. */
async function finished(path: string, on: Gateway = gateway): Promise<Task> {
  return vi.waitFor(
    async () => {
      const shown = jsonOf(await task(path, { on }));
      expect(shown).toMatchObject({ delivery: { state: "finished" } });
      return shown as Task;
    },
    { timeout: 15_000, interval: 100 },
  );
}

/** What `echo` says of a task: which turn of its conversation it was, and of which prompt. */
async function echoed(path: string, on: Gateway = gateway) {
  const { prompt, turn } = JSON.parse((await finished(path, on)).result) as Record<string, unknown>;
  return { prompt, turn };
}

describe("an async task of the embedded platform", () => {
  it("is Started, runs, and is found at its Location", async () => {
    const answer = await ask("asynchronous=true&task_id=a%20b&prompt=hi");
    expect([answer.status, answer.text]).toEqual([200, STARTED]);
    expect(answer.headers).toMatchObject({
      "x-task-id": "a%20b",
      location: "/v1/tasks/a%20b?turn=1",
    });
    expect(await finished("a%20b?turn=1")).toEqual({
      id: "a b",
      agent_id: "echo",
      status: "completed",
      result: '{"prompt":"hi","context":null,"files":[],"user":null,"turn":1}',
      created_at: expect.any(String),
      finished_at: expect.any(String),
      source: "webhook",
      execution_attempts: 1,
      delivery: {
        turn: 1,
        state: "finished",
        attempts: 1,
        next_attempt_at: null,
        last_error: null,
        merged_into: null,
      },
    });
  });

  it("runs in its turn, whether those before and behind it are async or sync", async () => {
    await ask("asynchronous=true&task_id=mixed&prompt=one");
    const second = await ask("task_id=mixed&prompt=two&getter=result.turn");
    const third = await ask("asynchronous=true&task_id=mixed&prompt=three");
    const fourth = await ask("task_id=mixed&prompt=four&getter=result.turn");
    expect([second.text, third.headers["location"], fourth.text]).toEqual([
      "2",
      "/v1/tasks/mixed?turn=3",
      "4",
    ]);
    expect(await echoed("mixed?turn=1")).toEqual({ prompt: "one", turn: 1 });
    expect(await echoed("mixed?turn=2")).toEqual({ prompt: "two", turn: 2 });
    expect(await echoed("mixed?turn=3")).toEqual({ prompt: "three", turn: 3 });
    expect(await echoed("mixed")).toEqual({ prompt: "four", turn: 4 });
  });

  it("runs as often as it was sent where all is sent at once", async () => {
    const prompts = Array.from({ length: 10 }, (_, n) => String(n));
    const answers = await Promise.all(
      prompts.map((prompt) => ask(`asynchronous=true&task_id=crowd&prompt=${prompt}`)),
    );
    const locations = answers.map(({ headers }) => String(headers["location"]));
    const runs = await Promise.all(
      locations.map((location) => echoed(location.slice("/v1/tasks/".length))),
    );
    // Each is found where it was said to be, and ran in that turn.
    expect(runs).toEqual(
      prompts.map((prompt, index) => ({
        prompt,
        turn: Number(locations[index]?.split("turn=")[1]),
      })),
    );
    expect(new Set(runs.map(({ turn }) => turn)).size).toBe(10);
  });

  it("is waited for with wait", async () => {
    const answer = await ask("wait=10&task_id=waited&prompt=hi&getter=result.prompt");
    expect([answer.status, answer.text]).toEqual([200, '"hi"']);
  });
});

describe("a repeat", () => {
  it.each([
    ["sync", ""],
    ["async", "&asynchronous=true"],
  ])("runs nothing, %s", async (mode, query) => {
    const call = () =>
      ask(`task_id=again-${mode}&prompt=hi${query}`, { headers: { "idempotency-key": "k" } });
    const answers = [await call(), await call(), ...(await Promise.all([call(), call()]))];
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.map(({ headers }) => headers["idempotency-replayed"])).toEqual([
      undefined,
      "true",
      "true",
      "true",
    ]);
    const next = await ask(`task_id=again-${mode}&prompt=hi&getter=result.turn`);
    expect(next.text).toBe("2");
  });
});

describe("GET /v1/tasks/{task_id}", () => {
  it("is 404 for what is not there, and makes nothing", async () => {
    const before = madeObjects(folder);
    const answers = [await task("nowhere"), await task("nowhere?turn=1"), await task("%00")];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, expect.any(Number)]);
    expect(madeObjects(folder)).toEqual(before);
    expect((await ask("task_id=nowhere&prompt=hi&getter=result.turn")).text).toBe("1");
    expect((await task("nowhere?turn=2")).status).toBe(404);
  });

  it("is 401 without a key and 404 for a wrong one", async () => {
    await ask("task_id=guarded&prompt=hi");
    expect(refusalOf(await task("guarded", { headers: {} }))).toEqual(
      refusal(401, "api_key_missing", "API key not specified"),
    );
    const wrong = await task("guarded", { headers: { "x-api-key": "wrong" } });
    expect(refusalOf(wrong)).toEqual(refusal(404, expect.any(String), expect.any(String)));
  });
});

describe("a gateway that is killed", () => {
  it("runs what it said was Started, each task in its turn", async () => {
    const state = mkdtempSync(join(tmpdir(), "inlet-embedded-async-"));
    onTestFinished(() => rmSync(state, { recursive: true, force: true, maxRetries: 5 }));
    const first = await startGateway({ persistTo: state });
    onTestFinished(() => first.kill());
    const ids = Array.from({ length: 20 }, (_, n) => `killed-${n}`);
    const answers = await Promise.all(
      ids.flatMap((id) => [
        ask(`asynchronous=true&task_id=${id}&prompt=hi`, { on: first }),
        ask(`asynchronous=true&task_id=${id}&prompt=hi`, { on: first }),
      ]),
    );
    await first.kill();
    expect(answers.map(({ text }) => text)).toEqual(answers.map(() => STARTED));

    const second = await startGateway({ persistTo: state });
    onTestFinished(() => second.kill());
    const turns = await Promise.all(ids.map((id) => echoed(`${id}?turn=2`, second)));
    expect(turns.map(({ turn }) => turn)).toEqual(ids.map(() => 2));
    const next = await ask("task_id=killed-0&prompt=hi&getter=result.turn", { on: second });
    expect(next.text).toBe("3");
  });
});
