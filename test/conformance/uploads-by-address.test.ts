import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { links } from "../support/uploads.ts";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

function json(files: unknown, query = "") {
  return pair.post({ query, type: "application/json", body: JSON.stringify({ a: 1, files }) });
}

describe("files by their addresses in JSON", () => {
  it.each([1, 20])("are passed on as they are: %i", async (count) => {
    const files = Array.from(
      { length: count },
      (_, n) => `https://files.test/${n}/a%20b.pdf?x=ü#y`,
    );
    expect((await json(files, "prompt=P")).status).toBe(200);
    expect(pair.lastTask()).toMatchObject({
      input: { text: "P", files },
      additional_context: '{"a":1}',
    });
    expect(pair.platform.requests).toHaveLength(1);
  });

  it("need no prompt", async () => {
    const body = '{"files":["https://files.test/a.pdf"]}';
    await pair.post({ type: "application/json", body });
    expect(pair.lastTask()).toMatchObject({
      input: { text: "", files: ["https://files.test/a.pdf"] },
    });
    expect(pair.lastTask()).not.toHaveProperty("additional_context");
  });

  it.each([
    ["an empty list", []],
    ["21", Array(21).fill("https://files.test/a")],
    ["one of them http", ["https://files.test/a", "http://files.test/b"]],
    ["one of them a number", ["https://files.test/a", 1]],
    ["one of them no address", ["https://"]],
    ["a text", "https://files.test/a"],
    ["objects", [{ url: "https://files.test/a" }]],
    ["a script", ["javascript:alert(1)"]],
    ["a file", ["file:///etc/passwd"]],
    ["an address with a line break in it", ["https://files.test/a\nb"]],
    ["an address with NUL in it", ["https://files.test/a\0b"]],
    ["an address with half a character", ["https://files.test/\ud800"]],
  ])("are context where they are %s", async (_, files) => {
    expect((await json(files, "prompt=P")).status).toBe(200);
    expect(links(pair)).toEqual([]);
    const { additional_context: context } = pair.lastTask() as { additional_context: string };
    expect(JSON.parse(context)).toEqual({ a: 1, files });
  });

  it("can be mapped", async () => {
    await json(["https://files.test/a.pdf"], "map.prompt=files.0");
    expect(pair.lastTask()).toMatchObject({
      input: { text: "https://files.test/a.pdf", files: ["https://files.test/a.pdf"] },
    });
  });

  it("are context in a form", async () => {
    await pair.post({
      query: "prompt=P",
      type: MULTIPART_TYPE,
      body: multipart([{ name: "files", content: '["https://files.test/a"]' }]),
    });
    expect(pair.lastTask()).not.toHaveProperty("input.files");
  });
});
