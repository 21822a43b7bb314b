// An upload that is refused before its end: its sender sees the answer all the same (§1.8).
import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { sendEndlessly, sendRaw } from "../support/http.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { EMPTY } from "../support/uploads.ts";

const LIMIT = 1_000_000;
const KEY = "x-api-key=test-key";
const file: Part = { name: "f", filename: "a.txt", content: "" };

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({
    vars: { MAX_FILE_BYTES: String(LIMIT), MAX_UPLOAD_BYTES: "100000000", MAX_FIELDS: "1" },
  });
});
afterAll(() => gateway.stop());

/** The beginning of a form whose last part does not end. */
function openForm(...parts: Part[]): string {
  return multipart(parts)
    .toString()
    .replace(/\r\n--[^\r]*--\r\n$/, "");
}

const ANY = "application/octet-stream";
const REFUSALS: [string, number, string, string, string][] = [
  ["a wrong key", 403, "/?agent_id=echo&x-api-key=no", MULTIPART_TYPE, openForm(file)],
  ["no such agent", 404, `/?agent_id=nobody&${KEY}`, MULTIPART_TYPE, openForm(file)],
  [
    "a name of another kind",
    415,
    `/?${KEY}`,
    MULTIPART_TYPE,
    openForm({ ...file, filename: "a.exe" }),
  ],
  ["a file too large", 413, `/?${KEY}`, MULTIPART_TYPE, openForm(file)],
  [
    "too many fields",
    413,
    `/?${KEY}`,
    MULTIPART_TYPE,
    openForm({ name: "a", content: "" }, { name: "a", content: "" }),
  ],
  ["a part without a name", 400, `/?${KEY}`, MULTIPART_TYPE, openForm({ ...file, name: "" })],
  ["a body of another kind", 415, `/?filename=a.exe&${KEY}`, ANY, ""],
  ["a body too large", 413, `/?filename=a.txt&${KEY}`, ANY, ""],
];

describe("a refusal before the end of an upload", () => {
  it.each(REFUSALS)(
    "reaches a sender that never ends: %s",
    async (_, status, path, type, start) => {
      const startedAt = Date.now();
      const answer = await sendEndlessly(gateway.url + path, {
        headers: { "content-type": type },
        piece: `${start}${"x".repeat(300_000)}`,
        everyMs: 20,
      });
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toEqual({ detail: expect.any(String) });
      expect(Date.now() - startedAt).toBeLessThan(5_000);
      expect(gateway.stored()).toEqual(EMPTY);
    },
  );

  it.each(REFUSALS)(
    "reaches Node's fetch, which sends 8 MB: %s",
    async (_, status, path, type, start) => {
      const body = new Blob([start, Buffer.alloc(8_000_000, "x")]);
      const post = () =>
        fetch(gateway.url + path, { method: "POST", headers: { "content-type": type }, body });
      for (let turn = 0; turn < 3; turn += 1) {
        const answer = await post();
        expect(answer.status).toBe(status);
        expect(await answer.json()).toEqual({ detail: expect.any(String) });
      }
    },
  );

  it.each(REFUSALS)(
    "leaves the connection in order for the next request: %s",
    async (_, status, path, type, start) => {
      const body = Buffer.from(start + "x".repeat(8_000_000));
      const head = `POST ${path} HTTP/1.1\r\nHost: inlet\r\nContent-Type: ${type}\r\n`;
      const next = "GET /health HTTP/1.1\r\nHost: inlet\r\nConnection: close\r\n\r\n";
      const answers = await sendRaw(
        gateway.url,
        Buffer.concat([
          Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`),
          body,
          Buffer.from(next),
        ]),
      );
      expect(answers.match(/HTTP\/1\.1 \d{3}/g)).toEqual([`HTTP/1.1 ${status}`, "HTTP/1.1 200"]);
    },
  );
});
