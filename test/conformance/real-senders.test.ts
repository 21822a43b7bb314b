import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Pair, startPair } from "../support/pair.ts";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

function mapping(paths: Readonly<Record<string, string>>): string {
  const named = Object.entries(paths).map(([name, path]) => [`map.${name}`, path]);
  return new URLSearchParams(Object.fromEntries(named) as Record<string, string>).toString();
}

describe("Telegram", () => {
  const update = `{"update_id":10000,
"message":{"message_id":1365,"date":1441645532,
  "chat":{"id":-1001234567890123456,"type":"supergroup","title":"Kaf\\u0000fee & \\u2615"},
  "from":{"id":9007199254740993,"is_bot":false,"first_name":"Zoë","last_name":"O\\u0027Neil"},
  "location":{"latitude":52.5170360,"longitude":13.38886000,"horizontal_accuracy":1.5e+2},
  "text":"/start Grüße 👋"}}`;

  it("keeps every digit of its ids and numbers", async () => {
    const answer = await pair.post({
      query: mapping({
        task_id: "message.chat.id",
        user_id: "message.from.id",
        user_first_name: "message.from.first_name",
        user_last_name: "message.from.last_name",
        user_email: "message.from.email",
        prompt: "message.text",
      }),
      type: JSON_TYPE,
      headers: { "x-telegram-bot-api-secret-token": "s" },
      body: update,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-task-id"]).toBe("-1001234567890123456");
    const context =
      '{"update_id":10000,"message":{"message_id":1365,"date":1441645532,' +
      '"chat":{"id":-1001234567890123456,"type":"supergroup","title":"Kaf\\u0000fee & ☕"},' +
      '"from":{"id":9007199254740993,"is_bot":false,"first_name":"Zoë","last_name":"O\'Neil"},' +
      '"location":{"latitude":52.5170360,"longitude":13.38886000,"horizontal_accuracy":1.5e+2},' +
      '"text":"/start Grüße 👋"}}';
    expect(pair.lastBody()).toBe(
      '{"id":"-1001234567890123456","input":{"text":"/start Grüße 👋","user":' +
        '{"id":"9007199254740993","email":"","first_name":"Zoë","last_name":"O\'Neil"}},' +
        `"additional_context":${JSON.stringify(context)},"source":"webhook"}`,
    );
  });
});

describe("WhatsApp", () => {
  const message = {
    object: "whatsapp_business_account",
    entry: [
      {
        id: "102290129340398",
        changes: [
          {
            value: {
              messaging_product: "whatsapp",
              metadata: { display_phone_number: "15550783881", phone_number_id: "106540352242922" },
              contacts: [{ profile: { name: "Sheena Nelson" }, wa_id: "16505551234" }],
              messages: [
                {
                  from: "16505551234",
                  id: "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
                  timestamp: "1749416383",
                  type: "text",
                  text: { body: "Does it come in another color?" },
                },
              ],
            },
            field: "messages",
          },
        ],
      },
    ],
  };

  it.each([
    ["dots", "entry.0.changes.0.value"],
    ["brackets", "entry[0].changes[0].value"],
    ["quoted keys", '["entry"][0]["changes"][0].value'],
  ])("is mapped with %s", async (_, value) => {
    const answer = await pair.post({
      query: mapping({
        task_id: `${value}.messages[0].from`,
        user_id: `${value}.contacts.0.wa_id`,
        user_first_name: `${value}.contacts[0].profile.name`,
        prompt: `${value}.messages.0.text.body`,
      }),
      type: JSON_TYPE,
      body: JSON.stringify(message, null, 2),
    });
    expect(answer.status).toBe(200);
    const user = { id: "16505551234", email: "", first_name: "Sheena Nelson" };
    expect(pair.lastBody()).toBe(
      JSON.stringify({
        id: "16505551234",
        input: { text: "Does it come in another color?", user },
        additional_context: JSON.stringify(message),
        source: "webhook",
      }),
    );
  });
});

describe("Twilio", () => {
  it("sends a form of an SMS", async () => {
    const fields = {
      ToCountry: "US",
      SmsMessageSid: "SM1f0e8ae6ade43cb3c0ce4525424e404f",
      NumMedia: "0",
      FromZip: "",
      Body: 'Is "5% off" still on? 😀 1+1=2',
      From: "+14155551234",
      To: "+14155559876",
      ApiVersion: "2010-04-01",
    };
    const answer = await pair.post({
      query: mapping({ task_id: "From", user_id: "From", prompt: "Body" }),
      type: `${FORM}; charset=utf-8`,
      headers: { "x-twilio-signature": "s" },
      body: new URLSearchParams(fields).toString(),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-task-id"]).toBe("%2B14155551234");
    expect(pair.lastBody()).toBe(
      JSON.stringify({
        id: "+14155551234",
        input: { text: fields.Body, user: { id: "+14155551234", email: "" } },
        additional_context: JSON.stringify(fields),
        source: "webhook",
      }),
    );
  });
});

describe("Slack", () => {
  const command = {
    token: "gIkuvaNzQIHg97ATvDxqgjtO",
    team_id: "T0001",
    channel_id: "C2147483705",
    channel_name: "test",
    user_id: "U2147483697",
    user_name: "Steve",
    command: "/weather",
    text: "94070 & more",
    response_url: "https://hooks.slack.com/commands/1234/5678",
    trigger_id: "13345224609.738474920.8088930838d88f008e0",
  };

  it("sends a form of a slash command, whose user_id is the parameter", async () => {
    const answer = await pair.post({
      query: mapping({ task_id: "channel_id", prompt: "text" }),
      type: FORM,
      body: new URLSearchParams(command).toString(),
    });
    expect(answer.status).toBe(200);
    const { user_id: id, ...context } = command;
    expect(pair.lastBody()).toBe(
      JSON.stringify({
        id: "C2147483705",
        input: { text: "94070 & more", user: { id, email: "" } },
        additional_context: JSON.stringify(context),
        source: "webhook",
      }),
    );
  });

  it("sends an interaction as a form's payload", async () => {
    const interaction = {
      type: "block_actions",
      user: { id: "UA8RXUSPL", username: "jtorrance", team_id: "T9TK3CUKW" },
      api_app_id: "AABA1ABCD",
      channel: { id: "CBR2V3XEX", name: "review-updates" },
      actions: [{ action_id: "WaXA", value: "approve & merge", type: "button" }],
    };
    const answer = await pair.post({
      query: mapping({ task_id: "channel.id", user_id: "user.id", prompt: "actions[0].value" }),
      type: FORM,
      body: new URLSearchParams({ payload: JSON.stringify(interaction) }).toString(),
    });
    expect(answer.status).toBe(200);
    expect(pair.lastBody()).toBe(
      JSON.stringify({
        id: "CBR2V3XEX",
        input: { text: "approve & merge", user: { id: "UA8RXUSPL", email: "" } },
        additional_context: JSON.stringify(interaction),
        source: "webhook",
      }),
    );
  });
});
