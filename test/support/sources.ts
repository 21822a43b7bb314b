import { createHmac } from "node:crypto";
import { expect } from "vitest";
import { type Answer, jsonOf, send, type Sent } from "./http.ts";
import { type Delivery, startTaskPair, type TaskPair } from "./task-pair.ts";

/** A gateway with sources, before a platform that takes every task. */
export interface SourcePair extends TaskPair {
  /** Sets a source of `agent-1`; `delivery` may say with which key. */
  put(name: string, source: object, delivery?: Delivery): Promise<Answer>;
  /** What `GET` shows of it. */
  shown(name: string): Promise<Shown>;
  /** A delivery to it: no key, nothing but what is given. */
  hook(name: string, sent?: Sent): Promise<Answer>;
  /** The conversation of one of its senders' own. */
  taskId(name: string, value: string): string;
}

export interface Shown {
  readonly dead: number;
  readonly runs_today: number;
  readonly deliveries: readonly Record<string, unknown>[];
}

function pathOf(name: string): string {
  return `/v1/agents/agent-1/sources/${name}`;
}

export async function startSourcePair(
  vars: Readonly<Record<string, string | undefined>> = {},
): Promise<SourcePair> {
  const pair = await startTaskPair(vars);
  return {
    ...pair,
    get gateway() {
      return pair.gateway;
    },
    put: (name, source, delivery) =>
      pair.call(pathOf(name), { method: "PUT", body: JSON.stringify(source), ...delivery }),
    async shown(name) {
      const answer = await pair.call(pathOf(name), { method: "GET" });
      expect(answer.status).toBe(200);
      return jsonOf(answer) as Shown;
    },
    hook: (name, sent) => send(`${pair.gateway.url}/hooks/agent-1/${name}`, sent),
    taskId: (name, value) => `agent-1:${name}:${value}`,
  };
}

const JSON_TYPE = { "content-type": "application/json" };

/** An event as GitHub signs it. */
export function githubEvent(
  secret: string,
  event: object,
  { id = "delivery-1", name = "issues" }: { id?: string; name?: string } = {},
): Sent {
  const body = JSON.stringify(event);
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  return {
    body,
    headers: {
      ...JSON_TYPE,
      "x-github-event": name,
      "x-github-delivery": id,
      "x-hub-signature-256": `sha256=${signature}`,
    },
  };
}

/** A message of a Telegram chat. */
export function telegramUpdate(secret: string, update: number, chat: number, text: string): Sent {
  const from = { id: 7, is_bot: false, first_name: "Ann" };
  return {
    body: JSON.stringify({ update_id: update, message: { from, chat: { id: chat }, text } }),
    headers: { ...JSON_TYPE, "x-telegram-bot-api-secret-token": secret },
  };
}

/** HMAC-SHA256 in hex. */
export function hexHmac(secret: string, content: string | Uint8Array): string {
  return createHmac("sha256", secret).update(content).digest("hex");
}

/** What Slack sends, signed at this time in unix seconds. */
export function slackRequest(secret: string, body: object, now = Date.now() / 1000): Sent {
  const text = JSON.stringify(body);
  const time = String(Math.floor(now));
  return {
    body: text,
    headers: {
      ...JSON_TYPE,
      "x-slack-request-timestamp": time,
      "x-slack-signature": `v0=${hexHmac(secret, `v0:${time}:${text}`)}`,
    },
  };
}

/** Messages of one WhatsApp batch, by id, each with its sender and its text. */
export function whatsappBatch(
  secret: string,
  messages: readonly (readonly [id: string, from: string, text: string] | null)[],
): Sent {
  const list = messages.map(
    (message) =>
      message && { id: message[0], from: message[1], type: "text", text: { body: message[2] } },
  );
  const value = { messaging_product: "whatsapp", messages: list };
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: "1", changes: [{ field: "messages", value }] }],
  });
  const headers = { ...JSON_TYPE, "x-hub-signature-256": `sha256=${hexHmac(secret, body)}` };
  return { body, headers };
}
