// The senders of messages: what each sends of itself, and how it signs.
import { generateKeyPairSync, type KeyObject, sign as signWith } from "node:crypto";
import twilioLibrary from "twilio";
import {
  EMPTY_ANSWER,
  FORM_TYPE,
  hmac,
  json,
  JSON_TYPE,
  type Key,
  keyPair,
  plainSecrets,
  type Sender,
} from "./sender.ts";

export const telegram: Sender = {
  provider: "telegram",
  ...keyPair(
    (secret) => () => ({ "X-Telegram-Bot-Api-Secret-Token": secret }),
    ["hush7q4z-telegram_ONE", "hush7q4z-telegram_TWO"],
  ),
  signature: "X-Telegram-Bot-Api-Secret-Token",
  encoding: "token",
  success: { status: 200, text: "{}", type: JSON_TYPE },
  happens: (n) => ({
    ...json({
      update_id: 10_000 + n,
      message: {
        message_id: n,
        date: 1_441_645_532,
        chat: { id: -5000 - n, type: "group", title: "Office" },
        from: { id: 7, is_bot: false, first_name: "Zoë", last_name: "O'Neil" },
        text: `Hello ${n}`,
      },
    }),
    conversation: String(-5000 - n),
    user: { id: "7", first_name: "Zoë", last_name: "O'Neil" },
    prompt: `Hello ${n}`,
  }),
};

/** One message as WhatsApp puts it into `value.messages`. */
export function whatsappMessage(n: number, from = `1650555${1000 + n}`) {
  return {
    from,
    id: `wamid.${n}`,
    timestamp: "1749416383",
    type: "text",
    text: { body: `Hello ${n}` },
  };
}

/** A body of WhatsApp with these in the only change's value. */
export function whatsappBody(value: Readonly<Record<string, unknown>>) {
  const metadata = { display_phone_number: "15550783881", phone_number_id: "106540352242922" };
  const change = {
    field: "messages",
    value: { messaging_product: "whatsapp", metadata, ...value },
  };
  return { object: "whatsapp_business_account", entry: [{ id: "1022", changes: [change] }] };
}

export const whatsapp: Sender = {
  provider: "whatsapp",
  ...keyPair(
    (secret) =>
      ({ body }) => ({ "X-Hub-Signature-256": `sha256=${hmac("sha256", secret, body, "hex")}` }),
    plainSecrets("whatsapp"),
  ),
  signature: "X-Hub-Signature-256",
  encoding: "hex",
  success: EMPTY_ANSWER,
  happens(n) {
    const message = whatsappMessage(n);
    const contacts = [{ profile: { name: "Sheena Nelson" }, wa_id: message.from }];
    return {
      ...json(whatsappBody({ contacts, messages: [message] })),
      conversation: message.from,
      user: { id: message.from },
      prompt: message.text.body,
    };
  },
};

/** Slack's and Zoom's scheme. */
function v0(secret: string, body: string, at: number): string {
  return `v0=${hmac("sha256", secret, `v0:${at}:${body}`, "hex")}`;
}

/** An event as Slack wraps it. */
export function slackEvent(n: number, event: Readonly<Record<string, unknown>>) {
  return json({
    token: "XXYYZZ",
    team_id: "T1",
    api_app_id: "A1",
    event: { type: "app_mention", user: "U1", ts: `${n}.1`, channel: `C${n}`, ...event },
    type: "event_callback",
    event_id: `Ev${n}`,
    event_time: 1_234_567_890,
  });
}

export const slack: Sender = {
  provider: "slack",
  ...keyPair(
    (secret) =>
      ({ body, at }) => ({
        "X-Slack-Request-Timestamp": String(at),
        "X-Slack-Signature": v0(secret, body, at),
      }),
    plainSecrets("slack"),
  ),
  signature: "X-Slack-Signature",
  encoding: "hex",
  toleranceSeconds: 300,
  success: EMPTY_ANSWER,
  happens: (n) => ({
    ...slackEvent(n, { text: `<@U0> Hello ${n}` }),
    conversation: `C${n}`,
    user: { id: "U1" },
    prompt: `<@U0> Hello ${n}`,
  }),
};

export const zoom: Sender = {
  provider: "zoom",
  ...keyPair(
    (secret) =>
      ({ body, at }) => ({
        "x-zm-request-timestamp": String(at),
        "x-zm-signature": v0(secret, body, at),
      }),
    plainSecrets("zoom"),
  ),
  signature: "x-zm-signature",
  encoding: "hex",
  toleranceSeconds: 300,
  success: EMPTY_ANSWER,
  happens: (n) => ({
    ...json({
      event: "meeting.started",
      event_ts: 1_626_230_691_572 + n,
      payload: { account_id: "A", object: { id: String(88_000 + n), uuid: `u${n}==`, topic: "S" } },
    }),
    conversation: String(88_000 + n),
  }),
};

function discordKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  // The last 32 bytes of the SPKI form are the key itself (RFC 8410 §4).
  const secret = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");
  return { secret, sign: ({ body, at }) => discordSignature(privateKey, body, String(at)) };
}

export function discordSignature(privateKey: KeyObject, body: string, time: string) {
  const signature = signWith(undefined, Buffer.from(time + body), privateKey).toString("hex");
  return { "X-Signature-Ed25519": signature, "X-Signature-Timestamp": time };
}

/** An interaction in a channel of its own. */
export function discordInteraction(n: number, more: Readonly<Record<string, unknown>>) {
  return json({
    id: String(846_462_639_134_605_300n + BigInt(n)),
    application_id: "8272",
    token: "aW50",
    version: 1,
    channel_id: `64539${n}`,
    member: { user: { id: "53908", username: "mason" } },
    ...more,
  });
}

export const discord: Sender = {
  provider: "discord",
  key: discordKey(),
  nextKey: discordKey(),
  signature: "X-Signature-Ed25519",
  encoding: "hex",
  success: { status: 200, text: '{"type":5}', type: JSON_TYPE },
  happens: (n) => ({
    ...discordInteraction(n, {
      type: 2,
      data: { id: "1", name: "ask", options: [{ name: "q", type: 3, value: `Hello ${n}` }] },
    }),
    conversation: `64539${n}`,
    user: { id: "53908" },
    prompt: `Hello ${n}`,
  }),
};

export const twilio: Sender = {
  provider: "twilio",
  ...keyPair(
    (secret) =>
      ({ body, address }) => {
        const fields = Object.fromEntries(new URLSearchParams(body));
        return {
          "X-Twilio-Signature": twilioLibrary.getExpectedTwilioSignature(secret, address, fields),
        };
      },
    plainSecrets("twilio"),
  ),
  signature: "X-Twilio-Signature",
  encoding: "base64",
  success: { status: 200, text: "<Response/>", type: "text/xml" },
  happens: (n) => ({
    body: new URLSearchParams({
      ToCountry: "US",
      MessageSid: `SM${n}`,
      SmsStatus: "received",
      FromZip: "",
      Body: `Hello ${n}: is "5% off" still on? 😀 1+1=2`,
      From: `+1415555${1000 + n}`,
      To: "+14155559876",
    }).toString(),
    headers: { "content-type": `${FORM_TYPE}; charset=utf-8` },
    conversation: `+1415555${1000 + n}`,
    user: { id: `+1415555${1000 + n}` },
    prompt: `Hello ${n}: is "5% off" still on? 😀 1+1=2`,
  }),
};
