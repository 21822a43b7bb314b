import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { verify as verifyGithub } from "@octokit/webhooks-methods";
import examples from "@octokit/webhooks-examples" with { type: "json" };
import { Paddle } from "@paddle/paddle-node-sdk";
import { createHash } from "node:crypto";
import twilioLibrary from "twilio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../support/http.ts";
import { FORM_TYPE, formOf, json, JSON_TYPE, now } from "../support/sender.ts";
import { twilio } from "../support/senders-chat.ts";
import { hubspot, mailgunBody, paddle, square } from "../support/senders-trade.ts";
import { github, linear } from "../support/senders-work.ts";
import {
  deliver,
  happen,
  makeSource,
  ran,
  ranFor,
  ranOnce,
  type Source,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const PUBLIC = "https://hooks.example";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair({ PUBLIC_URL: PUBLIC });
});
afterAll(() => pair.stop());

/** The source where it can be reached from here; its `url` is the public one. */
function here(source: Source): Source {
  return { ...source, url: source.url.replace(PUBLIC, pair.gateway.url) };
}

/** Signs for the public address, and sends to where the gateway listens. */
function arrive(
  source: Source,
  ...[happening, posting]: [Parameters<typeof deliver>[1], Parameters<typeof deliver>[2]]
) {
  return deliver(here(source), happening, { address: source.url, ...posting });
}

describe.concurrent("a sender that signs the address", () => {
  it.each([
    ["twilio", twilio],
    ["square", square],
    ["hubspot", hubspot],
  ])("signs the public one, whatever the gateway is called by: %s", async (_, sender) => {
    const source = await sourceOf(pair, sender);
    expect(source.url).toBe(`${PUBLIC}/hooks/agent-1/${source.name}`);
    expect((await arrive(source, sender.happens(1), { key: sender.key })).status).toBe(200);
    const { url: address } = here(source);
    expect((await arrive(source, sender.happens(2), { key: sender.key, address })).status).toBe(
      401,
    );
    await ranOnce(pair, source);
  });
});

describe.concurrent("Twilio's own library", () => {
  const { key } = twilio;
  const sign = (address: string, fields: Readonly<Record<string, unknown>>) => ({
    "X-Twilio-Signature": twilioLibrary.getExpectedTwilioSignature(key.secret, address, fields),
  });

  it("signs with and without the port", async () => {
    const source = await sourceOf(pair, twilio);
    const withPort = source.url.replace(PUBLIC, `${PUBLIC}:443`);
    expect((await arrive(source, twilio.happens(1), { key, address: withPort })).status).toBe(200);
  });

  it("signs repeated fields, and a query", async () => {
    const source = await sourceOf(pair, twilio);
    const query = "?a=1&b=%20%2B";
    const body = "MessageSid=SM1&Body=x&From=%2B1&MediaUrl=b&MediaUrl=a&MediaUrl=b";
    const fields = { MessageSid: "SM1", Body: "x", From: "+1", MediaUrl: ["b", "a", "b"] };
    const headers = { "content-type": FORM_TYPE, ...sign(source.url + query, fields) };
    expect((await send(here(source).url + query, { headers, body })).status).toBe(200);
  });

  it("signs JSON by its hash in the query", async () => {
    const source = await sourceOf(pair, twilio);
    const body = JSON.stringify({ MessageSid: "SM7", From: "+1", Body: "Hi" });
    const query = `?bodySHA256=${createHash("sha256").update(body).digest("hex")}`;
    const headers = { "content-type": JSON_TYPE, ...sign(source.url + query, {}) };
    const url = here(source).url + query;
    expect((await send(url, { headers, body: body.replace("Hi", "Ho") })).status).toBe(401);
    expect((await send(url, { headers, body })).status).toBe(200);
  });
});

function letter(body: string) {
  return { body, address: "", at: now(), id: "" };
}

describe.concurrent("the libraries of those who only verify", () => {
  it("agree with how these tests sign: Paddle, Linear, GitHub", async () => {
    const { body } = paddle.happens(1);
    const [signature = ""] = Object.values(await paddle.key.sign(letter(body)));
    const { webhooks } = new Paddle("no-key");
    expect(await webhooks.isSignatureValid(body, paddle.key.secret, signature)).toBe(true);

    const issue = linear.happens(1).body;
    const [linearSignature = ""] = Object.values(await linear.key.sign(letter(issue)));
    const client = new LinearWebhookClient(linear.key.secret);
    expect(client.verify(Buffer.from(issue), linearSignature, Date.now())).toBe(true);

    const [githubSignature = ""] = Object.values(await github.key.sign(letter("{}")));
    expect(await verifyGithub(github.key.secret, "{}", githubSignature)).toBe(true);
  });
});

describe.concurrent("GitHub's own examples", () => {
  const named = examples.map(({ name, examples: all }) => [name, all] as const);

  it.each(named)("are a success: %s", { timeout: 60_000 }, async (name, all) => {
    const source = await sourceOf(pair, github);
    for (const [n, example] of all.entries()) {
      const headers = { "X-GitHub-Event": name, "X-GitHub-Delivery": `${name}-${n}` };
      const answer = await arrive(source, json(example, headers), { key: github.key });
      expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    }
  });
});

function post(source: Source, body: string) {
  return send(here(source).url, { ...json(null), body });
}

describe.concurrent("Mailgun", () => {
  const secret = "hush7q4z-mailgun";
  const mailgun = () => makeSource(pair, { provider: "mailgun", secret });
  const event = { event: "opened", id: "x", recipient: "zoe@example.com" };

  it("runs the agent, and answers a repeat with a success", async () => {
    const source = await mailgun();
    const body = mailgunBody(secret, "token-1", event);
    const answers = [await post(source, body), await post(source, body)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await post(source, mailgunBody(secret, "token-2", event));
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it("takes a token for one body alone", async () => {
    const source = await mailgun();
    const body = mailgunBody(secret, "token-1", event);
    expect((await post(source, body)).status).toBe(200);
    const forged = body.replace("zoe@example.com", "eve@example.com");
    expect((await post(source, forged)).status).toBe(406);
    await ranOnce(pair, source);
  });

  it.each([
    ["of another secret", mailgunBody("other", "t", event)],
    ["that is stale", mailgunBody(secret, "t", event, String(now() - 400))],
    ["of the future", mailgunBody(secret, "t", event, String(now() + 400))],
    ["of no time", mailgunBody(secret, "t", event, "soon")],
    ["of another token", mailgunBody(secret, "t", event).replace('"t"', '"u"')],
    ["that is none", JSON.stringify({ "event-data": event })],
    ["that is empty", JSON.stringify({ signature: {}, "event-data": event })],
    ["that is a list", JSON.stringify({ signature: ["a"], "event-data": event })],
  ])("is told with 406 of a signature %s", async (_, body) => {
    const source = await mailgun();
    expect((await post(source, body)).status).toBe(406);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("sends mail as a form", async () => {
    const source = await mailgun();
    const { signature } = JSON.parse(mailgunBody(secret, "t-9", {})) as {
      signature: Record<string, string>;
    };
    const fields = { ...signature, sender: "zoe@example.com", "stripped-text": "Hello" };
    expect((await send(here(source).url, formOf(fields))).status).toBe(200);
    expect((await ranOnce(pair, source)).sent.input.text).toBe("Hello");
    await expect(happen(github, here(source), 1)).resolves.toMatchObject({ status: 406 });
  });
});
