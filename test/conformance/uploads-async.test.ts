import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { made } from "../support/files.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { send } from "../support/http.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { threadStates } from "../support/thread-states.ts";
import { open, sha256 } from "../support/uploads.ts";

let folder: string;
let gateway: Gateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "inlet-"));
  gateway = await startGateway({ persistTo: folder });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const files = ["a.pdf", "a.docx", "a.mp3"].map(made);
const parts: Part[] = files.map(({ name, bytes }) => ({
  name: "f",
  filename: name,
  content: bytes,
}));

function post(to: Gateway, query: string, body: Uint8Array = multipart(parts)) {
  return send(`${to.url}/?agent_id=echo&x-api-key=test-key&${query}`, {
    headers: { "content-type": MULTIPART_TYPE },
    body,
  });
}

interface Echoed {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
  readonly url: string;
}

const echoed = files.map(({ name, type, bytes }) => ({
  name,
  type,
  size: bytes.length,
  sha256: sha256(bytes),
  url: expect.stringMatching(/^http:.*\?token=/),
}));

describe("the embedded platform's agent", () => {
  it("reads each file by its name, kind, size and stream", async () => {
    const { status, text } = await post(gateway, "getter=result.files");
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual(echoed);
    const links = (JSON.parse(text) as Echoed[]).map(({ url }) => url);
    const bytes = await Promise.all(links.map(async (link) => (await open(link)).bytes));
    expect(bytes.map(sha256)).toEqual(files.map((file) => sha256(file.bytes)));
  });

  it("is told of them in its context, beside what else there is", async () => {
    const body = multipart([
      ...parts,
      { name: "a", content: "1" },
      { name: "prompt", content: "P" },
    ]);
    const { text } = await post(gateway, "getter=result.context", body);
    const listed = files.map(({ name, type, bytes }) => ({
      field: "f",
      name,
      type,
      size: bytes.length,
    }));
    expect(JSON.parse(text)).toEqual({ a: "1", files: listed });
  });

  it("is given addresses as they are", async () => {
    const answer = await send(
      `${gateway.url}/?agent_id=echo&x-api-key=test-key&getter=result.files`,
      {
        headers: { "content-type": "application/json" },
        body: '{"files":["https://files.test/a.pdf"]}',
      },
    );
    expect(JSON.parse(answer.text)).toEqual([{ url: "https://files.test/a.pdf" }]);
  });
});

describe("an async task with files", () => {
  it("is Started, keeps them, and is run", async () => {
    const kept = gateway.stored().keys.length;
    const before = threadStates(folder).length;
    const answer = await post(gateway, "asynchronous=1");
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    expect(gateway.stored().keys).toHaveLength(kept + files.length);
    await vi.waitFor(() => {
      const states = threadStates(folder);
      expect(states).toHaveLength(before + 1);
      expect(states.filter((state) => state !== "completed")).toEqual([]);
    });
    expect(gateway.stored().keys).toHaveLength(kept + files.length);
  });

  it("is run with them after the gateway was killed at once", async () => {
    const state = mkdtempSync(join(tmpdir(), "inlet-"));
    onTestFinished(() => rmSync(state, { recursive: true, force: true }));
    const one = await startGateway({ persistTo: state });
    const large = Buffer.alloc(9_000_000, "x");
    const body = multipart([...parts, { name: "g", filename: "large.txt", content: large }]);
    const answer = await post(one, "asynchronous=1&task_id=t", body);
    await one.kill();
    expect(answer.text).toBe('{"status":"Started"}');

    const other = await startGateway({ persistTo: state });
    onTestFinished(() => other.stop());
    expect(other.stored().keys).toHaveLength(files.length + 1);
    await vi.waitFor(() => expect(threadStates(state)).toEqual(["completed"]), { timeout: 10_000 });
  });

  it("leaves nothing where it is refused", async () => {
    const kept = gateway.stored().keys.length;
    const answers = [
      await post(gateway, "asynchronous=1&json=maybe"),
      await send(`${gateway.url}/?asynchronous=1&x-api-key=test-key`, {
        headers: { "content-type": MULTIPART_TYPE },
        body: multipart([...parts, { name: "agent_id", content: "nobody" }]),
      }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 404]);
    expect(gateway.stored().keys).toHaveLength(kept);
  });
});
