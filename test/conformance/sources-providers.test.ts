import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../support/http.ts";
import { json, type Sender } from "../support/sender.ts";
import { github, intercom, linear, pagerduty } from "../support/senders-work.ts";
import { senders } from "../support/senders.ts";
import {
  contextOf,
  deliver,
  happen,
  ran,
  ranFor,
  ranOnce,
  sourceOf,
  userOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function success({ success: { status, text, type = "" } }: Sender) {
  return { status, text, headers: expect.objectContaining({ "content-type": startsWith(type) }) };
}

function startsWith(type: string): unknown {
  return type === "" ? expect.anything() : expect.stringMatching(new RegExp(`^${type}`));
}

function told({ status, text, headers }: Answer) {
  return { status, text, headers: { "content-type": "", ...headers } };
}

describe.concurrent("a source with provider and secret alone", () => {
  it.each(senders)("runs the agent with what happened: %s", async (_, sender) => {
    const source = await sourceOf(pair, sender);
    const { conversation, user, prompt } = sender.happens(1);
    expect(told(await happen(sender, source, 1))).toEqual(success(sender));
    const task = await ranOnce(pair, source);
    expect(task).toMatchObject({ agentId: "agent-1", apiKey: "test-key" });
    const value = task.id.slice(source.prefix.length);
    expect(value).toMatch(/^\S+$/);
    expect(value).toBe(conversation ?? value);
    expect(userOf(task)).toEqual(user === undefined ? userOf(task) : expect.objectContaining(user));
    expect(task.sent.input.text).toMatch(/\S/);
    expect(task.sent.input.text).toBe(prompt ?? task.sent.input.text);
    // Without words of a sender's or ours, the context is the prompt.
    expect(contextOf(task) ?? JSON.parse(task.sent.input.text ?? "")).toEqual(expect.anything());
  });

  it.each(senders)(
    "starts a repeated delivery once, and answers it the same: %s",
    async (_, sender) => {
      const source = await sourceOf(pair, sender);
      const at = Math.floor(Date.now() / 1000);
      const posting = { key: sender.key, id: "msg_same", at };
      const happening = sender.happens(1, at);
      const answers = [
        await deliver(source, happening, posting),
        await deliver(source, happening, posting),
        ...(await Promise.all([1, 2].map(() => deliver(source, happening, posting)))),
      ];
      expect(answers.map(told)).toEqual([1, 2, 3, 4].map(() => success(sender)));
      await happen(sender, source, 2);
      const ids = (await ran(pair, source, 2)).map(({ id }) => id);
      expect([ids.length, new Set(ids).size]).toEqual([2, 2]);
    },
  );

  it.each(senders)("signs again what it repeats later: %s", async (_, sender) => {
    const source = await sourceOf(pair, sender);
    const at = Math.floor(Date.now() / 1000);
    const happening = sender.happens(1, at);
    const posting = { key: sender.key, id: "msg_same" };
    await deliver(source, happening, { ...posting, at: at - 20 });
    await deliver(source, happening, { ...posting, at });
    await happen(sender, source, 2);
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it.each(senders)("has its conversations to itself: %s", async (_, sender) => {
    const sources = [await sourceOf(pair, sender), await sourceOf(pair, sender)];
    for (const source of sources) await happen(sender, source, 1);
    for (const source of sources) await ranOnce(pair, source);
  });
});

describe.concurrent("the default of", () => {
  const repository = { full_name: "acme/shop" };
  const bot = { id: 1, login: "ci[bot]", type: "Bot" };
  const issue = { number: 1, title: "Fire" };

  it.each([
    [
      "GitHub's ping",
      github,
      { zen: "Keep it.", hook_id: 1, repository },
      { "X-GitHub-Event": "ping" },
    ],
    [
      "what a bot did on GitHub",
      github,
      { action: "opened", issue, repository, sender: bot },
      { "X-GitHub-Event": "issues" },
    ],
    [
      "PagerDuty's ping",
      pagerduty,
      { event: { id: "p", event_type: "pagey.ping", data: { message: "Hello" } } },
      {},
    ],
    ["Intercom's ping", intercom, { type: "notification_event", id: "p", topic: "ping" }, {}],
  ] as const)("%s is a success that runs nothing", async (_, sender, body, headers) => {
    const source = await sourceOf(pair, sender);
    const answer = await deliver(source, json(body, headers), { key: sender.key });
    expect(answer.status).toBe(200);
    await happen(sender, source, 2);
    expect((await ranOnce(pair, source)).id).toBe(source.prefix + sender.happens(2).conversation);
  });
});

describe.concurrent("events", () => {
  it("are what runs, and the rest is a success that does not", async () => {
    const source = await sourceOf(pair, github, { events: ["issues.closed", "push"] });
    expect(told(await happen(github, source, 1))).toMatchObject({ status: 200 });
    const repository = { full_name: "acme/shop" };
    const sender = { id: 1, login: "zoe", type: "User" };
    const issue = { number: 4, title: "Fire" };
    const bodies = [
      ["issues", { action: "closed", issue, repository, sender }],
      ["push", { ref: "refs/heads/main", commits: [{}], repository, sender }],
      ["star", { action: "created", repository, sender }],
    ] as const;
    for (const [event, body] of bodies) {
      const headers = { "X-GitHub-Event": event, "X-GitHub-Delivery": `d-${event}` };
      expect(await deliver(source, json(body, headers), { key: github.key })).toMatchObject({
        status: 200,
      });
    }
    const texts = (await ran(pair, source, 2)).map(({ sent }) => sent.input.text);
    expect(texts).toHaveLength(2);
    expect(texts.join()).toContain("Fire");
    expect(texts.join()).toContain("pushed");
  });

  it("run nothing where none of them comes", async () => {
    const source = await sourceOf(pair, linear, { events: ["Issue.remove"] });
    expect((await happen(linear, source, 1)).status).toBe(200);
    const other = await sourceOf(pair, linear, { events: ["Issue.create"] });
    await happen(linear, other, 1);
    await ranOnce(pair, other);
    expect(ranFor(pair, source)).toEqual([]);
  });
});
