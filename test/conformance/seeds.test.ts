// The `curl` commands of the webhook's own documentation, as they are printed there but for host,
// agent, key and the places of the files.
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Pair, startPair } from "../support/pair.ts";

const canPaste =
  spawnSync("curl", ["--version"]).status === 0 && spawnSync("sh", ["-c", "true"]).status === 0;

const FIRST = String.raw`curl -X POST 'https://webhook.xpander.ai/?agent_id=YOUR_AGENT_ID' \
  -H 'Content-Type: application/json' \
  -H 'x-api-key: YOUR_API_KEY' \
  -d '{"prompt": "Summarize the latest support tickets"}'`;

const ASYNC = String.raw`curl -X POST 'https://webhook.xpander.ai/?agent_id=YOUR_AGENT_ID&asynchronous=true' \
  -H 'x-api-key: YOUR_API_KEY' \
  -d '{"prompt": "Generate the monthly report"}'`;

const UPLOAD = String.raw`curl -X POST 'https://webhook.xpander.ai/?agent_id=YOUR_AGENT_ID' \
  -H 'x-api-key: YOUR_API_KEY' \
  --form 'files=@"/path/to/document.pdf"' \
  --form 'files=@"/path/to/image.png"'`;

const ONE_PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const GETTER = String.raw`curl -X POST 'https://webhook.xpander.ai/?agent_id=YOUR_AGENT_ID&getter=result.summary' \
  -H 'x-api-key: YOUR_API_KEY' \
  -d '{"prompt": "Analyze quarterly report"}'`;

const MAPPING = String.raw`curl -X POST 'https://webhook.xpander.ai/?agent_id=YOUR_AGENT_ID&params_mapping={"task_id":"message.chat.id","prompt":"message.text","user_email":"message.from.email"}' \
  -H 'x-api-key: YOUR_API_KEY' \
  -d '{
    "message": {
      "chat": {"id": 123456789},
      "from": {"email": "user@example.com"},
      "text": "Hello agent!"
    }
  }'`;

const TOKENS = String.raw`curl -X POST 'https://webhook.xpander.ai/?agent_id=YOUR_AGENT_ID' \
  -H 'x-api-key: YOUR_API_KEY' \
  -d '{
    "prompt": "Check my calendar",
    "user_email": "user@example.com",
    "user_tokens": {
      "mcp-graph-item-uuid-1": "user-access-token-abc123"
    }
  }'`;

/** The mapping's quotes as `%22`: raw, they never reach the Worker. */
const ENCODED_MAPPING = MAPPING.replace(/params_mapping=\S+/, (mapping) =>
  mapping.replaceAll('"', "%22"),
);

let pair: Pair;
let folder: string;

beforeAll(async () => {
  pair = await startPair();
  folder = mkdtempSync(join(tmpdir(), "inlet-seeds-"));
  writeFileSync(join(folder, "document.pdf"), "%PDF-1.4\n%%EOF\n");
  writeFileSync(join(folder, "image.png"), Buffer.from(ONE_PIXEL, "base64"));
});
afterAll(async () => {
  await pair.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => pair.reset());

/** Pastes the command into a shell; of each request that curl makes of it, status and body. */
async function paste(command: string, flags = ""): Promise<{ status: number; text: string }[]> {
  const ours = command
    .replace("https://webhook.xpander.ai", pair.gateway.url)
    .replace("YOUR_AGENT_ID", "agent-1")
    .replace("YOUR_API_KEY", "test-key")
    .replaceAll("/path/to", folder);
  const { stdout } = await promisify(execFile)("sh", [
    "-c",
    String.raw`${ours} ${flags} -sS -w '\n%{http_code}\n'`,
  ]);
  return [...stdout.matchAll(/(.*)\n(\d{3})\n/g)].map(([, text = "", status]) => ({
    status: Number(status),
    text,
  }));
}

function task(fields: Readonly<Record<string, unknown>>) {
  return {
    id: expect.any(String),
    agent_id: "agent-1",
    status: "completed",
    result: "It is done.",
    created_at: expect.any(String),
    finished_at: expect.any(String),
    source: "webhook",
    execution_attempts: 1,
    ...fields,
  };
}

describe.runIf(canPaste)("the documented curl command", () => {
  it("runs an agent", async () => {
    const [answer, ...more] = await paste(FIRST);
    expect(more).toEqual([]);
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.text ?? "")).toEqual(task({}));
    expect(Object.keys(JSON.parse(answer?.text ?? "") as object)).toEqual(Object.keys(task({})));
    expect(pair.platform.requests).toHaveLength(1);
    const { method, path, headers } = pair.lastRequest();
    expect([method, path]).toEqual(["POST", "/v1/agents/agent-1/invoke"]);
    expect(headers).toMatchObject({ "x-api-key": "test-key", "content-type": "application/json" });
    expect(pair.lastTask()).toEqual({
      id: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
      input: { text: "Summarize the latest support tickets" },
      source: "webhook",
    });
  });

  it("starts one", async () => {
    expect(await paste(ASYNC)).toEqual([{ status: 200, text: '{"status":"Started"}' }]);
    expect(await pair.invoked()).toHaveLength(1);
    expect(pair.lastRequest().path).toBe("/v1/agents/agent-1/invoke/async");
    expect(pair.lastTask()).toEqual({
      id: expect.any(String),
      input: { text: "Generate the monthly report" },
      source: "webhook",
    });
  });

  it("uploads files", async () => {
    const [answer] = await paste(UPLOAD);
    expect(answer?.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({
      input: {
        text: "",
        files: [
          expect.stringContaining("/document.pdf?token="),
          expect.stringContaining("/image.png?token="),
        ],
      },
    });
  });

  it("gets one field of the answer", async () => {
    const result = '```json\n{"summary": "Q4 revenue increased 15%"}\n```';
    pair.platform.respond(() => ({ body: { id: "t", status: "completed", result } }));
    expect(await paste(GETTER)).toEqual([{ status: 200, text: '"Q4 revenue increased 15%"' }]);
    expect(pair.platform.requests).toHaveLength(1);
    expect(pair.lastTask()).toEqual({
      id: expect.any(String),
      input: { text: "Analyze quarterly report" },
      source: "webhook",
    });
  });

  it("passes on the user's tokens, and never answers with them", async () => {
    const [answer] = await paste(TOKENS);
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.text ?? "")).toEqual(task({}));
    expect(answer?.text).not.toContain("user-access-token-abc123");
    expect(pair.platform.requests).toHaveLength(1);
    expect(pair.lastTask()).toEqual({
      id: expect.any(String),
      input: { text: "Check my calendar", user: { email: "user@example.com" } },
      user_tokens: { "mcp-graph-item-uuid-1": "user-access-token-abc123" },
      source: "webhook",
    });
  });
});

describe.runIf(canPaste)("the documented curl command with params_mapping", () => {
  it("maps, with its quotes as %22 and with -g", async () => {
    const [answer, ...more] = await paste(ENCODED_MAPPING, "-g");
    expect(more).toEqual([]);
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.text ?? "")).toEqual(task({ id: "123456789" }));
    expect(pair.invocations()).toHaveLength(1);
    const context =
      '{"message":{"chat":{"id":123456789},"from":{"email":"user@example.com"},"text":"Hello agent!"}}';
    expect(pair.lastBody()).toBe(
      JSON.stringify({
        id: "123456789",
        input: { text: "Hello agent!", user: { email: "user@example.com" } },
        additional_context: context,
        source: "webhook",
      }),
    );
  });

  it("is told what curl without -g does to its braces", async () => {
    const answers = await paste(ENCODED_MAPPING);
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422]);
    const details = answers.map(({ text }) => JSON.parse(text) as unknown);
    const detail = {
      loc: ["query", "params_mapping"],
      msg: expect.stringMatching(/braces.*curl -g.*map\.task_id=message\.chat\.id/),
      type: expect.any(String),
    };
    expect(details).toEqual(answers.map(() => ({ detail: [detail] })));
    expect(pair.platform.requests).toEqual([]);
  });

  it.each([
    ["", 3],
    ["-g", 1],
  ])("never reaches the Worker as it is printed (curl %s)", async (flags, requests) => {
    const answers = await paste(MAPPING, flags);
    const refused = { status: 400, text: "invalid URI" };
    expect(answers).toEqual(Array.from({ length: requests }, () => refused));
    expect(pair.platform.requests).toEqual([]);
  });

  it("needs no quoting at all as map.<parameter>", async () => {
    const command = MAPPING.replace(
      /params_mapping=[^']+/,
      "map.task_id=message.chat.id&map.prompt=message.text&map.user_email=message.from.email",
    );
    const [answer] = await paste(command);
    expect(answer?.status).toBe(200);
    expect(pair.lastTask()).toMatchObject({
      id: "123456789",
      input: { text: "Hello agent!", user: { email: "user@example.com" } },
    });
  });
});
