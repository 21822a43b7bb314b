import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Answer, jsonOf } from "../support/http.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";
import { open } from "../support/uploads.ts";

const MODES = [["sync", {}] as const, ["async", { asynchronous: "true" }] as const];

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair({ SYNC_TIMEOUT_SECONDS: "2" });
});
afterAll(() => pair.stop());

interface Keyed {
  readonly key: string;
  readonly body?: string;
  readonly apiKey?: string;
}

function post(parameters: Readonly<Record<string, string>>, { key, ...delivery }: Keyed) {
  return pair.post(parameters, { ...delivery, headers: { "idempotency-key": key } });
}

function replayed(answers: readonly Answer[]): (string | string[] | undefined)[] {
  return answers.map(({ headers }) => headers["idempotency-replayed"]);
}

/** How often the platform was sent a task with this prompt. */
function runs(prompt: string): number {
  return pair.platform.taken.filter(({ sent }) => sent.input.text === prompt).length;
}

/** Repeats the call until it is answered: each waits 2 s, and the platform is asked now and then. */
async function insist(words: Readonly<Record<string, string>>): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await post(words, { key: "k" });
      expect(answer.status).toBe(200);
      return answer;
    },
    { timeout: 25_000 },
  );
}

describe.concurrent.each(MODES)("a repeat, %s", (mode, how) => {
  it("starts nothing, and is given the first answer", async () => {
    const words = { ...how, task_id: `again ${mode}`, prompt: `again ${mode}` };
    const first = await post(words, { key: "k-1" });
    const second = await post(words, { key: "k-1" });
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.text).toBe(first.text);
    expect(second.headers["x-task-id"]).toBe(first.headers["x-task-id"]);
    expect(second.headers["location"]).toBe(first.headers["location"]);
    expect(replayed([first, second])).toEqual([undefined, "true"]);
    await pair.platform.until(() => runs(words.prompt) > 0);
    expect((await post({ task_id: words.task_id, prompt: "end" }, { key: "k-2" })).status).toBe(
      200,
    );
    expect(pair.platform.prompts(words.task_id)).toEqual([words.prompt, "end"]);
  });

  it("starts nothing where all arrive in the same millisecond", async () => {
    const words = { ...how, task_id: `at once ${mode}`, prompt: `at once ${mode}` };
    const answers = await Promise.all(
      ["k", "k", "k", "k", "k", "k"].map((key) => post(words, { key })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(replayed(answers).filter((told) => told === "true")).toHaveLength(5);
    expect((await post({ ...words, prompt: "end" }, { key: "end" })).status).toBe(200);
    await pair.platform.prompted(words.task_id, 2);
    expect(pair.platform.prompts(words.task_id)).toEqual([words.prompt, "end"]);
  });

  it("has the task_id of the first where none is sent", async () => {
    const words = { ...how, prompt: `derived ${mode}` };
    const first = await post(words, { key: `derived-${mode}` });
    const second = await post(words, { key: `derived-${mode}` });
    expect(first.headers["x-task-id"]).toMatch(/^\S+$/);
    expect(second.headers["x-task-id"]).toBe(first.headers["x-task-id"]);
    expect(replayed([first, second])).toEqual([undefined, "true"]);
    const other = await post(words, { key: `another-${mode}` });
    expect(other.headers["x-task-id"]).not.toBe(first.headers["x-task-id"]);
    await pair.platform.until(() => runs(words.prompt) >= 2);
    expect(runs(words.prompt)).toBe(2);
  });

  it.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ["agent", { agent_id: "agent-2" }, undefined],
    ["task_id", { task_id: "another" }, undefined],
    ["organisation", {}, "key-of-org-2"],
  ])("is none of the same key with another %s", async (what, another, apiKey) => {
    const words = { ...how, task_id: `scope ${what} ${mode}`, prompt: `scope ${what} ${mode}` };
    const key = `scope-${what}-${mode}`;
    const first = await post(words, { key });
    const second = await post({ ...words, ...another }, { key, ...(apiKey && { apiKey }) });
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(replayed([first, second])).toEqual([undefined, undefined]);
    await pair.platform.until(() => runs(words.prompt) >= 2);
  });

  it("is one of the same organisation's other key", async () => {
    const words = { ...how, task_id: `colleague ${mode}`, prompt: `colleague ${mode}` };
    const answers = [
      await post(words, { key: "k" }),
      await post(words, { key: "k", apiKey: "another-key-of-org-1" }),
    ];
    expect(replayed(answers)).toEqual([undefined, "true"]);
  });

  it("may quote its key or not", async () => {
    const words = { ...how, task_id: `quoted ${mode}`, prompt: "hi" };
    const answers = [
      await post(words, { key: "8e03978e-40d5-43dd-bc93" }),
      await post(words, { key: '"8e03978e-40d5-43dd-bc93"' }),
      await post(words, { key: "  8e03978e-40d5-43dd-bc93 " }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(replayed(answers)).toEqual([undefined, "true", "true"]);
  });
});

describe.concurrent("a repeat of a call that is being answered", () => {
  it("waits for that answer", async () => {
    pair.platform.holds("in flight");
    const words = { task_id: "in flight", prompt: "hi" };
    const first = post(words, { key: "k" });
    await pair.platform.prompted("in flight", 1);
    const second = post(words, { key: "k" });
    pair.platform.end("in flight");
    const answers = await Promise.all([first, second]);
    expect(jsonOf(answers[0])).toMatchObject({ status: "completed", result: "Re: hi" });
    expect(answers[1].text).toBe(answers[0].text);
    expect(replayed(answers)).toEqual([undefined, "true"]);
    expect(pair.platform.prompts("in flight")).toEqual(["hi"]);
  });
});

describe.concurrent("a repeat after", () => {
  it("504 gets the task's end, once there is one", async () => {
    pair.platform.holds("after 504");
    const words = { task_id: "after 504", prompt: "hi" };
    expect((await post(words, { key: "k" })).status).toBe(504);
    pair.platform.end("after 504", { result: "At last." });
    const answer = await insist(words);
    expect(jsonOf(answer)).toMatchObject({ status: "completed", result: "At last." });
    expect(replayed([answer])).toEqual(["true"]);
    expect(pair.platform.prompts("after 504")).toEqual(["hi"]);
  });

  it.each([
    ["a broken connection", "hang up"] as const,
    ["the platform's 500", { status: 500, body: { detail: "x" } }] as const,
  ])("502 gets the task's end, after %s", async (name, reply) => {
    const words = { task_id: name, prompt: name };
    pair.platform.loses(name, reply);
    expect((await post(words, { key: "k" })).status).toBe(502);
    await pair.platform.until(() => runs(name) === 1);
    const answer = await insist(words);
    expect(jsonOf(answer)).toMatchObject({ status: "completed", result: `Re: ${name}` });
    expect(replayed([answer])).toEqual(["true"]);
    expect(runs(name)).toBe(1);
  });

  it.each([521, 522, 523, 530])(
    "503 gets the task's end, where an edge said %i though the platform had taken it",
    async (status) => {
      const words = { task_id: `edge ${status}`, prompt: `edge ${status}` };
      pair.platform.loses(words.prompt, { status });
      expect((await post(words, { key: "k" })).status).toBe(503);
      const answer = await insist(words);
      expect(jsonOf(answer)).toMatchObject({ status: "completed", result: `Re: ${words.prompt}` });
      expect(replayed([answer])).toEqual(["true"]);
      expect(runs(words.prompt)).toBe(1);
    },
  );

  it("502 sends the task with its own files, if the first was not taken", async () => {
    const words = { prompt: "with a file" };
    const headers = { "content-type": MULTIPART_TYPE, "idempotency-key": "a-file" };
    const body = multipart([{ name: "f", filename: "a.txt", content: "Hello" }]);
    const postFile = () => pair.post(words, { headers, body });
    pair.platform.refuses("POST", words.prompt, { status: 500, body: { detail: "x" } });
    expect((await postFile()).status).toBe(502);
    const answer = await vi.waitFor(
      async () => {
        const again = await postFile();
        expect(again.status).toBe(200);
        return again;
      },
      { timeout: 25_000 },
    );
    expect(replayed([answer])).toEqual(["true"]);
    expect(runs(words.prompt)).toBe(1);
    const task = pair.platform.taken.find(({ sent: { input } }) => input.text === words.prompt);
    const [link = ""] = task?.sent.input.files ?? [];
    const opened = await open(link);
    expect(Buffer.from(opened.bytes).toString()).toBe("Hello");
  });

  it("the platform's own refusal gets that refusal", async () => {
    const words = { task_id: "platform's no", prompt: "hi" };
    pair.platform.refuses("POST", "platform's no", { status: 422, body: { detail: "No." } });
    const first = await post(words, { key: "k" });
    const second = await post(words, { key: "k" });
    expect([first.status, second.status]).toEqual([422, 422]);
    expect(second.text).toBe(first.text);
    expect(replayed([first, second])).toEqual([undefined, "true"]);
    expect(pair.platform.calls("POST", "platform's no")).toHaveLength(1);
  });

  it("wrong parameters is the first", async () => {
    const words = { task_id: "corrected", prompt: "hi" };
    expect((await post({ ...words, json: "maybe" }, { key: "k" })).status).toBe(422);
    expect((await post(words, { key: "k", apiKey: "wrong-key" })).status).toBe(403);
    const answer = await post(words, { key: "k" });
    expect(answer.status).toBe(200);
    expect(replayed([answer])).toEqual([undefined]);
  });
});
