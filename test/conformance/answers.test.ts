import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { jsonOf, send } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { toInvoke } from "../support/platform.ts";

const JSON_TYPE = "application/json";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

const TASK = {
  id: "t-1",
  agent_id: "agent-1",
  status: "completed",
  result: "It is done.",
  created_at: "2026-01-29T00:40:46.161472+00:00",
  finished_at: "2026-01-29T00:40:47.919145+00:00",
  source: "webhook",
  execution_attempts: 1,
};

/** The platform's task from now on: `TASK` but for these fields. */
function completes(fields: Readonly<Record<string, unknown>>): void {
  pair.platform.respond(() => ({ body: { ...TASK, ...fields } }));
}

describe("a synchronous answer", () => {
  it("has the eight fields in their order, whatever more the platform sends", async () => {
    const echoed = { user_tokens: { a: "secret" }, user_oidc_token: "secret", "x-api-key": "k" };
    pair.platform.respond(
      toInvoke(() => ({
        body: { ...echoed, ...Object.fromEntries(Object.entries(TASK).toReversed()), input: {} },
        headers: { "x-platform": "secret", "set-cookie": "session=secret" },
      })),
    );
    const alone = await pair.post({ body: "hi" });
    const inTurn = await pair.post({ query: "task_id=t-1", body: "hi" });
    for (const answer of [alone, inTurn]) {
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(JSON.stringify(TASK));
      expect(answer.headers["content-type"]).toBe("application/json");
      expect(JSON.stringify(answer)).not.toContain("secret");
    }
    expect(inTurn.headers["x-task-id"]).toBe("t-1");
  });

  it.each(["error", "failed", "stopped", "paused", "a-word-of-next-year"])(
    "is 200 with the status %s",
    async (status) => {
      completes({ status, result: "ValueError: no such account", finished_at: null });
      const answer = await pair.post({ body: "hi" });
      expect(answer.status).toBe(200);
      expect(jsonOf(answer)).toEqual({
        ...TASK,
        status,
        result: "ValueError: no such account",
        finished_at: null,
      });
    },
  );

  it("is null where the platform says nothing, and whole where it says odd things", async () => {
    pair.platform.respond(() => ({
      body: '{"id":"t","status":"completed","execution_attempts":1.0,"result":{"n":1e400}}',
    }));
    const answer = await pair.post({ body: "hi" });
    expect(answer.text).toBe(
      '{"id":"t","agent_id":null,"status":"completed","result":{"n":1e400},"created_at":null,' +
        '"finished_at":null,"source":null,"execution_attempts":1.0}',
    );
  });

  it("waits for an answer that comes in pieces", async () => {
    pair.platform.respond((_, response) => {
      const text = JSON.stringify({ ...TASK, result: "ü☕😀".repeat(100_000) });
      const bytes = Buffer.from(text);
      response.writeHead(200, { "content-type": JSON_TYPE });
      response.write(bytes.subarray(0, 100_001));
      response.end(bytes.subarray(100_001));
      return undefined;
    });
    const answer = await pair.post({ body: "hi" });
    expect(jsonOf(answer)).toMatchObject({ result: "ü☕😀".repeat(100_000) });
  });
});

describe("an asynchronous answer", () => {
  it.each([
    ["alone", "ü", ""],
    ["with a getter", "ä", "&getter=nowhere"],
    ["with json", "ö", "&json=true"],
  ])("is exactly Started, %s", async (_, letter, query) => {
    const answer = await pair.post({
      query: `asynchronous=true&task_id=a%2Fb%20${letter}${query}`,
      body: "hi",
    });
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.headers["x-task-id"]).toBe(`a%2Fb%20${encodeURIComponent(letter)}`);
    expect(answer.headers).not.toHaveProperty("x-result-format");
    await pair.invoked();
  });

  it("names the conversation that the gateway made", async () => {
    const answer = await pair.post({ query: "asynchronous=true", body: "hi" });
    await pair.invoked();
    expect(pair.lastTask()).toMatchObject({ id: answer.headers["x-task-id"] });
  });

  it("does not wait for the platform, which is sent the task all the same", async () => {
    const taken = Promise.withResolvers<void>();
    pair.platform.respond(
      toInvoke(async () => {
        await taken.promise;
        return { status: 201, body: { ...TASK, status: "pending" } };
      }),
    );
    const answer = await pair.post({ query: "asynchronous=true", body: "hi" });
    expect(answer.text).toBe('{"status":"Started"}');
    expect(await pair.invoked()).toHaveLength(1);
    const address = pair.gateway.url + String(answer.headers["location"]);
    const standing = async (): Promise<unknown> =>
      jsonOf(await send(address, { method: "GET", headers: { "x-api-key": "test-key" } }));
    expect(await standing()).toMatchObject({ delivery: { turn: 1, state: "delivering" } });
    taken.resolve();
    await vi.waitFor(async () =>
      expect(await standing()).toMatchObject({ delivery: { turn: 1, state: "delivered" } }),
    );
    expect(pair.invocations()).toHaveLength(1);
  });
});

describe("json=true", () => {
  it.each([
    ["an object", '{"a": 1.50}', '{"a":1.50}'],
    ["with space around it", "\n [1, 2]\n", "[1,2]"],
    ["a number", "12345678901234567890", "12345678901234567890"],
    ["a text in quotes", '"text"', '"text"'],
    ["null", "null", "null"],
    ["in a fence", '```json\n{"a": 1}\n```', '{"a":1}'],
    ["in a fence without a word", '```\n{"a": 1}\n```\n', '{"a":1}'],
    ["in a fence of tildes", '~~~json\n{"a": 1}\n~~~', '{"a":1}'],
    ["in a fence with CRLF", '```json\r\n{"a": 1}\r\n```', '{"a":1}'],
    ["with a fence inside", '```json\n{"a": "```"}\n```', '{"a":"```"}'],
  ])("gives a result as JSON that is JSON text: %s", async (_, result, json) => {
    completes({ result });
    const answer = await pair.post({ query: "json=true", body: "hi" });
    expect(answer.headers["x-result-format"]).toBe("json");
    expect(answer.text).toContain(`"result":${json},"created_at"`);
  });

  it.each([
    ["words", "It is done."],
    ["nothing", ""],
    ["JSON with words before it", 'Here: {"a":1}'],
    ["words after a fence", '```json\n{"a":1}\n```\nDone.'],
    ["two values", '{"a":1} {"b":2}'],
    ["JSON that stops", '{"a":'],
    ["single quotes", "{'a': 1}"],
    ["JSON nested 1,001 deep", `${"[".repeat(1_001)}${"]".repeat(1_001)}`],
  ])("leaves any other text as it is: %s", async (_, result) => {
    completes({ result });
    const answer = await pair.post({ query: "json=true", body: "hi" });
    expect(answer.headers["x-result-format"]).toBe("text");
    expect(jsonOf(answer)).toEqual({ ...TASK, result });
  });

  it("is not the default", async () => {
    completes({ result: '{"a":1}' });
    const answer = await pair.post({ body: "hi" });
    expect(answer.headers).not.toHaveProperty("x-result-format");
    expect(jsonOf(answer)).toEqual({ ...TASK, result: '{"a":1}' });
  });
});

const REPORT = '{"summary":"Q4 revenue increased 15%","rows":[{"n":1.50}],"a.b":null,"ok":false}';

describe("getter", () => {
  it.each([
    ["result.summary", "", '"Q4 revenue increased 15%"'],
    ["result.rows[0].n", "", "1.50"],
    ["result.rows", "", '[{"n":1.50}]'],
    ["result.ok", "", "false"],
    ['result["a.b"]', "", "null"],
    ["result", "", JSON.stringify(REPORT)],
    ["result", "&json=true", REPORT],
    ["result.rows.0", "&json=true", '{"n":1.50}'],
    ["status", "", '"completed"'],
    ["execution_attempts", "", "1"],
  ])("%s (%s) gives the value alone", async (getter, query, json) => {
    completes({ result: REPORT });
    const delivery = { query: `getter=${encodeURIComponent(getter)}${query}`, body: "hi" };
    const answer = await pair.post(delivery);
    expect([answer.status, answer.text]).toEqual([200, json]);
    expect(answer.headers["content-type"]).toBe("application/json");
  });

  it("enters a fence", async () => {
    completes({ result: `\`\`\`json\n${REPORT}\n\`\`\`` });
    const answer = await pair.post({ query: "getter=result.summary", body: "hi" });
    expect(answer.text).toBe('"Q4 revenue increased 15%"');
  });

  it.each([
    "nowhere",
    "user_tokens",
    "user_tokens.a",
    "result.nowhere",
    "result.rows.1",
    "result.length",
    "status.length",
  ])("%s finds nothing, and the answer is not lost", async (getter) => {
    completes({ result: REPORT, user_tokens: { a: "secret" } });
    const inQuery = await pair.post({ query: `getter=${getter}`, body: "hi" });
    const inBody = await pair.post({
      type: JSON_TYPE,
      body: JSON.stringify({ prompt: "hi", getter }),
    });
    const refused = (place: string) => ({
      detail: [
        {
          loc: [place, "getter"],
          msg: expect.stringMatching(/./),
          type: expect.stringMatching(/./),
        },
      ],
      task: { ...TASK, result: REPORT },
    });
    expect([inQuery.status, inBody.status]).toEqual([422, 422]);
    expect(inQuery.headers["x-error-code"]).toBe("getter_found_nothing");
    expect(jsonOf(inQuery)).toEqual(refused("query"));
    expect(jsonOf(inBody)).toEqual(refused("body"));
  });
});

describe("Accept: text/plain", () => {
  it.each([
    ["text/plain", "getter=result.summary", "Q4 revenue increased 15%", "text/plain"],
    ["text/plain, */*;q=0.1", "getter=result.summary", "Q4 revenue increased 15%", "text/plain"],
    ["application/json, text/plain;q=0.5", "getter=status", '"completed"', "application/json"],
    ["*/*", "getter=status", '"completed"', "application/json"],
    ["text/plain", "getter=result.rows", '[{"n":1.50}]', "application/json"],
    ["text/plain", "getter=result.ok", "false", "application/json"],
  ])("%s with %s", async (accept, query, text, type) => {
    completes({ result: REPORT });
    const answer = await pair.post({ query, headers: { accept }, body: "hi" });
    expect(answer.text).toBe(text);
    expect(answer.headers["content-type"]).toMatch(new RegExp(`^${type}`));
  });

  it("has UTF-8 said with it", async () => {
    completes({ result: "Grüße ☕" });
    const headers = { accept: "text/plain" };
    const answer = await pair.post({ query: "getter=result", headers, body: "hi" });
    expect(answer.text).toBe("Grüße ☕");
    expect(answer.headers["content-type"]).toMatch(/charset=utf-8/i);
  });

  it("does not change a whole answer, nor a refusal", async () => {
    const headers = { accept: "text/plain" };
    const answers = [await pair.post({ headers, body: "hi" }), await pair.post({ headers })];
    expect(answers.map((answer) => answer.headers["content-type"])).toEqual([JSON_TYPE, JSON_TYPE]);
  });
});
