import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jsonOf } from "../support/http.ts";
import { leaks as leaksIn } from "../support/spellings.ts";
import { madeObjects } from "../support/stored-files.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const KEY = "hush7q4z-key-of-org-1";
const TOKEN = "hush7q4z-token";
const SECRETS = [KEY, TOKEN];

let pair: TaskPair;

beforeEach(async () => {
  pair = await startTaskPair();
});
afterEach(() => pair.stop());

/** The files that hold one of the secrets. */
function leaks(): string[] {
  return leaksIn(pair.folder, SECRETS);
}

const words = {
  user_tokens: JSON.stringify({ "mcp-1": TOKEN, "mcp-2": { authorization: `Bearer ${TOKEN}` } }),
  prompt: "wait",
};
const tokens = JSON.parse(words.user_tokens) as unknown;

describe("what lies on disk", () => {
  it("holds no key and no token of tasks that wait, and they are sent with both", async () => {
    await pair.post({ ...words, asynchronous: "true", task_id: "first" }, { apiKey: KEY });
    await pair.platform.prompted("first", 1);
    pair.platform.isDown = true;
    const delivery = { apiKey: KEY };
    const asynchronous = "true";
    const answers = [
      await pair.post({ ...words, asynchronous, task_id: "queued" }, delivery),
      await pair.post({ ...words, asynchronous, task_id: "queued" }, delivery),
      await pair.post({ ...words, asynchronous, debounce: "60" }, delivery),
      await pair.post({ ...words, wait: "1" }, delivery),
      await pair.post(
        { ...words, asynchronous },
        { ...delivery, headers: { "idempotency-key": "k" } },
      ),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 202, 200]);
    expect(madeObjects(pair.folder).length).toBeGreaterThanOrEqual(5);
    expect(leaks()).toEqual([]);

    await pair.crash();
    expect(leaks()).toEqual([]);
    pair.platform.isDown = false;
    await pair.platform.prompted("queued", 1, 25_000);
    expect(pair.platform.taken.find(({ id }) => id === "queued")).toMatchObject({
      apiKey: KEY,
      sent: { user_tokens: tokens },
    });
  });

  it("holds none of a task that is too large for a row", async () => {
    await pair.post({ ...words, asynchronous: "true", task_id: "first" }, { apiKey: KEY });
    await pair.platform.prompted("first", 1);
    pair.platform.isDown = true;
    const body = JSON.stringify({ large: "x".repeat(5_000_000) });
    const query = { ...words, asynchronous: "true", task_id: "large" };
    const answer = await pair.post(query, { apiKey: KEY, body });
    expect(answer.text).toBe('{"status":"Started"}');
    expect(leaks()).toEqual([]);

    pair.platform.isDown = false;
    await pair.platform.prompted("large", 1, 25_000);
    const sent = pair.platform.taken.find(({ id }) => id === "large")?.sent;
    expect(sent?.user_tokens).toEqual(tokens);
    expect(sent?.additional_context).toBe(body);
    expect(leaks()).toEqual([]);
  });

  it("holds none of a task that is dead, over, or was sync", async () => {
    const delivery = { apiKey: KEY };
    pair.platform.refuses("POST", "dead", { status: 422, body: { detail: [] } });
    await pair.post({ ...words, asynchronous: "true", task_id: "dead" }, delivery);
    await pair.post({ ...words, task_id: "dead" }, delivery);
    await pair.post({ ...words, wait: "5", task_id: "over" }, delivery);
    await pair.post(
      { ...words, task_id: "over" },
      { ...delivery, headers: { "idempotency-key": "k" } },
    );
    expect(pair.platform.taken.map(({ id }) => id)).toEqual(["dead", "over", "over"]);
    expect(jsonOf(await pair.task("dead", "turn=1", delivery))).toMatchObject({
      delivery: { state: "dead" },
    });
    expect(leaks()).toEqual([]);
  });
});

describe("the search for secrets", () => {
  it.each([
    ["as they are", "utf8"],
    ["in Base64", "base64"],
    ["in hexadecimal", "hex"],
  ] as const)("finds them %s", (_, encoding) => {
    const text = Buffer.from(JSON.stringify({ key: "k", tokens })).toString(encoding);
    writeFileSync(join(pair.folder, "not-sealed"), text);
    expect(leaks()).toEqual(["not-sealed"]);
  });
});

describe("a sync call with neither task_id nor Idempotency-Key", () => {
  it("touches no Durable Object", async () => {
    expect((await pair.post({ prompt: "hi" })).status).toBe(200);
    expect((await pair.post({ prompt: "hi", json: "true" }, { body: '{"a":1}' })).status).toBe(200);
    pair.platform.refuses("POST", "no", { status: 422, body: { detail: "No" } });
    expect((await pair.post({ prompt: "no" })).status).toBe(422);
    expect(madeObjects(pair.folder)).toEqual([]);

    expect((await pair.post({ prompt: "hi", task_id: "kept" })).status).toBe(200);
    expect(madeObjects(pair.folder)).toHaveLength(1);
  });

  it("asks the platform nothing but to run it", async () => {
    await pair.post({ prompt: "hi" });
    expect(pair.platform.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/agents/agent-1/invoke",
    ]);
  });
});
