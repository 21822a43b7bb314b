import { describe, expect, it } from "vitest";
import { readTask } from "./read-task.ts";

describe("readTask", () => {
  it("keeps the eight fields, what tells one turn from another, and nothing else", () => {
    const text =
      '{"id":"t","status":"completed","result":"r","user_tokens":{"a":"b"},"agent_id":"a",' +
      '"started_at":"2026-01-29T00:40:46Z","input":{"text":"hi","n":1.50}}';
    expect(readTask(text)).toEqual({
      id: '"t"',
      agent_id: '"a"',
      status: '"completed"',
      result: '"r"',
      created_at: "null",
      finished_at: "null",
      source: "null",
      execution_attempts: "null",
      started_at: '"2026-01-29T00:40:46Z"',
      input: '{"text":"hi","n":1.50}',
    });
  });

  it.each(["", "[]", "{}", "<html>", '{"id":1,"status":"x"}', '{"id":"t"}', "null"])(
    "takes %j for no task",
    (text) => {
      expect(readTask(text)).toBeUndefined();
    },
  );
});

describe("readTask of what it was sent", () => {
  it("follows 1,000 levels within those that the platform adds", () => {
    const tokens = `${"[".repeat(1_000)}${"]".repeat(1_000)}`;
    const text = `{"id":"t","status":"completed","input":{"user_tokens":${tokens}}}`;
    expect(readTask(text)).toMatchObject({ id: '"t"' });
  });
});
