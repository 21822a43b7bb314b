import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Answer, jsonOf } from "../support/http.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const TIMEOUT_MS = 2_000;

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair({ SYNC_TIMEOUT_SECONDS: String(TIMEOUT_MS / 1000) });
});
afterAll(() => pair.stop());

function start(id: string, prompt: string) {
  return pair.post({ asynchronous: "true", task_id: id, prompt });
}

/** A task that runs on the platform, and keeps its conversation busy until it is ended by hand. */
async function occupy(id: string): Promise<void> {
  pair.platform.holds(`busy ${id}`);
  await start(id, `busy ${id}`);
  await pair.platform.prompted(id, 1);
}

/** What stands at this Location, once it has this result. */
async function answerAt(location: string, result: string): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await pair.call(location, { method: "GET" });
      expect(jsonOf(answer)).toMatchObject({ result });
      return answer;
    },
    { timeout: 15_000, interval: 200 },
  );
}

describe.concurrent("a sync call whose turn does not come", () => {
  it("is 503 after SYNC_TIMEOUT_SECONDS, says when to come again, and is never sent", async () => {
    await occupy("queue");
    const startedAt = Date.now();
    const answer = await pair.post({ task_id: "queue", prompt: "too late" });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(TIMEOUT_MS - 10);
    expect(Date.now() - startedAt).toBeLessThan(TIMEOUT_MS + 2_000);
    expect(refusalOf(answer)).toEqual(refusal(503, expect.any(String), expect.any(String)));
    expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);

    await start("queue", "next");
    pair.platform.end("queue");
    expect(await pair.platform.prompted("queue", 2)).toEqual(["busy queue", "next"]);
  });

  it("leaves its key free", async () => {
    await occupy("free key");
    const call = () =>
      pair.post({ task_id: "free key", prompt: "again" }, { headers: { "idempotency-key": "k" } });
    expect((await call()).status).toBe(503);
    pair.platform.end("free key");
    // It runs now, which it could not under a key that is taken.
    await vi.waitFor(
      async () => {
        const { status, headers } = await call();
        expect([status, headers["idempotency-replayed"]]).toEqual([200, undefined]);
      },
      { timeout: 20_000 },
    );
    expect(pair.platform.prompts("free key")).toEqual(["busy free key", "again"]);
  });

  it.each([
    ["with nothing", "hung-up", "", Buffer.of()],
    [
      "with a file",
      "hung-up-file",
      `Content-Type: ${MULTIPART_TYPE}\r\n`,
      multipart([{ name: "f", filename: "a.txt", content: "Hello" }]),
    ],
  ])("hangs up, and is never sent, %s", async (_, id, type, body) => {
    await occupy(id);
    const { hostname, port } = new URL(pair.gateway.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, "connect");
    socket.write(
      `POST /?agent_id=agent-1&task_id=${id}&prompt=gone HTTP/1.1\r\nHost: inlet\r\n` +
        `x-api-key: test-key\r\n${type}Content-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    // Behind it in the conversation, and accepted.
    await vi.waitFor(async () => expect((await pair.task(id, "turn=2")).status).toBe(200), {
      timeout: 5_000,
    });
    await start(id, "next");
    socket.resetAndDestroy();
    pair.platform.end(id);
    await pair.platform.prompted(id, 2);
    await start(id, "end");
    expect(await pair.platform.prompted(id, 3)).toEqual([`busy ${id}`, "next", "end"]);
  });
});

describe.concurrent("a sync call that outlives its limit", () => {
  const timedOut = refusal(504, "platform_timeout", "The agent platform took too long");

  it("is 504 with its place, where its answer is kept", async () => {
    pair.platform.holds("late");
    const answer = await pair.post({ task_id: "late", prompt: "long" });
    expect(refusalOf(answer)).toEqual(timedOut);
    expect(answer.headers).toMatchObject({
      "x-task-id": "late",
      location: "/v1/tasks/late?turn=1",
    });
    const meanwhile = await pair.task("late", "turn=1");
    expect(meanwhile.status).toBe(200);
    expect(jsonOf(meanwhile)).toMatchObject({
      id: "late",
      delivery: { turn: 1, state: expect.stringMatching(/^deliver(ing|ed)$/) },
    });

    pair.platform.end("late", { result: "At last." });
    const late = await answerAt("/v1/tasks/late?turn=1", "At last.");
    expect(jsonOf(late)).toMatchObject({
      id: "late",
      status: "completed",
      delivery: { turn: 1, state: "finished", attempts: 1 },
    });
    expect(pair.platform.prompts("late")).toEqual(["long"]);
  });

  it("is 504 with its place where it is the only one of its conversation", async () => {
    pair.platform.holds("alone and long");
    const answer = await pair.post({ prompt: "alone and long" });
    expect(refusalOf(answer)).toEqual(timedOut);
    const id = String(answer.headers["x-task-id"]);
    const location = String(answer.headers["location"]);
    expect(location.startsWith(`/v1/tasks/${id}`)).toBe(true);
    pair.platform.end(id, { result: "At last." });
    await answerAt(location, "At last.");
  });

  it("keeps its turn until the platform says that it is over", async () => {
    pair.platform.holds("long turn");
    expect((await pair.post({ task_id: "kept", prompt: "long turn" })).status).toBe(504);
    await start("kept", "next");
    const asked = pair.platform.calls("GET", "kept").length;
    await pair.platform.until(() => pair.platform.calls("GET", "kept").length > asked);
    expect(pair.platform.prompts("kept")).toEqual(["long turn"]);
    pair.platform.end("kept");
    expect(await pair.platform.prompted("kept", 2)).toEqual(["long turn", "next"]);
    const first = await answerAt("/v1/tasks/kept?turn=1", "Re: long turn");
    expect(jsonOf(first)).toMatchObject({ delivery: { turn: 1, state: "finished" } });
  });

  it("keeps its answer when a later turn has taken its row", async () => {
    pair.platform.holds("overtaken");
    pair.platform.lags("overtaken", 1_000);
    expect((await pair.post({ task_id: "overtaken", prompt: "1" })).status).toBe(504);
    await start("overtaken", "2");
    pair.platform.end("overtaken", { result: "One." });
    await pair.platform.prompted("overtaken", 2);
    pair.platform.end("overtaken", { result: "Two." });
    await answerAt("/v1/tasks/overtaken?turn=2", "Two.");
    await answerAt("/v1/tasks/overtaken?turn=1", "One.");
  });
});
