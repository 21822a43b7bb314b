import { expect, it } from "vitest";
import { json } from "../support/sender.ts";
import { whatsapp, whatsappBody, whatsappMessage } from "../support/senders-chat.ts";
import { deliver, sourceOf } from "../support/source-orders.ts";
import { startTaskPair } from "../support/task-pair.ts";

/** Providers give up after 5 to 30 s, and send again. */
const PATIENCE_MS = 15_000;

it("1,000 events in one batch are answered before their sender loses patience", async () => {
  const pair = await startTaskPair();
  try {
    const source = await sourceOf(pair, whatsapp);
    const messages = Array.from({ length: 1000 }, (_, n) => whatsappMessage(n, `1${n}`));
    const started = Date.now();
    const body = json(whatsappBody({ messages }));
    expect((await deliver(source, body, { key: whatsapp.key })).status).toBe(200);
    expect(Date.now() - started).toBeLessThan(PATIENCE_MS);
  } finally {
    await pair.stop();
  }
});
