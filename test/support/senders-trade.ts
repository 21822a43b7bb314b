// The senders of payments, shops, forms and mail.
import { generateKeyPairSync, sign as signWith } from "node:crypto";
import { Stripe } from "stripe";
import {
  hmac,
  json,
  type Key,
  keyPair,
  now,
  plainSecrets,
  type Sender,
  STARTED,
} from "./sender.ts";

const stripeLibrary = new Stripe("sk_test_none");

export const stripe: Sender = {
  provider: "stripe",
  ...keyPair(
    (secret) =>
      ({ body: payload, at: timestamp }) => ({
        "Stripe-Signature": stripeLibrary.webhooks.generateTestHeaderString({
          payload,
          secret,
          timestamp,
        }),
      }),
    ["whsec_hush7q4zStripeOne", "whsec_hush7q4zStripeTwo"],
  ),
  signature: "Stripe-Signature",
  encoding: "hex",
  toleranceSeconds: 300,
  success: STARTED,
  happens: (n) =>
    json({
      id: `evt_${n}`,
      object: "event",
      type: "invoice.paid",
      data: { object: { id: `in_${n}`, object: "invoice", customer: "cus_1" } },
    }),
};

export const shopify: Sender = {
  provider: "shopify",
  ...keyPair(
    (secret) =>
      ({ body }) => ({ "X-Shopify-Hmac-Sha256": hmac("sha256", secret, body, "base64") }),
    plainSecrets("shopify"),
  ),
  signature: "X-Shopify-Hmac-Sha256",
  encoding: "base64",
  success: STARTED,
  happens: (n) =>
    json(
      { id: 450_789_469 + n, name: `#${n}`, customer: { id: 1, email: "zoe@example.com" } },
      {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": "acme.myshopify.com",
        "X-Shopify-Webhook-Id": `b54557e4-${n}`,
      },
    ),
};

export const typeform: Sender = {
  provider: "typeform",
  ...keyPair(
    (secret) =>
      ({ body }) => ({ "Typeform-Signature": `sha256=${hmac("sha256", secret, body, "base64")}` }),
    plainSecrets("typeform"),
  ),
  signature: "Typeform-Signature",
  encoding: "base64",
  success: STARTED,
  happens: (n) =>
    json({
      event_id: `LtWXD3crgy${n}`,
      event_type: "form_response",
      form_response: { form_id: "lT4Z3j", token: `t${n}`, definition: { title: "Poll" } },
    }),
};

export const hubspot: Sender = {
  provider: "hubspot",
  ...keyPair(
    (secret) =>
      ({ body, address, at }) => ({
        "X-HubSpot-Signature-v3": hmac(
          "sha256",
          secret,
          `POST${address}${body}${at * 1000}`,
          "base64",
        ),
        "X-HubSpot-Request-Timestamp": String(at * 1000),
      }),
    plainSecrets("hubspot"),
  ),
  signature: "X-HubSpot-Signature-v3",
  encoding: "base64",
  toleranceSeconds: 300,
  success: STARTED,
  happens: (n) => json([hubspotEvent(n)]),
};

export function hubspotEvent(n: number) {
  return {
    eventId: 100 + n,
    subscriptionId: 25,
    portalId: 33,
    appId: 1160,
    occurredAt: 1_462_216_307_945,
    subscriptionType: "contact.creation",
    attemptNumber: 0,
    objectId: 1246 + n,
  };
}

function sendgridKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    secret: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    sign: ({ body, at }) => ({
      "X-Twilio-Email-Event-Webhook-Signature": signWith(
        "sha256",
        Buffer.from(`${at}${body}`),
        privateKey,
      ).toString("base64"),
      "X-Twilio-Email-Event-Webhook-Timestamp": String(at),
    }),
  };
}

export function sendgridEvent(n: number) {
  return {
    email: `zoe${n}@example.com`,
    timestamp: 1_513_299_569,
    event: "bounce",
    sg_event_id: `sg_event_id_${n}`,
    sg_message_id: `sg_message_id_${n}.filter`,
  };
}

export const sendgrid: Sender = {
  provider: "sendgrid",
  key: sendgridKey(),
  nextKey: sendgridKey(),
  signature: "X-Twilio-Email-Event-Webhook-Signature",
  encoding: "base64",
  success: STARTED,
  happens: (n) => json([sendgridEvent(n)]),
};

export const paddle: Sender = {
  provider: "paddle",
  ...keyPair(
    (secret) =>
      ({ body, at }) => ({
        "Paddle-Signature": `ts=${at};h1=${hmac("sha256", secret, `${at}:${body}`, "hex")}`,
      }),
    plainSecrets("paddle"),
  ),
  signature: "Paddle-Signature",
  encoding: "hex",
  toleranceSeconds: 60,
  success: STARTED,
  happens: (n) =>
    json({
      event_id: `evt_01hv${n}`,
      event_type: "transaction.completed",
      data: { id: `txn_${n}`, customer_id: "ctm_1" },
    }),
};

export const square: Sender = {
  provider: "square",
  ...keyPair(
    (secret) =>
      ({ body, address }) => ({
        "x-square-hmacsha256-signature": hmac("sha256", secret, address + body, "base64"),
      }),
    plainSecrets("square"),
  ),
  signature: "x-square-hmacsha256-signature",
  encoding: "base64",
  success: STARTED,
  happens: (n) =>
    json({
      merchant_id: "MLEF",
      type: "payment.updated",
      event_id: `ac3ac95b-${n}`,
      data: { type: "payment", id: `pay_${n}` },
    }),
};

/** Mailgun signs a token and a time, which stand in the body. */
export function mailgunBody(
  secret: string,
  token: string,
  event: Readonly<Record<string, unknown>>,
  timestamp = String(now()),
): string {
  const signature = hmac("sha256", secret, timestamp + token, "hex");
  return JSON.stringify({ signature: { timestamp, token, signature }, "event-data": event });
}
