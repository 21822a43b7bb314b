import { createHmac } from "node:crypto";
import { InteractionType, verifyKey } from "discord-interactions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, send } from "../support/http.ts";
import { json, now } from "../support/sender.ts";
import { discord, slack, telegram, whatsapp, zoom } from "../support/senders-chat.ts";
import { github, intercom } from "../support/senders-work.ts";
import {
  deliver,
  happen,
  ranFor,
  ranOnce,
  type Source,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function subscribe({ url }: Source, query: Readonly<Record<string, string>>) {
  return send(`${url}?${new URLSearchParams(query).toString()}`, { method: "GET" });
}

const CHALLENGE = "1158201444";

function hub(token: string) {
  return { "hub.mode": "subscribe", "hub.challenge": CHALLENGE, "hub.verify_token": token };
}

describe.concurrent("WhatsApp's handshake", () => {
  it("is answered with the challenge as text, by the token that was made", async () => {
    const source = await sourceOf(pair, whatsapp);
    const answer = await subscribe(source, hub(String(source.shown["verify_token"])));
    expect([answer.status, answer.text]).toEqual([200, CHALLENGE]);
    expect(answer.headers["content-type"]).toMatch(/^text\/plain/);
  });

  it("is answered by the token that was given, whatever it is made of", async () => {
    const token = "vibe&100%+coding=/#";
    const source = await sourceOf(pair, whatsapp, { verify_token: token });
    const answer = await subscribe(source, hub(token));
    expect([answer.status, answer.text]).toEqual([200, CHALLENGE]);
  });

  it("is 403 with a wrong token, without one, and for another mode", async () => {
    const source = await sourceOf(pair, whatsapp, { verify_token: "vibecoding" });
    const queries = [
      hub("wrong"),
      hub(""),
      hub("vibecodin"),
      hub("VIBECODING"),
      hub(whatsapp.key.secret),
      { "hub.mode": "subscribe", "hub.challenge": CHALLENGE },
      { ...hub("vibecoding"), "hub.mode": "unsubscribe" },
      {},
    ];
    const answers = await Promise.all(queries.map((query) => subscribe(source, query)));
    expect(answers.map(({ status }) => status)).toEqual(queries.map(() => 403));
    expect(answers.map(({ text }) => text).join()).not.toContain(CHALLENGE);
  });

  it("echoes nothing that a browser would run", async () => {
    const source = await sourceOf(pair, whatsapp, { verify_token: "t" });
    const challenge = "<script>alert(1)</script>";
    const answer = await subscribe(source, { ...hub("t"), "hub.challenge": challenge });
    if (answer.status !== 200) return;
    expect(answer.headers["content-type"]).toMatch(/^text\/plain/);
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  it("sent to another provider's source echoes nothing", async () => {
    const source = await sourceOf(pair, telegram);
    const answer = await subscribe(source, hub("t"));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain(CHALLENGE);
  });
});

describe.concurrent("Slack's handshake", () => {
  const challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
  const verification = json({
    token: "Jhj5dZrVaK7ZwHHjRyZWjbDl",
    challenge,
    type: "url_verification",
  });

  it("is answered with its challenge, and runs nothing", async () => {
    const source = await sourceOf(pair, slack);
    const answer = await deliver(source, verification, { key: slack.key });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(challenge);
    expect(answer.headers["content-type"]).not.toMatch(/html/);
    await happen(slack, source, 1);
    await ranOnce(pair, source);
  });

  it("is 401 unless it is signed", async () => {
    const source = await sourceOf(pair, slack);
    const answers = [
      await send(source.url, verification),
      await deliver(source, verification, { key: slack.nextKey }),
      await deliver(source, verification, { key: slack.key, at: now() - 600 }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(answers.map(({ text }) => text).join()).not.toContain(challenge);
  });

  it("sent to another provider's source echoes nothing", async () => {
    const source = await sourceOf(pair, github);
    const answer = await deliver(source, verification, { key: github.key });
    expect(answer.text).not.toContain(challenge);
  });
});

describe.concurrent("Discord's ping", () => {
  const ping = json({ id: "1", application_id: "2", type: InteractionType.PING, version: 1 });
  const eventPing = json({ version: 1, application_id: "1234560123453231555", type: 0 });

  it("is answered with its own type, signed as Discord's library would have it", async () => {
    const source = await sourceOf(pair, discord);
    const { secret, sign } = discord.key;
    const signed = await sign({ body: ping.body, address: "", at: now(), id: "" });
    const [signature = "", time = ""] = Object.values(signed);
    expect(await verifyKey(ping.body, signature, time, secret)).toBe(true);

    const answer = await send(source.url, { ...ping, headers: { ...ping.headers, ...signed } });
    expect([answer.status, jsonOf(answer)]).toEqual([200, { type: 1 }]);
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("of its events is 204, with a content type", async () => {
    const source = await sourceOf(pair, discord);
    const answer = await deliver(source, eventPing, { key: discord.key });
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(answer.headers["content-type"]).toMatch(/\S/);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it.each([ping, eventPing])("is 401 by another key, and without a signature", async (body) => {
    const source = await sourceOf(pair, discord);
    const answers = [
      await deliver(source, body, { key: discord.nextKey }),
      await send(source.url, body),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });
});

const validation = (plainToken: unknown) =>
  json({
    event: "endpoint.url_validation",
    payload: { plainToken },
    event_ts: 1_654_503_849_680,
  });
const hmacOf = (text: string) => createHmac("sha256", zoom.key.secret).update(text).digest("hex");

describe.concurrent("Zoom's validation", () => {
  it.each(["qgg8vlvZRS6UYooatFL8Aw", "a", "A-Z_09".repeat(20)])(
    "is answered with the token and its HMAC: %s",
    async (plainToken) => {
      const source = await sourceOf(pair, zoom);
      const answer = await deliver(source, validation(plainToken), { key: zoom.key });
      expect([answer.status, jsonOf(answer)]).toEqual([
        200,
        { plainToken, encryptedToken: hmacOf(plainToken) },
      ]);
      expect(ranFor(pair, source)).toEqual([]);
    },
  );

  it.each([
    ["asks for a signature over a delivery", `v0:${now()}:{"event":"meeting.started"}`],
    ["holds a colon", "v0:1"],
    ["is empty", ""],
    ["is too long", "x".repeat(129)],
    ["holds a space", "a b"],
    ["is a list", ["abc"]],
    ["is nothing", undefined],
  ])("is not signed where its token %s", async (_, plainToken) => {
    const source = await sourceOf(pair, zoom);
    const answer = await deliver(source, validation(plainToken), { key: zoom.key });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toMatch(/[0-9a-f]{64}/);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("is signed by nobody's request", async () => {
    const source = await sourceOf(pair, zoom);
    const answers = [
      await send(source.url, validation("abc")),
      await deliver(source, validation("abc"), { key: zoom.nextKey }),
      await deliver(source, validation("abc"), { key: zoom.key, at: now() - 600 }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(answers.map(({ text }) => text).join()).not.toContain(hmacOf("abc"));
  });

  it("is signed with the secret that proved it", async () => {
    const source = await sourceOf(pair, zoom);
    const answer = await deliver(source, validation("abc"), { key: zoom.key });
    expect(jsonOf(answer)).toMatchObject({ encryptedToken: hmacOf("abc") });
  });

  it("sent to another provider's source signs nothing", async () => {
    const source = await sourceOf(pair, slack);
    const answer = await deliver(source, validation("abc"), { key: slack.key });
    expect(answer.text).not.toMatch(/[0-9a-f]{64}/);
  });
});

describe.concurrent("Intercom's check", () => {
  it("is a HEAD that is answered with 200", async () => {
    const source = await sourceOf(pair, intercom);
    const answer = await send(source.url, { method: "HEAD" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });
});

describe.concurrent("a method that a provider does not use", () => {
  it.each(["GET", "PUT", "DELETE", "PATCH"])("is no success: %s", async (method) => {
    const source = await sourceOf(pair, github);
    const { body, headers } = github.happens(1);
    const signed = await github.key.sign({ body, address: source.url, at: now(), id: "" });
    const sent = { method, headers: { ...headers, ...signed } };
    const answer = await send(source.url, method === "GET" ? sent : { ...sent, body });
    expect([404, 405]).toContain(answer.status);
    expect(ranFor(pair, source)).toEqual([]);
  });
});
