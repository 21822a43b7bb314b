import { EventWebhook } from "@sendgrid/eventwebhook";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { json, now } from "../support/sender.ts";
import { whatsapp, whatsappBody, whatsappMessage } from "../support/senders-chat.ts";
import { sendgrid, sendgridEvent } from "../support/senders-trade.ts";
import { deliver, happen, ran, ranFor, sourceOf } from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

describe("1,000 events in one batch, one of them malformed", () => {
  const thousand = Array.from({ length: 1000 }, (_, n) => n);
  const malformed: unknown[] = [null, { id: {} }];

  it.each(malformed)("run the others: WhatsApp, with %j", async (bad) => {
    const source = await sourceOf(pair, whatsapp, {});
    const all = thousand.map((n) => (n === 500 ? bad : whatsappMessage(n, "16505551234")));
    const body = whatsappBody({ messages: all });
    const sent = await deliver(source, json(body), { key: whatsapp.key });
    expect(sent.status).toBe(200);
    await pair.platform.prompted(`${source.prefix}16505551234`, 3, 25_000);
  });

  it(
    "run 999 times: SendGrid, as its own library has it signed",
    { timeout: 120_000 },
    async () => {
      const source = await sourceOf(pair, sendgrid);
      const body = JSON.stringify(thousand.map((n) => (n === 500 ? null : sendgridEvent(n))));
      const { secret, sign } = sendgrid.key;
      const [signature = "", time = ""] = Object.values(
        await sign({ body, address: "", at: now(), id: "" }),
      );
      const library = new EventWebhook();
      const key = library.convertPublicKeyToECDSA(secret);
      expect(library.verifySignature(key, body, signature, time)).toBe(true);

      const happening = { ...json(null), body };
      expect((await deliver(source, happening, { key: sendgrid.key })).status).toBe(200);
      await pair.platform.until(() => ranFor(pair, source).length >= 999, 100_000);
      expect(new Set(ranFor(pair, source).map(({ id }) => id)).size).toBe(999);
      // And none of them twice.
      expect((await deliver(source, happening, { key: sendgrid.key })).status).toBe(200);
      await happen(sendgrid, source, 5000);
      expect(await ran(pair, source, 1000)).toHaveLength(1000);
    },
  );
});
