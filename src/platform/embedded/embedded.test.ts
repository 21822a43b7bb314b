import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Agent } from "./agent.ts";
import { createEmbeddedPlatform } from "./embedded.ts";

afterEach(reset);

const task = {
  agentId: "agent-1",
  id: "conversation",
  prompt: "Hello",
  files: [],
  disableAttachmentInjection: false,
};

function platform(agent: Agent, waitUntil: (promise: Promise<unknown>) => void) {
  return createEmbeddedPlatform({
    agents: new Map([["agent-1", agent]]),
    threads: env.THREADS,
    bucket: env.FILES,
    apiKey: "key",
    syncTimeoutSeconds: 0.2,
    waitUntil,
  });
}

describe("run", () => {
  it("is an outage once the time is over, and the run goes on to its end", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<string>();
    const kept: Promise<unknown>[] = [];
    const slow = platform(
      () => released,
      (promise) => kept.push(promise),
    );
    await expect(slow.run(task, { apiKey: "key" })).rejects.toMatchObject({
      reason: "platform_timeout",
      tookNothing: false,
    });
    release("late, but here");
    await Promise.all(kept);
    const next = await env.THREADS.getByName("conversation").begin({
      ...task,
      contextText: "null",
      user: null,
    });
    expect(next.earlierTurns).toMatchObject([{ result: "late, but here", status: "completed" }]);
  });
});
