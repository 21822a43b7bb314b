import { describe, expect, it } from "vitest";
import { type Asked, fingerprintOf } from "./fingerprint.ts";
import type { UploadedFile } from "./task.ts";

const file: UploadedFile = {
  field: "file",
  name: "a.pdf",
  type: "application/pdf",
  size: 3,
  key: "files/org/1/1",
  url: "https://inlet.test/files/org/1/1/a.pdf?token=1",
  sha256: "aa",
};

const asked: Asked = {
  values: { agent_id: "agent", prompt: "Hello", task_id: "t" },
  userTokens: '{"b":"2","a":"1"}',
  context: [
    ["n", "12345678901234567890"],
    ["list", '[{"y":1,"x":2},3]'],
  ],
  files: [file],
};

describe("fingerprintOf", () => {
  it.each<[string, Partial<Asked>]>([
    ["the same", {}],
    [
      "parameters in another order",
      { values: { task_id: "t", prompt: "Hello", agent_id: "agent" } },
    ],
    ["a flag's default", { values: { ...asked.values, json: false, asynchronous: false } }],
    ["overlap's default", { values: { ...asked.values, overlap: "queue" } }],
    ["tokens in another order", { userTokens: '{"a":"1","b":"2"}' }],
    ["context in another order", { context: asked.context.toReversed() }],
    [
      "members in another order",
      {
        context: [
          ["list", '[{"x":2,"y":1},3]'],
          ["n", "12345678901234567890"],
        ],
      },
    ],
    [
      "a file in another place of the store",
      { files: [{ ...file, key: "files/org/2/1", url: "https://inlet.test/2", size: 3 }] },
    ],
  ])("is the same for %s", (_, given) => {
    expect(fingerprintOf({ ...asked, ...given })).toBe(fingerprintOf(asked));
  });

  it.each<[string, Partial<Asked>]>([
    ["prompt", { values: { ...asked.values, prompt: "Hello " } }],
    ["agent", { values: { ...asked.values, agent_id: "agent2" } }],
    ["flag", { values: { ...asked.values, json: true } }],
    ["overlap", { values: { ...asked.values, overlap: "merge" } }],
    ["wait", { values: { ...asked.values, wait: 5 } }],
    ["tokens", { userTokens: '{"b":"2","a":"3"}' }],
    ["no tokens", { userTokens: undefined }],
    ["number past 2^53", { context: [["n", "12345678901234567891"]] }],
    [
      "order of a list",
      {
        context: [
          ["n", "12345678901234567890"],
          ["list", '[3,{"y":1,"x":2}]'],
        ],
      },
    ],
    ["context", { context: [] }],
    ["file's name", { files: [{ ...file, name: "b.pdf" }] }],
    ["file's field", { files: [{ ...file, field: "other" }] }],
    ["file's content", { files: [{ ...file, sha256: "bb" }] }],
    ["number of files", { files: [file, file] }],
    ["file by address", { files: [{ url: file.url }] }],
  ])("is another for another %s", (_, given) => {
    expect(fingerprintOf({ ...asked, ...given })).not.toBe(fingerprintOf(asked));
  });

  it("does not take a parameter for context, or one text for two", () => {
    const none = { userTokens: undefined, files: [] };
    const one = fingerprintOf({ ...none, values: { agent_id: "a", prompt: "p" }, context: [] });
    const other = fingerprintOf({
      ...none,
      values: { agent_id: "a" },
      context: [["prompt", '"p"']],
    });
    expect(one).not.toBe(other);
    const files = [{ url: "https://a.test" }, { url: "https://b.test" }];
    const joined = [{ url: "https://a.test,https://b.test" }];
    expect(fingerprintOf({ ...asked, files })).not.toBe(fingerprintOf({ ...asked, files: joined }));
  });
});
