import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal, refusalOf } from "../support/refusal.ts";
import {
  githubEvent,
  type SourcePair,
  startSourcePair,
  telegramUpdate,
} from "../support/sources.ts";

let pair: SourcePair;

beforeAll(async () => {
  pair = await startSourcePair();
});
afterAll(() => pair.stop());

const ISSUE = {
  action: "opened",
  issue: { number: 1, title: "It is late", html_url: "https://github.test/o/r/issues/1" },
  repository: { full_name: "o/r" },
  sender: { id: 5, login: "ann", type: "User" },
};

describe("a GitHub source", () => {
  beforeAll(() => pair.put("repo", { provider: "github", secret: "hush" }));

  it("runs the agent with the event as its context, and only once", async () => {
    const sent = githubEvent("hush", ISSUE);
    const answers = [await pair.hook("repo", sent), await pair.hook("repo", sent)];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, '{"status":"Started"}'],
      [200, '{"status":"Started"}'],
    ]);
    await pair.platform.until(() => pair.platform.taken.length === 1);
    const [taken] = pair.platform.taken;
    expect(taken).toMatchObject({ agentId: "agent-1", apiKey: "test-key", route: "async" });
    expect(taken?.sent.id).toMatch(/^agent-1:repo:/);
    expect(JSON.parse(taken?.sent.additional_context ?? "")).toEqual(ISSUE);
    const { deliveries } = await pair.shown("repo");
    expect(deliveries.map(({ outcome, delivery_id }) => [outcome, delivery_id])).toEqual([
      ["repeat", "delivery-1"],
      ["started", "delivery-1"],
    ]);
  });

  it.each([
    ["without a signature", { "x-hub-signature-256": "" }],
    ["of another key", githubEvent("other", ISSUE).headers],
  ])("refuses an event %s", async (_, headers) => {
    const sent = githubEvent("hush", ISSUE, { id: "never" });
    const answer = await pair.hook("repo", { ...sent, headers: { ...sent.headers, ...headers } });
    expect(refusalOf(answer)).toEqual(
      refusal(401, "signature_invalid", "The signature is missing or wrong"),
    );
  });
});

describe("a Telegram source", () => {
  it("keeps the chats of two sources apart, in their order", async () => {
    for (const name of ["bot-a", "bot-b"]) {
      await pair.put(name, { provider: "telegram", secret: name });
      const answer = await pair.hook(name, telegramUpdate(name, 1, 42, `hi ${name}`));
      expect([answer.status, answer.text]).toEqual([200, "{}"]);
    }
    expect(await pair.platform.prompted(pair.taskId("bot-a", "42"), 1)).toEqual(["hi bot-a"]);
    expect(await pair.platform.prompted(pair.taskId("bot-b", "42"), 1)).toEqual(["hi bot-b"]);
  });
});
