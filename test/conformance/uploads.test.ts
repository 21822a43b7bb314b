import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { EVERY_KIND, made, SVG_WITH_SCRIPT } from "../support/files.ts";
import { multipart, MULTIPART_TYPE, type Part } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { described, links, opened, sha256 } from "../support/uploads.ts";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

function post(parts: readonly Part[], query = "") {
  return pair.post({ query, type: MULTIPART_TYPE, body: multipart(parts) });
}

function fileOf(name: string, field = "f"): Part {
  return { name: field, filename: name, content: made(name).bytes };
}

const LINK =
  /^http:\/\/127\.0\.0\.1:\d+\/files\/org-1\/[0-9a-f-]{36}\/(\d+)\/([^/?]+)\?token=[\w-]+\.[\w-]+\.[\w-]+$/;

describe("files in multipart/form-data", () => {
  it("reach the platform as links, in the order of arrival, and the agent as a list", async () => {
    const parts = EVERY_KIND.slice(0, 20).map(({ name }, index) =>
      fileOf(name, `field ${index % 3}`),
    );
    const answer = await post(parts, "prompt=P");
    expect(answer.status).toBe(200);
    expect(pair.platform.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/agents/agent-1",
      "POST /v1/agents/agent-1/invoke",
    ]);
    const sent = EVERY_KIND.slice(0, 20);
    expect(described(pair)).toEqual(
      sent.map(({ name, type, bytes }, index) => ({
        field: `field ${index % 3}`,
        name,
        type,
        size: bytes.length,
      })),
    );
    const matches = links(pair).map((link) => LINK.exec(link));
    expect(matches.map((match) => match?.slice(1))).toEqual(
      sent.map(({ name }, index) => [String(index + 1), name]),
    );
    expect(await opened(pair)).toEqual(sent.map(({ bytes }) => sha256(bytes)));
    const keys = links(pair).map((link) => new URL(link).pathname.slice(1).replace(/\/[^/]+$/, ""));
    expect(pair.gateway.stored().keys).toEqual(expect.arrayContaining(keys));
  });

  it.each<[string, Part[]]>([
    [
      "before them",
      [
        { name: "prompt", content: "P" },
        { name: "a", content: "1" },
        fileOf("a.pdf"),
        fileOf("a.txt"),
      ],
    ],
    [
      "after them",
      [
        fileOf("a.pdf"),
        fileOf("a.txt"),
        { name: "prompt", content: "P" },
        { name: "a", content: "1" },
      ],
    ],
    [
      "between them",
      [
        { name: "a", content: "1" },
        fileOf("a.pdf"),
        { name: "prompt", content: "P" },
        fileOf("a.txt"),
      ],
    ],
  ])("leave parameters and context what they are, %s", async (_, parts) => {
    expect((await post(parts)).status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ input: { text: "P" } });
    const { additional_context: context } = pair.lastTask() as { additional_context: string };
    expect(context).toMatch(/^\{"a":"1","files":\[/);
    expect(described(pair).map(({ name }) => name)).toEqual(["a.pdf", "a.txt"]);
  });

  it("are no context: alone they have an empty prompt", async () => {
    expect((await post([fileOf("a.pdf")])).status).toBe(200);
    expect(pair.lastTask()).toEqual({
      id: expect.any(String),
      input: { text: "", files: [expect.stringMatching(LINK)] },
      additional_context: JSON.stringify({
        files: [
          { field: "f", name: "a.pdf", type: "application/pdf", size: made("a.pdf").bytes.length },
        ],
      }),
      source: "webhook",
    });
  });

  it("are not in the prompt that the context makes", async () => {
    expect((await post([{ name: "a", content: "1" }, fileOf("a.pdf")])).status).toBe(200);
    expect(pair.lastTask()).toMatchObject({ input: { text: '{"a":"1"}' } });
    expect(described(pair)).toHaveLength(1);
  });

  it("leave a field that is named files what it is", async () => {
    expect(
      (await post([{ name: "files", content: "mine" }, fileOf("a.pdf")], "prompt=P")).status,
    ).toBe(200);
    const { additional_context: context } = pair.lastTask() as { additional_context: string };
    expect(context.match(/"files":/g)).toHaveLength(1);
    expect(context).toContain("mine");
  });

  it("may be two of one name", async () => {
    const contents = ["one", "two"];
    await post(contents.map((content) => ({ name: "f", filename: "same.txt", content })));
    expect(described(pair).map(({ name }) => name)).toEqual(["same.txt", "same.txt"]);
    expect(new Set(links(pair)).size).toBe(2);
    expect(await opened(pair)).toEqual(contents.map((content) => sha256(Buffer.from(content))));
  });

  it("may be more empty inputs than there may be fields and files", async () => {
    const fields = Array.from({ length: 100 }, (_, n) => ({ name: `field ${n}`, content: "1" }));
    const empty = Array.from({ length: 40 }, () => ({ name: "e", filename: "", content: "" }));
    expect((await post([...fields, ...empty, fileOf("a.pdf")])).status).toBe(200);
    expect(described(pair)).toHaveLength(1);
  });

  it("may be empty inputs of a browser, which are none", async () => {
    const nothing: Part = {
      name: "g",
      filename: "",
      content: "",
      type: "application/octet-stream",
    };
    expect((await post([nothing, fileOf("a.txt"), nothing])).status).toBe(200);
    expect(described(pair).map(({ name }) => name)).toEqual(["a.txt"]);
  });

  it.each([
    ["a way up", "../../etc/passwd", "passwd.txt"],
    ["a way up on Windows", "..\\x", "x.txt"],
    ["a header", "a\r\nSet-Cookie: x", "_a.txt"],
    ["an escaped header", "a%0D%0ASet-Cookie: x.txt", "aSet-Cookie_ x.txt"],
    ["a device", "con.txt", "_con.txt"],
    ["5,000 characters", `${"n".repeat(5_000)}.txt`, `${"n".repeat(196)}.txt`],
    ["5,000 characters and no extension", "n".repeat(5_000), `${"n".repeat(196)}.txt`],
    ["marks from right to left", "a\u202etxt.b\u200f.txt", "atxt.b.txt"],
    ["no name", "", "file.txt"],
    ["only dots", "...", "file.txt"],
    ["a decomposed letter", "u\u0308.txt", "ü.txt"],
    ["an escaped quote", "a%22b.txt", "a_b.txt"],
    ["a line separator", "a\u2028b.txt", expect.stringMatching(/^a[^]?b\.txt$/u)],
    ["marks of an address", "100% #1?&+;=@é😀.txt", "100% #1_&+;=@é😀.txt"],
  ])("have names that harm nobody: %s", async (_, filename, name) => {
    const answer = await post([{ name: "f", filename, content: "Hello" }]);
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty("set-cookie");
    expect(described(pair)).toMatchObject([{ name, type: "text/plain", size: 5 }]);
    const [link = ""] = links(pair);
    expect(decodeURIComponent(LINK.exec(link)?.[2] ?? "")).toEqual(name);
    expect(await opened(pair)).toEqual([sha256(Buffer.from("Hello"))]);
  });

  it.each([
    ["blob", "a.png", "blob.png"],
    ["scan", "a.pdf", "scan.pdf"],
    ["no type", "a.zip", "no type.zip"],
  ])("get the extension of their bytes without one: %s", async (filename, file, name) => {
    await post([{ name: "f", filename, content: made(file).bytes }]);
    expect(described(pair)).toMatchObject([{ name, type: made(file).type }]);
  });

  it("may hold what looks like the boundary", async () => {
    const boundary = MULTIPART_TYPE.replace(/.*boundary=/, "\r\n--");
    const content = `a${boundary}x${boundary} b${boundary}-\r\n${boundary}\n\r\n--`;
    await post([{ name: "f", filename: "a.txt", content }]);
    expect(await opened(pair)).toEqual([sha256(Buffer.from(content))]);
  });

  it("may hold a script, which no browser will run", async () => {
    expect((await post([{ name: "f", filename: "a.svg", content: SVG_WITH_SCRIPT }])).status).toBe(
      200,
    );
    expect(described(pair)).toMatchObject([{ type: "image/svg+xml" }]);
  });

  it("may come compressed, and in chunks", async () => {
    const body = gzipSync(multipart([fileOf("a.docx"), { name: "prompt", content: "P" }]));
    const headers = { "content-encoding": "gzip" };
    for (const framed of [body, [body.subarray(0, 100), body.subarray(100)]]) {
      const answer = await pair.post({ type: MULTIPART_TYPE, headers, body: framed });
      expect(answer.status).toBe(200);
      expect(pair.lastTask()).toMatchObject({ input: { text: "P" } });
      expect(await opened(pair)).toEqual([sha256(made("a.docx").bytes)]);
    }
  });

  it("go with disable_attachment_injection", async () => {
    await post([fileOf("a.txt"), { name: "disable_attachment_injection", content: "yes" }]);
    expect(pair.lastTask()).toMatchObject({ disable_attachment_injection: true });
    expect(links(pair)).toHaveLength(1);
  });

  it("have links under PUBLIC_URL", async () => {
    const there = await startPair({ PUBLIC_URL: "https://inlet.test/" });
    onTestFinished(() => there.stop());
    await there.post({ type: MULTIPART_TYPE, body: multipart([fileOf("a.txt")]) });
    expect(links(there)[0]).toMatch(
      /^https:\/\/inlet\.test\/files\/org-1\/[^?]+\/1\/a\.txt\?token=/,
    );
  });
});
