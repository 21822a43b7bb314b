import { describe, expect, it } from "vitest";
import { invokeBody, invokePath } from "./request.ts";

const task = {
  agentId: "agent-1",
  id: "t",
  prompt: "p",
  files: [],
  disableAttachmentInjection: false,
};

describe("invokePath", () => {
  it.each([
    ["sync", undefined, "/v1/agents/agent-1/invoke"],
    ["async", undefined, "/v1/agents/agent-1/invoke/async"],
    ["async", "a b&c=d", "/v1/agents/agent-1/invoke/async?version=a%20b%26c%3Dd"],
  ] as const)("%s, version %s", (mode, agentVersion, path) => {
    expect(invokePath({ ...task, ...(agentVersion && { agentVersion }) }, mode)).toBe(path);
  });
});

describe("invokeBody", () => {
  it("leaves out what has no value", () => {
    expect(invokeBody(task)).toBe('{"id":"t","input":{"text":"p"},"source":"webhook"}');
  });

  it("has each field in the contract's order, the context as text, the tokens as written", () => {
    const body = invokeBody({
      ...task,
      files: [{ url: "https://x/f.pdf" }],
      user: { last_name: "L", id: "5" },
      context: '{"n":1.0}',
      userTokens: '{"t":12345678901234567890}',
      disableAttachmentInjection: true,
    });
    expect(body).toBe(
      '{"id":"t","input":{"text":"p","files":["https://x/f.pdf"],' +
        '"user":{"id":"5","email":"","last_name":"L"}},' +
        '"additional_context":"{\\"n\\":1.0}","user_tokens":{"t":12345678901234567890},' +
        '"disable_attachment_injection":true,"source":"webhook"}',
    );
  });
});
