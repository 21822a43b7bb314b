import { describe, expect, it } from "vitest";
import { valueIn } from "./found.ts";
import type { Deliveries, Reading } from "./provider.ts";
import { read } from "./test-delivery.fixture.ts";

function deliveries(reading: Reading): Deliveries {
  if (reading.kind !== "deliveries") throw new Error(`it was ${reading.kind}`);
  return reading;
}

const metadata = { display_phone_number: "1", phone_number_id: "2" };

function whatsapp(value: object, field = "messages") {
  return {
    object: "whatsapp_business_account",
    entry: [
      {
        id: "0",
        changes: [{ field, value: { messaging_product: "whatsapp", metadata, ...value } }],
      },
    ],
  };
}

function text(id: string, from: object = { from: "1631" }) {
  return { id, ...from, type: "text", text: { body: `Hello from ${id}` } };
}

describe("whatsapp's read", () => {
  it("makes each message a delivery of its own, found by the same path", () => {
    const contacts = [
      { wa_id: "1", profile: { name: "Zoe" } },
      { user_id: "US.2", profile: { name: "Max" } },
    ];
    const messages = [text("a", { from: "1" }), text("b", { from_user_id: "US.2" })];
    const { deliveries: read2, malformed } = deliveries(
      read("whatsapp", whatsapp({ contacts, messages, statuses: [{ id: "s" }] })),
    );
    expect(malformed).toBe(0);
    expect(read2).toMatchObject([
      { id: "a", conversation: "1", user: { id: "1", first_name: "Zoe" }, prompt: "Hello from a" },
      {
        id: "b",
        conversation: "US.2",
        user: { id: "US.2", first_name: "Max" },
        prompt: "Hello from b",
      },
    ]);
    for (const { id, fields } of read2) {
      const value = "entry.0.changes.0.value";
      expect(valueIn(fields, `${value}.messages.0.id`)).toBe(JSON.stringify(id));
      expect(valueIn(fields, `${value}.messages.1`)).toBeUndefined();
      expect(valueIn(fields, `${value}.contacts.1`)).toBeUndefined();
      expect(valueIn(fields, `${value}.statuses`)).toBeUndefined();
      expect(valueIn(fields, `${value}.metadata.phone_number_id`)).toBe('"2"');
      expect(valueIn(fields, "entry.0.id")).toBe('"0"');
      expect(valueIn(fields, "object")).toBe('"whatsapp_business_account"');
    }
  });

  it("gives a message no contacts of others", () => {
    const contacts = [{ wa_id: "1" }, { wa_id: "2" }];
    const [only] = deliveries(
      read("whatsapp", whatsapp({ contacts, messages: [text("a", { from: "3" })] })),
    ).deliveries;
    expect(valueIn(only?.fields ?? new Map(), "entry.0.changes.0.value.contacts")).toBeUndefined();
  });

  it("knows a sender who has no number by the contact beside the message", () => {
    const contacts = [{ user_id: "US.9", profile: { name: "Zoe" } }];
    const reading = read("whatsapp", whatsapp({ contacts, messages: [text("a", {})] }));
    expect(deliveries(reading).deliveries).toMatchObject([{ conversation: "US.9" }]);
  });

  it.each([
    ["a button", { type: "button", button: { text: "Yes" } }, "Yes"],
    ["a reply", { interactive: { button_reply: { title: "Sure" } } }, "Sure"],
    ["a list's row", { interactive: { list_reply: { title: "Row" } } }, "Row"],
    ["a caption", { image: { id: "m", caption: "Look" } }, "Look"],
    ["a place", { location: { latitude: 1 } }, undefined],
  ])("takes the words of %s", (_case, kind, prompt) => {
    const message = { id: "a", from: "1", ...kind };
    const [only] = deliveries(read("whatsapp", whatsapp({ messages: [message] }))).deliveries;
    expect(only?.prompt).toBe(prompt);
  });

  it.each([
    ["states of messages", whatsapp({ statuses: [{ id: "s", status: "read" }] })],
    ["an empty batch", { object: "x", entry: [] }],
    ["no batch", {}],
    [
      "an echo",
      {
        object: "page",
        entry: [{ messaging: [{ sender: { id: "1" }, message: { mid: "m", is_echo: true } }] }],
      },
    ],
    [
      "a receipt",
      { object: "page", entry: [{ messaging: [{ sender: { id: "1" }, read: { watermark: 1 } }] }] },
    ],
  ])("never runs %s", (_case, body) => {
    expect(read("whatsapp", body).kind).toBe("ignored");
  });

  it("runs a change of another field only if it is named", () => {
    const reading = read(
      "whatsapp",
      whatsapp({ event: "APPROVED" }, "message_template_status_update"),
    );
    expect(deliveries(reading).deliveries).toMatchObject([
      { event: "message_template_status_update", runsByDefault: false, id: undefined },
    ]);
  });

  it.each([
    [{ message: { mid: "m1", text: "Hi" } }, "messages", "m1", "Hi", true],
    [
      { postback: { mid: "m2", title: "Start", payload: "GO" } },
      "messaging_postbacks",
      "m2",
      "Start",
      true,
    ],
    [{ optin: { ref: "r" } }, "messaging_optins", undefined, undefined, false],
  ])("takes Messenger's %j", (said, event, id, prompt, runsByDefault) => {
    const messaging = [{ sender: { id: "99" }, recipient: { id: "1" }, timestamp: 1, ...said }];
    const reading = read("whatsapp", { object: "page", entry: [{ id: "1", time: 1, messaging }] });
    expect(deliveries(reading).deliveries).toMatchObject([
      { id, event, prompt, runsByDefault, conversation: "99", user: { id: "99" } },
    ]);
  });

  it.each([
    ["no object", 7],
    ["null", null],
    ["without an id", { from: "1", text: { body: "x" } }],
  ])("takes 999 of 1,000 messages when one is %s", (_case, broken) => {
    const messages = Array.from({ length: 1_000 }, (_, index) => text(`m${index}`));
    const spoilt = messages.map((message, index) => (index === 500 ? broken : message));
    const reading = deliveries(read("whatsapp", whatsapp({ messages: spoilt })));
    expect(reading.malformed).toBe(1);
    expect(reading.deliveries).toHaveLength(999);
    expect(new Set(reading.deliveries.map(({ id }) => id)).size).toBe(999);
  });

  it("takes a batch at its limit, and refuses one past it", () => {
    const messages = Array.from({ length: 10_001 }, (_, index) => ({ id: `${index}` }));
    const whole = deliveries(read("whatsapp", whatsapp({ messages: messages.slice(1) })));
    expect(whole.deliveries).toHaveLength(10_000);
    expect(read("whatsapp", whatsapp({ messages }))).toMatchObject({
      kind: "refused",
      refusal: { reason: "limit_exceeded" },
    });
  });
});

describe.each([
  ["sendgrid", (id: string) => ({ sg_event_id: id, event: "open", email: "z@x.example" })],
  [
    "hubspot",
    (id: string) => ({ eventId: Number(id), subscriptionType: "contact.creation", objectId: 5 }),
  ],
])("%s's read", (provider, event) => {
  it("makes each event a delivery with its own fields", () => {
    const { deliveries: both } = deliveries(read(provider, [event("1"), event("2")]));
    expect(both.map(({ id }) => id)).toEqual(["1", "2"]);
    expect(both[1]?.fields.size).toBe(3);
    expect(both[1]?.prompt).toMatch(/^(?:SendGrid|HubSpot) reports/);
  });

  it("takes 999 of 1,000 events when one is malformed", () => {
    const events = Array.from({ length: 1_000 }, (_, index) =>
      index === 3 ? [[]] : event(`${index}`),
    );
    const reading = deliveries(read(provider, events));
    expect([reading.deliveries.length, reading.malformed]).toEqual([999, 1]);
  });

  it("takes a single event, and ignores an empty batch", () => {
    expect(deliveries(read(provider, event("1"))).deliveries).toHaveLength(1);
    expect(read(provider, []).kind).toBe("ignored");
    expect(deliveries(read(provider, { a: 1 })).malformed).toBe(1);
  });
});
