import { describe, expect, it } from "vitest";
import { readFields } from "../invocation/fields.ts";
import type { Delivery } from "../providers/provider.ts";
import { providers } from "../providers/registry.ts";
import type { StoredSource } from "./messages.ts";
import { type Run, runOf } from "./run.ts";
import { openSource } from "./source.ts";
import { createSeal } from "../seal.ts";

const seal = createSeal(["0123456789abcdef0123456789abcdef"]);

async function rowOf(apiKey: string, settings: object = {}): Promise<StoredSource> {
  return {
    name: "s",
    organisation: "o",
    settings: JSON.stringify({ provider: "hmac", proof: {}, ...settings }),
    api_key: await seal.close(apiKey),
    secret: null,
    previous_secret: null,
    previous_until: null,
    verify_token: null,
    secret_set_at: null,
    created_at: 0,
    updated_at: 0,
  };
}

async function sourceOf(settings: object) {
  return openSource("a", await rowOf("key", settings), seal);
}

function deliveryOf(body: string, more: Partial<Delivery> = {}): Delivery {
  const read = readFields("json", body, { hasPrompt: true, maxFields: 9 });
  if (!read.ok) throw new Error("the test's body cannot be read");
  const { fields } = read.value;
  return { id: undefined, event: "e", runsByDefault: true, fields, ...more };
}

async function run(
  settings: object,
  delivery: Delivery,
  { isOneOfMany = false, callbackHosts = [] as readonly string[] } = {},
): Promise<Run> {
  const rules = { maxWaitSeconds: 30, callbackHosts };
  const made = runOf(await sourceOf(settings), delivery, { uploads: [], rules, isOneOfMany });
  if (!made.ok) throw new Error(made.refusal.reason);
  return made.value;
}

async function taskIdOf(settings: object, conversation: string): Promise<string> {
  const { invocation } = await run(settings, deliveryOf("{}", { prompt: "x", conversation }));
  return invocation.task.id;
}

const HEX = /^[0-9a-f]{64}$/;

describe("a run's conversation", () => {
  it.each([
    [{}, "42", "a:s:42"],
    [{}, ".", "a:s:."],
    [{}, "x".repeat(252), `a:s:${"x".repeat(252)}`],
    [{}, "x".repeat(253), HEX],
    [{}, "😀".repeat(252), `a:s:${"😀".repeat(252)}`],
    [{}, "a\nb", HEX],
    [{ shared_conversations: true }, "42", "42"],
    [{ shared_conversations: true }, "..", HEX],
  ])("of %j and %j", async (settings, conversation, expected) => {
    const id = await taskIdOf(settings, conversation);
    if (expected instanceof RegExp) expect(id).toMatch(expected);
    else expect(id).toBe(expected);
  });

  it("is found again by the id of a delivery without one, in this source alone", async () => {
    const delivery = deliveryOf('{"n":1}', { id: "d1" });
    const [one, same] = [await run({}, delivery), await run({}, delivery)];
    expect(one.invocation.task.id).toMatch(/^a:s:[0-9a-f]{32}$/);
    expect(same.invocation.task.id).toBe(one.invocation.task.id);
    expect([one.isNew, one.repeat?.key]).toEqual([false, same.repeat?.key]);
    const other = await run({}, deliveryOf('{"n":1}', { id: "d2" }));
    expect(other.invocation.task.id).not.toBe(one.invocation.task.id);
  });

  it("is new where nothing tells the delivery from others", async () => {
    const { isNew, repeat } = await run({}, deliveryOf('{"n":1}'));
    expect([isNew, repeat]).toEqual([true, null]);
  });
});

async function handlingOf(settings: object, isOneOfMany = false) {
  return (await run(settings, deliveryOf('{"a":1}'), { isOneOfMany })).invocation.handling;
}

describe("a run's parameters", () => {
  it("come from the source and its provider; those of the body are context", async () => {
    const body = '{"agent_id":"b","task_id":"t","user_id":9007199254740993,"x-api-key":"k"}';
    const { invocation } = await run({}, deliveryOf(body, { prompt: "p", user: { id: "u" } }));
    const { agentId, context, user, prompt } = invocation.task;
    expect({ agentId, context, user, prompt }).toEqual({
      agentId: "a",
      context: body,
      user: { id: "u" },
      prompt: "p",
    });
  });

  it.each([
    ['{"a":9007199254740993}', "9007199254740993"],
    ['{"a":"x"}', "x"],
    ['{"a":{}}', "u"],
    ['{"a":null}', "u"],
    ['{"a":""}', "u"],
  ])("are mapped of %s", async (body, id) => {
    const settings = { params_mapping: { user_id: "a" } };
    const { invocation } = await run(settings, deliveryOf(body, { user: { id: "u" } }));
    expect(invocation.task.user).toEqual({ id });
  });

  it.each([
    [{ prompt: "Say {{a}}" }, "Say 1"],
    [{ prompt: "{{b}}", params_mapping: { prompt: "a" } }, "1"],
    [{ params_mapping: { prompt: "b" } }, "theirs"],
    [{}, "theirs"],
  ])("ask with the prompt of %j", async (settings, prompt) => {
    const { invocation } = await run(settings, deliveryOf('{"a":1}', { prompt: "theirs" }));
    expect(invocation.task.prompt).toBe(prompt);
  });

  it("are asynchronous unless the source says otherwise, and where there are several", async () => {
    const asynchronous = false;
    expect((await handlingOf({})).asynchronous).toBe(true);
    expect((await handlingOf({ asynchronous })).asynchronous).toBe(false);
    expect((await handlingOf({ asynchronous }, true)).asynchronous).toBe(true);
    expect((await handlingOf({ wait: 99 })).waitSeconds).toBe(30);
    expect((await handlingOf({ wait: 9 }, true)).waitSeconds).toBeUndefined();
  });

  it("call back only where that is still allowed", async () => {
    const settings = { callback_url: "https://h.test/x" };
    const urlFor = async (callbackHosts: readonly string[]) =>
      (await run(settings, deliveryOf('{"a":1}'), { callbackHosts })).invocation.handling
        .callbackUrl;
    expect([await urlFor(["h.test"]), await urlFor([])]).toEqual(["https://h.test/x", undefined]);
  });
});

describe("openSource", () => {
  it("opens a source of every provider", async () => {
    const names = [...providers.keys()];
    const sources = await Promise.all(names.map((provider) => sourceOf({ provider })));
    expect(sources.map(({ provider }) => provider.name)).toEqual(names);
  });

  it("says what is to be sealed anew", async () => {
    const source = await sourceOf({});
    expect(source.stale).toEqual([]);
    const later = createSeal([
      "another-secret-of-32-bytes-or-more!",
      "0123456789abcdef0123456789abcdef",
    ]);
    const row = await rowOf("stale key");
    const opened = await openSource("a", row, later);
    expect(opened.apiKey).toBe("stale key");
    expect(opened.stale.map(({ from }) => from)).toEqual([row.api_key]);
    const { isStale, text } = await later.open(opened.stale[0]?.to ?? "");
    expect([isStale, text]).toEqual([false, "stale key"]);
  });
});
