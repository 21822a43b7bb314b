import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { json, type Sender } from "../support/sender.ts";
import { whatsapp, whatsappBody, whatsappMessage } from "../support/senders-chat.ts";
import { hubspot, hubspotEvent, sendgrid, sendgridEvent } from "../support/senders-trade.ts";
import { contextOf, deliver, happen, ran, showSource, sourceOf } from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

/** Messages of one sender each, all in one change. */
function messages(...numbers: readonly number[]) {
  return whatsappBody({ messages: numbers.map((n) => whatsappMessage(n)) });
}

type Batch = (...numbers: readonly number[]) => unknown;

const batches: readonly (readonly [string, Sender, Batch])[] = [
  ["whatsapp", whatsapp, messages],
  ["sendgrid", sendgrid, (...numbers) => numbers.map(sendgridEvent)],
  ["hubspot", hubspot, (...numbers) => numbers.map(hubspotEvent)],
];

describe.concurrent("a batch", () => {
  it.each(batches)("is one delivery for each of its events: %s", async (_, sender, batch) => {
    const source = await sourceOf(pair, sender);
    const { status, text } = await deliver(source, json(batch(1, 2, 3)), { key: sender.key });
    expect({ status, text }).toMatchObject({
      status: sender.success.status,
      text: sender.success.text,
    });
    const tasks = await ran(pair, source, 3);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(3);
    // Each is told of its own event, and of no other.
    const contexts = tasks.map((task) => JSON.stringify(contextOf(task)));
    expect(new Set(contexts).size).toBe(3);
  });

  it.each(batches)("stops a repeat among new ones alone: %s", async (_, sender, batch) => {
    const source = await sourceOf(pair, sender);
    await deliver(source, json(batch(1)), { key: sender.key });
    await ran(pair, source);
    expect(await deliver(source, json(batch(2, 1, 3, 2)), { key: sender.key })).toMatchObject({
      status: sender.success.status,
    });
    await happen(sender, source, 4);
    const tasks = await ran(pair, source, 4);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(4);
    expect(tasks).toHaveLength(4);
  });

  it.each(batches)("that comes again runs nothing again: %s", async (_, sender, batch) => {
    const source = await sourceOf(pair, sender);
    for (const n of [1, 2, 3]) {
      const answer = await deliver(source, json(batch(1, 2)), { key: sender.key });
      expect([n, answer.status]).toEqual([n, sender.success.status]);
    }
    await happen(sender, source, 3);
    expect(await ran(pair, source, 3)).toHaveLength(3);
  });

  it.each(batches)("lists each of its events: %s", async (_, sender, batch) => {
    const source = await sourceOf(pair, sender);
    await deliver(source, json(batch(1, 2, 3)), { key: sender.key });
    const { deliveries } = await showSource(pair, source.name);
    expect(new Set(deliveries.map(({ delivery_id }) => delivery_id)).size).toBe(3);
  });
});

describe.concurrent("a batch of WhatsApp's", () => {
  it("keeps the order of one sender's messages", async () => {
    const source = await sourceOf(pair, whatsapp);
    const numbers = [5, 3, 4, 1, 2];
    const body = whatsappBody({ messages: numbers.map((n) => whatsappMessage(n, "16505551234")) });
    await deliver(source, json(body), { key: whatsapp.key });
    expect(await pair.platform.prompted(`${source.prefix}16505551234`, 5)).toEqual(
      numbers.map((n) => `Hello ${n}`),
    );
  });

  it("may be of several entries and changes, with statuses among them", async () => {
    const source = await sourceOf(pair, whatsapp);
    const [entry] = messages(1).entry;
    const statuses = [{ id: "wamid.9", status: "delivered", recipient_id: "1" }];
    const [read] = whatsappBody({ statuses }).entry;
    const [second] = messages(2, 3).entry;
    const entries = [
      entry,
      { ...second, changes: [...(second?.changes ?? []), ...(read?.changes ?? [])] },
    ];
    const body = { object: "whatsapp_business_account", entry: entries };
    expect(await deliver(source, json(body), { key: whatsapp.key })).toMatchObject({ status: 200 });
    const texts = (await ran(pair, source, 3)).map(({ sent }) => sent.input.text);
    expect(new Set(texts)).toEqual(new Set(["Hello 1", "Hello 2", "Hello 3"]));
  });

  it("of statuses alone is a success that runs nothing", async () => {
    const source = await sourceOf(pair, whatsapp);
    const body = whatsappBody({ statuses: [{ id: "wamid.9", status: "read" }] });
    const answer = await deliver(source, json(body), { key: whatsapp.key });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    await happen(whatsapp, source, 1);
    expect(await ran(pair, source)).toHaveLength(1);
  });

  it("knows who wrote it by user_id where there is no number", async () => {
    const source = await sourceOf(pair, whatsapp);
    const { from: _from, ...message } = whatsappMessage(1);
    const body = whatsappBody({
      contacts: [{ profile: { name: "Zoe" }, user_id: "u.77" }],
      messages: [{ ...message, from_user_id: "u.77" }],
    });
    await deliver(source, json(body), { key: whatsapp.key });
    const [task] = await ran(pair, source);
    expect(task?.id).toBe(`${source.prefix}u.77`);
  });
});
