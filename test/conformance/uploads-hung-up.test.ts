import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Gateway } from "../support/gateway.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";

const MIB = 1024 * 1024;

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

const file: Part = { name: "f", filename: "a.txt", content: "Hello" };

/** The beginning of an upload of 40 MB whose sender then waits. */
async function beginUpload(gateway: Gateway, type: string, body: Buffer): Promise<Socket> {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.write(
    `POST /?agent_id=agent-1&x-api-key=k&filename=a.txt HTTP/1.1\r\nHost: inlet\r\nContent-Type: ${type}\r\nContent-Length: 40000000\r\n\r\n`,
  );
  await new Promise((written) => {
    socket.write(body, written);
  });
  return socket;
}

describe("a caller that hangs up half-way", () => {
  const OPEN_END = -"\r\n--".length - MULTIPART_TYPE.replace(/.*=/, "").length - "--\r\n".length;
  const form = (...parts: Part[]) => multipart(parts).subarray(0, OPEN_END);
  const large: Part = { ...file, content: Buffer.alloc(17 * MIB, "x") };

  it.each([
    [
      "in its second file",
      form(file, { ...file, content: Buffer.alloc(MIB, "x") }),
      { keys: 1, unfinished: 0 },
    ],
    ["in its third part", form(large), { keys: 0, unfinished: 1 }],
    ["in its third part, behind another file", form(file, large), { keys: 1, unfinished: 1 }],
  ])("leaves nothing: %s", async (_, body, meanwhile) => {
    const { gateway } = pair;
    const before = gateway.stored();
    const socket = await beginUpload(gateway, MULTIPART_TYPE, body);
    await vi.waitFor(
      () => {
        const { keys: names, unfinished } = gateway.stored();
        const now = { keys: names.length - before.keys.length, unfinished: unfinished.length };
        expect(now).toEqual(meanwhile);
      },
      { timeout: 10_000 },
    );
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(gateway.stored()).toEqual(before), { timeout: 10_000 });
  });

  it("leaves nothing: of a file that is the body", async () => {
    const { gateway } = pair;
    const before = gateway.stored();
    pair.reset();
    const socket = await beginUpload(
      gateway,
      "application/octet-stream",
      Buffer.alloc(17 * MIB, "x"),
    );
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(gateway.output()).toMatch(/"reason":"body_unreadable".*\n$/), {
      timeout: 10_000,
    });
    expect(gateway.stored()).toEqual(before);
    expect(pair.platform.requests.map(({ method }) => method)).not.toContain("POST");
  });
});
