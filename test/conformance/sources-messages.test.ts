import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../support/http.ts";
import { formOf, type Happening, json, type Sender } from "../support/sender.ts";
import {
  discord,
  discordInteraction,
  slack,
  slackEvent,
  telegram,
  twilio,
  whatsapp,
} from "../support/senders-chat.ts";
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

type Sent = Pick<Happening, "body" | "headers">;

/** One delivery to a new source, and the only task that it makes. */
async function runOne(sender: Sender, sent: Sent) {
  const source = await sourceOf(pair, sender);
  const answer = await deliver(source, sent, { key: sender.key });
  const task = await ranOnce(pair, source);
  return { answer, task, value: task.id.slice(source.prefix.length) };
}

/** Whether a delivery is a success that runs nothing. */
async function runsNothing(sender: Sender, sent: Sent): Promise<void> {
  const source = await sourceOf(pair, sender);
  const answer = await deliver(source, sent, { key: sender.key });
  expect([200, 204]).toContain(answer.status);
  // What comes after it runs, and was the first.
  await happen(sender, source, 77);
  expect((await ranOnce(pair, source)).id).toBe(
    source.prefix + (sender.happens(77).conversation ?? ""),
  );
}

const person = { id: 7, is_bot: false, first_name: "Zoë" };
const chat = { id: -1001, type: "supergroup" };

function update(more: object) {
  return json({ update_id: 3, ...more });
}

describe.concurrent("Telegram", () => {
  it("keeps every digit, and all of its update as context", async () => {
    const body =
      '{"update_id":9007199254740993,"message":{"message_id":1,"from":{"id":9007199254740995,' +
      '"is_bot":false,"first_name":"Zoe"},"chat":{"id":-1009007199254740997},"text":"Hello"}}';
    const { task, value } = await runOne(telegram, { ...json(null), body });
    expect(value).toBe("-1009007199254740997");
    expect(userOf(task)).toEqual({ id: "9007199254740995", email: "", first_name: "Zoe" });
    expect(task.sent.input.text).toBe("Hello");
    expect(task.sent.additional_context).toBe(body);
  });

  it.each([
    [
      "a button",
      { callback_query: { id: "1", from: person, data: "yes", message: { chat } } },
      "yes",
    ],
    ["a channel's post", { channel_post: { chat, text: "News" } }, "News"],
  ])("runs the agent for %s", async (_, more, prompt) => {
    const { task, value } = await runOne(telegram, update(more));
    expect([value, task.sent.input.text]).toEqual(["-1001", prompt]);
  });

  it.each([
    ["what a bot wrote", { message: { chat, from: { ...person, is_bot: true }, text: "x" } }],
    ["an edited message", { edited_message: { chat, from: person, text: "x" } }],
    ["a new member", { my_chat_member: { chat, from: person } }],
    ["an update without anything", {}],
  ])("is not run by %s", async (_, more) => {
    await runsNothing(telegram, update(more));
  });

  it("has two conversations with one chat of two bots", async () => {
    const sources = [await sourceOf(pair, telegram), await sourceOf(pair, telegram)];
    const answers = [];
    for (const source of sources) answers.push(await happen(telegram, source, 1));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const ids = (await Promise.all(sources.map((source) => ranOnce(pair, source)))).map(
      ({ id }) => id,
    );
    expect(ids).toEqual(sources.map(({ prefix }) => `${prefix}-5001`));
  });

  it("has one conversation with one chat", async () => {
    const source = await sourceOf(pair, telegram);
    for (const n of [1, 2, 3]) {
      const message = { chat, from: person, text: `Hello ${n}` };
      await deliver(source, json({ update_id: n, message }), { key: telegram.key });
    }
    expect(await pair.platform.prompted(`${source.prefix}-1001`, 3)).toEqual([
      "Hello 1",
      "Hello 2",
      "Hello 3",
    ]);
    expect(ranFor(pair, source).some(({ overlaps }) => overlaps)).toBe(false);
  });
});

describe.concurrent("Slack", () => {
  it("runs the agent for a message to the app", async () => {
    const im = { type: "message", channel_type: "im", channel: "D1", text: "Hi" };
    const { task, value } = await runOne(slack, slackEvent(1, im));
    expect([value, task.sent.input.text]).toEqual(["D1", "Hi"]);
  });

  it("runs the agent for a command, which is a form", async () => {
    const command = {
      token: "t",
      channel_id: "C9",
      user_id: "U9",
      user_name: "zoe",
      command: "/ask",
      text: "what is 5% & 1+1?",
      trigger_id: "13.7",
    };
    const { answer, task, value } = await runOne(slack, formOf(command));
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect([value, task.sent.input.text]).toEqual(["C9", command.text]);
    expect(userOf(task)).toMatchObject({ id: "U9" });
    expect(contextOf(task)).toMatchObject({ command: "/ask" });
  });

  it("runs the agent for a button, which is JSON in a form", async () => {
    const payload = {
      type: "block_actions",
      trigger_id: "13.8",
      user: { id: "U1", username: "zoe" },
      channel: { id: "C1" },
      actions: [{ action_id: "a", value: "approve & merge", type: "button" }],
    };
    const { task, value } = await runOne(slack, formOf({ payload: JSON.stringify(payload) }));
    expect([value, task.sent.input.text]).toEqual(["C1", "approve & merge"]);
    expect(contextOf(task)).toEqual(payload);
  });

  it.each([
    ["its own message", { bot_id: "B1", text: "x" }],
    ["a message in a channel", { type: "message", channel_type: "channel", text: "x" }],
    ["an edited one", { type: "message", channel_type: "im", subtype: "message_changed" }],
    ["a deleted one", { type: "message", channel_type: "im", subtype: "message_deleted" }],
    ["a reaction", { type: "reaction_added", reaction: "eyes" }],
  ])("is not run by %s", async (_, event) => {
    await runsNothing(slack, slackEvent(5, event));
  });
});

describe.concurrent("Discord", () => {
  it.each([
    ["a command", { type: 2, data: { name: "status" } }, 5],
    ["a button", { type: 3, data: { custom_id: "yes", component_type: 2 } }, 6],
    ["a form", { type: 5, data: { custom_id: "f", components: [] } }, 5],
  ])("is answered in its own words: %s", async (_, more, type) => {
    const { answer, value } = await runOne(discord, discordInteraction(4, more));
    expect([answer.status, jsonOf(answer), value]).toEqual([200, { type }, "645394"]);
  });

  it("is answered with 204 and a content type for an event", async () => {
    const event = { type: "APPLICATION_AUTHORIZED", data: { user: { id: "U" } } };
    const { answer } = await runOne(discord, json({ version: 1, type: 1, event }));
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(answer.headers["content-type"]).toMatch(/\S/);
  });
});

describe.concurrent("WhatsApp", () => {
  it("tells who wrote what", async () => {
    const { task } = await runOne(whatsapp, whatsapp.happens(1));
    expect(userOf(task)).toMatchObject({ id: "16505551001", first_name: "Sheena Nelson" });
    expect(JSON.stringify(contextOf(task))).toContain("wamid.1");
  });
});

describe.concurrent("Twilio", () => {
  it("runs the agent for a call", async () => {
    const call = { CallSid: "CA1", CallStatus: "ringing", From: "+14155551", To: "+1800" };
    const { answer, value } = await runOne(twilio, formOf(call));
    expect([answer.text, value]).toEqual(["<Response/>", "+14155551"]);
  });

  it.each([
    ["a message's status", { MessageSid: "SM1", MessageStatus: "delivered", From: "+1", To: "+2" }],
    ["a call's status", { CallSid: "CA1", CallStatus: "completed", CallDuration: "3", From: "+1" }],
  ])("is not run by %s", async (_, fields) => {
    await runsNothing(twilio, formOf(fields));
  });

  it("knows a repeat by its own token", async () => {
    const source = await sourceOf(pair, twilio);
    for (const n of [1, 2]) {
      const { body, headers } = twilio.happens(n);
      const repeated = { ...headers, "I-Twilio-Idempotency-Token": "same" };
      await deliver(source, { body, headers: repeated }, { key: twilio.key });
    }
    await happen(twilio, source, 3);
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });
});
