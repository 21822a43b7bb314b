import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { type Answer, jsonOf, send } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { threadStates } from "../support/thread-states.ts";

const key = { "x-api-key": "test-key" };

let folder: string;
let gateway: Gateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "inlet-embedded-"));
  gateway = await startGateway({ persistTo: folder });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, maxRetries: 5 });
});

function ask(query: string, body = "hi", on: Gateway = gateway): Promise<Answer> {
  return send(`${on.url}/?agent_id=echo&${query}`, { headers: key, body });
}

/** What `echo` says of a call: all that reached it. */
async function echoed(query: string, body = "hi", on: Gateway = gateway): Promise<unknown> {
  const { result } = jsonOf(await ask(query, body, on)) as { result: string };
  return JSON.parse(result) as unknown;
}

async function turnOf(taskId: string, on: Gateway = gateway): Promise<unknown> {
  return ((await echoed(`task_id=${taskId}`, "hi", on)) as { turn: unknown }).turn;
}

describe("echo", () => {
  it("answers with all that reached it", async () => {
    const body =
      '{"message":{"chat":{"id":9007199254740993},"text":"Hello"},"user_email":"a@b.test"}';
    const answer = await ask("map.task_id=message.chat.id&map.prompt=message.text", body);
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toEqual({
      id: "9007199254740993",
      agent_id: "echo",
      status: "completed",
      result:
        '{"prompt":"Hello","context":{"message":{"chat":{"id":9007199254740993},"text":"Hello"}},' +
        '"files":[],"user":{"email":"a@b.test"},"turn":1}',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      finished_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      source: "webhook",
      execution_attempts: 1,
    });
  });

  it("says null of what is not there", async () => {
    expect(await echoed("")).toEqual({
      prompt: "hi",
      context: null,
      files: [],
      user: null,
      turn: 1,
    });
  });

  it("can be asked for a part of its answer, as JSON", async () => {
    const answer = await ask("json=true&getter=result.context.n", '{"prompt":"hi","n":1.50}');
    expect([answer.text, answer.headers["x-result-format"]]).toEqual(["1.50", "json"]);
  });

  it.each([
    ["half a character", '{"prompt":"\\ud83d","a":"\\ude00"}', { prompt: "\ud83d" }],
    ["NUL", '{"prompt":"a\\u0000b","a":1}', { prompt: "a\0b" }],
    ["1,000 levels", `${'{"a":'.repeat(999)}{}${"}".repeat(999)}`, { turn: 1 }],
  ])("takes %s", async (_, body, expected) => {
    expect(await echoed("", body)).toMatchObject(expected);
  });

  it.each([
    ["answers letters", "x", 200, '"completed"'],
    ["says that what takes two characters in JSON is too large an answer", '"', 200, '"error"'],
    ["refuses what takes six characters in JSON", "\u0001", 413, expect.any(String)],
  ])("of the largest body %s", async (_, letter, status, text) => {
    const body = letter.repeat(10 * 1024 * 1024);
    const headers = { ...key, "content-type": "text/plain" };
    const address = `${gateway.url}/?agent_id=echo&getter=status&prompt=P`;
    const answer = await send(address, { headers, body });
    expect([answer.status, answer.text]).toEqual([status, text]);
  });
});

describe("a conversation", () => {
  it("counts its turns", async () => {
    expect([await turnOf("counted"), await turnOf("counted"), await turnOf("counted")]).toEqual([
      1, 2, 3,
    ]);
  });

  it("counts turns that come at once, each once", async () => {
    const turns = await Promise.all(Array.from({ length: 10 }, () => turnOf("at-once")));
    expect(new Set(turns)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
  });

  it("is another one for another task_id, and for none", async () => {
    expect(await turnOf("one")).toBe(1);
    expect(await turnOf("One")).toBe(1);
    expect(await turnOf("")).toBe(1);
    expect(await turnOf("")).toBe(1);
  });

  it("counts an asynchronous turn", async () => {
    const answer = await ask("asynchronous=true&task_id=mixed");
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    expect(answer.headers["x-task-id"]).toBe("mixed");
    expect(await turnOf("mixed")).toBe(2);
  });

  it("is not begun by a caller whose key is wrong, nor for an agent that is not there", async () => {
    const address = `${gateway.url}/?task_id=guarded&agent_id=`;
    const wrongKey = { "x-api-key": "wrong" };
    const answers = [
      await send(`${address}echo`, { headers: wrongKey, body: "hi" }),
      await send(`${address}echo&asynchronous=1`, { headers: wrongKey, body: "hi" }),
      await send(`${address}nobody`, { headers: key, body: "hi" }),
      await send(`${address}nobody&asynchronous=1`, { headers: key, body: "hi" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 404, 404]);
    expect(await turnOf("guarded")).toBe(1);
  });
});

describe("the embedded platform's key", () => {
  it.each([
    ["another one", "wrong"],
    ["its beginning", "test-ke"],
    ["more than it", "test-key2"],
    ["it in capitals", "TEST-KEY"],
    ["it with a line break", "test-key\n"],
    ["far longer", "k".repeat(5_000)],
  ])("is not %s", async (_, wrong) => {
    const query = new URLSearchParams({ "x-api-key": wrong }).toString();
    const answer = await send(`${gateway.url}/?agent_id=echo&${query}`, { body: "hi" });
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
  });

  it("is asked for before the agent", async () => {
    const headers = { "x-api-key": "wrong" };
    const answer = await send(`${gateway.url}/?agent_id=nobody`, { headers, body: "hi" });
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
  });

  it.each(["nobody", "Echo", "constructor", "__proto__", "echo2"])(
    "does not find an agent that is not there: %s",
    async (agent) => {
      const answer = await send(`${gateway.url}/?agent_id=${agent}`, { headers: key, body: "hi" });
      expect(refusalOf(answer)).toEqual(refusal(404, "agent_not_found", "Agent not found"));
    },
  );
});

/** A folder of state, and gateways on it that end with the test. */
function fresh(): { state: string; start: () => Promise<Gateway> } {
  const state = mkdtempSync(join(tmpdir(), "inlet-restart-"));
  const running: Gateway[] = [];
  onTestFinished(async () => {
    await Promise.all(running.map((one) => one.kill()));
    rmSync(state, { recursive: true, maxRetries: 5 });
  });
  const start = async (): Promise<Gateway> => {
    const one = await startGateway({ persistTo: state });
    running.push(one);
    return one;
  };
  return { state, start };
}

describe("a restart", () => {
  it("forgets no turn", async () => {
    const { start } = fresh();
    const first = await start();
    expect([await turnOf("kept", first), await turnOf("kept", first)]).toEqual([1, 2]);
    await first.stop();
    const second = await start();
    expect(await turnOf("kept", second)).toBe(3);
    await second.kill();
    expect(await turnOf("kept", await start())).toBe(4);
  });

  it("runs what had started when the process was killed", async (test) => {
    const { state, start } = fresh();
    const first = await start();
    const tasks = Array.from({ length: 30 }, (_, n) => `killed-${n}`);
    const answers = await Promise.all(
      tasks.map((id) => ask(`asynchronous=true&task_id=${id}`, "run me", first)),
    );
    await first.kill();
    expect(answers.map(({ text }) => text)).toEqual(tasks.map(() => '{"status":"Started"}'));
    const had = threadStates(state).filter((turn) => turn === "completed");
    if (had.length === tasks.length) test.skip("all of it had run before it could be killed");

    const second = await start();
    await vi.waitFor(
      () => {
        expect(threadStates(state)).toEqual(tasks.map(() => "completed"));
      },
      { timeout: 15_000, interval: 200 },
    );
    expect(await turnOf("killed-0", second)).toBe(2);
  });
});
