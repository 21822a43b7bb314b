import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusalOf } from "../support/refusal.ts";
import { madeObjects } from "../support/stored-files.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const STARTED = '{"status":"Started"}';

let pair: TaskPair;

beforeEach(async () => {
  pair = await startTaskPair();
});
afterEach(() => pair.stop());

describe("while the platform cannot be reached", () => {
  it("a key that it accepted before is Started, and its task runs once it is back", async () => {
    const known = { asynchronous: "true", task_id: "later" };
    expect((await pair.post({ ...known, task_id: "before", prompt: "hi" })).text).toBe(STARTED);
    await pair.platform.prompted("before", 1);

    pair.platform.isDown = true;
    const answers = [
      await pair.post({ ...known, prompt: "first" }),
      await pair.post({ ...known, prompt: "second" }),
    ];
    expect(answers.map(({ text }) => text)).toEqual([STARTED, STARTED]);
    await pair.platform.until(() =>
      pair.platform.requests.some(({ path, body }) => (path + body.toString()).includes("later")),
    );
    pair.platform.isDown = false;
    expect(await pair.platform.prompted("later", 2, 25_000)).toEqual(["first", "second"]);
  });

  it("a key that nobody knows is 503, and leaves nothing", async () => {
    pair.platform.isDown = true;
    const answer = await pair.post({ asynchronous: "true", task_id: "unknown", prompt: "hi" });
    expect(refusalOf(answer)).toMatchObject({ status: 503, body: { detail: expect.any(String) } });
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(madeObjects(pair.folder)).toEqual([]);
  });

  it("a task that waits is shown as such", async () => {
    await pair.post({ asynchronous: "true", task_id: "seen", prompt: "first" });
    await pair.platform.prompted("seen", 1);
    pair.platform.isDown = true;
    await pair.post({ asynchronous: "true", task_id: "seen", prompt: "second" });
    const answer = await pair.task("seen", "turn=2");
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({
      id: "seen",
      agent_id: "agent-1",
      delivery: { turn: 2 },
    });
  });
});
