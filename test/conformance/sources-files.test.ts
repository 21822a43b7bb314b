import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, sendRaw, type Sent } from "../support/http.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { now } from "../support/sender.ts";
import {
  contextOf,
  makeSource,
  ranFor,
  ranOnce,
  type Settings,
  type Source,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";
import { open, sha256 } from "../support/uploads.ts";

const SECRET = "hush7q4z-mail";
const file: Part = {
  name: "attachment-1",
  filename: "a.txt",
  content: "Hello",
  type: "text/plain",
};
const parts: readonly Part[] = [{ name: "subject", content: "An invoice" }, file];

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function signed(settings: Settings = {}): Promise<Source> {
  return makeSource(pair, { provider: "hmac", secret: SECRET, header: "X-Sig", ...settings });
}

function sign(body: Uint8Array, secret = SECRET): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

/** A signed form; what is in `sent` wins. */
function post({ url }: Source, body: Uint8Array, { headers, ...sent }: Sent = {}) {
  return send(url, {
    body,
    ...sent,
    headers: { "content-type": MULTIPART_TYPE, "x-sig": sign(body), ...headers },
  });
}

/** All keys in the bucket, and what was begun. */
function stored(): readonly string[] {
  const { keys, unfinished } = pair.gateway.stored();
  return [...keys, ...unfinished];
}

describe("a form with files under an HMAC", () => {
  it.each([
    ["with a length", false],
    ["in chunks", true],
  ])("is verified over its raw bytes, %s", async (_, isChunked) => {
    const source = await signed({ prompt: "{{subject}}" });
    const body = multipart(parts);
    const half = body.length / 2;
    const chunks = [body.subarray(0, half), body.subarray(half)];
    const answer = await post(source, body, isChunked ? { body: chunks } : {});
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    const task = await ranOnce(pair, source);
    expect(task.sent.input.text).toBe("An invoice");
    const [link = "", ...others] = task.sent.input.files ?? [];
    expect(others).toEqual([]);
    expect(Buffer.from((await open(link)).bytes).toString()).toBe("Hello");
    expect(contextOf(task)).toEqual({
      subject: "An invoice",
      files: [{ field: "attachment-1", name: "a.txt", type: "text/plain", size: 5 }],
    });
  });

  it("may be larger than one part of a file", { timeout: 60_000 }, async () => {
    const source = await signed();
    const content = Buffer.alloc(20 * 1024 * 1024, "0123456789abcdef");
    const body = multipart([...parts, { name: "b", filename: "big.txt", content }]);
    expect((await post(source, body)).status).toBe(200);
    const task = await ranOnce(pair, source);
    const [, link = ""] = task.sent.input.files ?? [];
    expect(sha256((await open(link)).bytes)).toBe(sha256(content));
  });

  it.each([
    ["is another's", sign(multipart(parts), "other")],
    ["is of another body", sign(Buffer.from("x"))],
    ["is none", ""],
    ["has another length", "abcd"],
  ])("stores nothing and runs nothing where the signature %s", async (_, signature) => {
    const source = await signed();
    const before = stored();
    const answer = await post(source, multipart(parts), { headers: { "x-sig": signature } });
    expect(answer.status).toBe(401);
    expect(stored()).toEqual(before);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it(
    "of many megabytes leaves nothing where it is wrong by its last byte",
    { timeout: 60_000 },
    async () => {
      const source = await signed();
      const before = stored();
      const content = Buffer.alloc(20 * 1024 * 1024, "0123456789abcdef");
      const body = multipart([{ name: "b", filename: "big.txt", content }]);
      const changed = Buffer.concat([body, Buffer.from("\n")]);
      const answer = await post(source, changed, { headers: { "x-sig": sign(body) } });
      expect(answer.status).toBe(401);
      await expect.poll(stored, { timeout: 10_000 }).toEqual(before);
      expect(ranFor(pair, source)).toEqual([]);
    },
  );

  it("that breaks off leaves nothing", async () => {
    const source = await signed();
    const before = stored();
    const body = multipart(parts);
    const head = [
      `POST ${new URL(source.url).pathname} HTTP/1.1`,
      "Host: gateway",
      `Content-Type: ${MULTIPART_TYPE}`,
      `X-Sig: ${sign(body)}`,
      `Content-Length: ${body.length + 1000}`,
    ].join("\r\n");
    const request = Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
    await sendRaw(source.url, request, { halfClose: true });
    expect(stored()).toEqual(before);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("that is right and cannot be read leaves nothing", async () => {
    const source = await signed();
    const before = stored();
    const whole = multipart(parts);
    const answer = await post(source, whole.subarray(0, whole.length - 10));
    expect(answer.status).toBe(400);
    expect(stored()).toEqual(before);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("that comes again is answered again, and leaves no second copy", async () => {
    const source = await signed({ id_header: "X-Id" });
    const body = multipart(parts);
    const headers = { "x-id": `mail-${now()}` };
    expect((await post(source, body, { headers })).status).toBe(200);
    await ranOnce(pair, source);
    const before = stored();
    expect((await post(source, body, { headers })).status).toBe(200);
    await expect.poll(stored, { timeout: 5_000 }).toEqual(before);
    await ranOnce(pair, source);
  });

  it("has a signature that covers a time", async () => {
    const source = await signed({ signed: "{timestamp}.{body}", timestamp_header: "X-Time" });
    const body = multipart(parts);
    const before = stored();
    const at = (time: number) => {
      const text = Buffer.concat([Buffer.from(`${time}.`), body]);
      return post(source, body, { headers: { "x-sig": sign(text), "x-time": String(time) } });
    };
    expect((await at(now() - 400)).status).toBe(401);
    expect(stored()).toEqual(before);
    expect((await at(now())).status).toBe(200);
    await ranOnce(pair, source);
  });
});

describe("files", () => {
  const body = multipart(parts);
  const headers = { "content-type": MULTIPART_TYPE };

  it("are not taken from nobody by default, and leave nothing", async () => {
    const source = await makeSource(pair, { provider: "none" });
    const before = stored();
    const answer = await send(source.url, { headers, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(stored()).toEqual(before);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("are taken from nobody where it is said", async () => {
    const source = await makeSource(pair, { provider: "none", files: true });
    expect((await send(source.url, { headers, body })).status).toBe(200);
    expect((await ranOnce(pair, source)).sent.input.files).toHaveLength(1);
  });

  it("are not taken where it is said", async () => {
    const source = await signed({ files: false });
    const before = stored();
    const answer = await post(source, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(stored()).toEqual(before);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("that are none do not stop a form of fields alone", async () => {
    const source = await makeSource(pair, { provider: "none" });
    const fields = multipart([
      { name: "a", content: "1" },
      { name: "f", filename: "", content: "", type: "application/octet-stream" },
    ]);
    expect((await send(source.url, { headers, body: fields })).status).toBe(200);
    expect((await ranOnce(pair, source)).sent.input.text).toBe('{"a":"1"}');
  });

  it("of a kind that is not taken do not hide a signature behind them", async () => {
    const source = await makeSource(pair, { provider: "mailgun", secret: SECRET });
    const invitation: Part = { ...file, filename: "invite.ics", type: "text/calendar" };
    const mail = (token: string, secret: string) => {
      const timestamp = String(now());
      const signature = createHmac("sha256", secret)
        .update(timestamp + token)
        .digest("hex");
      const signing = Object.entries({ timestamp, token, signature });
      return multipart([
        ...parts,
        invitation,
        ...signing.map(([name, content]) => ({ name, content })),
      ]);
    };
    const sent = (form: Uint8Array) =>
      send(source.url, { headers: { "content-type": MULTIPART_TYPE }, body: form });
    const before = stored();
    const refused = await sent(mail("token-1", SECRET));
    expect([refused.status, refused.headers["x-error-code"]]).toEqual([415, "file_unsupported"]);
    expect(refused.text).toContain("invite.ics");
    expect((await sent(mail("token-2", "wrong"))).status).toBe(406);
    expect(stored()).toEqual(before);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("that are not what their name says are 415 under a right signature", async () => {
    const source = await signed();
    const before = stored();
    const pdf: Part = { name: "f", filename: "a.pdf", content: "no PDF at all" };
    expect((await post(source, multipart([pdf]))).status).toBe(415);
    expect(stored()).toEqual(before);
  });
});
