import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { madeObjects } from "../support/stored-files.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const STARTED = '{"status":"Started"}';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function start(id: string, prompt: string) {
  return pair.post({ asynchronous: "true", task_id: id, prompt });
}

describe("POST /?asynchronous=true", () => {
  it("is told Started, and where its turn is found", async () => {
    const answer = await start("place", "hi");
    expect([answer.status, answer.text]).toEqual([200, STARTED]);
    expect(answer.headers).toMatchObject({
      "content-type": "application/json",
      "x-task-id": "place",
      location: "/v1/tasks/place?turn=1",
    });
    const next = await start("place", "hi again");
    expect(next.headers["location"]).toBe("/v1/tasks/place?turn=2");
  });

  it.each(["a b/c", "100%", "x=1&y?z#w", "../..", "grüße ☕", "123:456@chat", "'\"<>\\"])(
    "is given a Location that leads to the task_id %s",
    async (id) => {
      const answer = await start(id, "hi");
      expect([answer.status, answer.text]).toEqual([200, STARTED]);
      const location = String(answer.headers["location"]);
      const [, encoded = ""] = /^\/v1\/tasks\/([^/?#\s]+)\?turn=1$/.exec(location) ?? [];
      expect(decodeURIComponent(encoded)).toBe(id);
      expect(decodeURIComponent(String(answer.headers["x-task-id"]))).toBe(id);
      expect(await pair.platform.prompted(id, 1)).toEqual(["hi"]);
      const found = await pair.call(location, { method: "GET" });
      expect(jsonOf(found)).toMatchObject({ id, delivery: { turn: 1 } });
    },
  );

  it("makes a task_id where none is given", async () => {
    const answers = [
      await pair.post({ asynchronous: "true", prompt: "hi" }),
      await pair.post({ asynchronous: "true", prompt: "hi" }),
    ];
    const ids = answers.map(({ headers }) => String(headers["x-task-id"]));
    expect(ids).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
    expect(ids[0]).not.toBe(ids[1]);
    expect(answers.map(({ headers }) => headers["location"])).toEqual(
      ids.map((id) => `/v1/tasks/${id}?turn=1`),
    );
    expect(await Promise.all(ids.map((id) => pair.platform.prompted(id, 1)))).toEqual([
      ["hi"],
      ["hi"],
    ]);
  });

  it("does not wait for the platform, which may be silent", async () => {
    pair.platform.refuses("POST", "silent", "hang");
    const answer = await pair.post(
      { asynchronous: "true", task_id: "silent", prompt: "hi" },
      { timeoutMs: 5_000 },
    );
    expect([answer.status, answer.text]).toEqual([200, STARTED]);
  });

  it("reaches the platform's async route with all that was said", async () => {
    const tokens = { mcp: "token-1" };
    const answer = await pair.post(
      {
        asynchronous: "true",
        task_id: "whole",
        agent_version: "draft",
        user_email: "ann@example.test",
        user_tokens: JSON.stringify(tokens),
        disable_attachment_injection: "true",
      },
      { body: '{"prompt":"hi","n":9007199254740993}' },
    );
    expect(answer.text).toBe(STARTED);
    await pair.platform.prompted("whole", 1);
    const taken = pair.platform.taken.find(({ id }) => id === "whole");
    expect(taken).toMatchObject({
      route: "async",
      path: "/v1/agents/agent-1/invoke/async?version=draft",
      apiKey: "test-key",
      sent: {
        id: "whole",
        input: { text: "hi", user: { email: "ann@example.test" } },
        additional_context: '{"n":9007199254740993}',
        user_tokens: tokens,
        disable_attachment_injection: true,
        source: "webhook",
      },
    });
  });
});

describe("an async call that is refused", () => {
  it.each([
    ["257 characters", "x".repeat(257)],
    ["a NUL", "a\0b"],
    ["a line break", "a\nb"],
  ])("has a task_id with %s", async (_, id) => {
    const answer = await start(id, "hi");
    const problem = {
      loc: ["query", "task_id"],
      msg: expect.any(String),
      type: expect.any(String),
    };
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
    expect(pair.platform.prompts(id)).toEqual([]);
  });

  it.each([
    ["a key that the platform does not know", "wrong-key", "agent-1", 403, "Invalid API key"],
    ["a key without the right to it", "only-agent-1", "agent-2", 403, "Invalid API key"],
    ["an agent that is not there", "test-key", "nobody", 404, "Agent not found"],
  ])("leaves nothing: %s", async (_, apiKey, agent_id, status, detail) => {
    const before = madeObjects(pair.folder);
    const answer = await pair.post(
      { agent_id, asynchronous: "true", task_id: `refused-${apiKey}-${agent_id}`, prompt: "hi" },
      { apiKey },
    );
    expect(refusalOf(answer)).toEqual(refusal(status, expect.any(String), detail));
    expect(answer.headers["location"]).toBeUndefined();
    expect(madeObjects(pair.folder)).toEqual(before);
  });
});
