import { createHash, generateKeyPairSync, sign as signWith } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import vectors from "../../src/providers/vectors.json" with { type: "json" };
import { send } from "../support/http.ts";
import { formOf, hmac, JSON_TYPE, now } from "../support/sender.ts";
import { hubspot, paddle, stripe } from "../support/senders-trade.ts";
import { github, jira, pagerduty, standardWebhooks } from "../support/senders-work.ts";
import { deliver, makeSource, ranFor, ranOnce, sourceOf } from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

/** Of another secret, of another kind, and of a version that is yet to come. */
const OTHERS = `v1,${base64Of(32)} v1a,${base64Of(64)} v2,new`;

function base64Of(length: number): string {
  return Buffer.alloc(length, 7).toString("base64");
}

describe.concurrent("several signatures in one header", () => {
  const wrong = "0".repeat(64);

  it.each([
    ["stripe", stripe, (text: string) => text.replace("v1=", `v1=${wrong},v1=`)],
    ["stripe", stripe, (text: string) => `${text},v0=${wrong}`],
    ["paddle", paddle, (text: string) => text.replace("h1=", `h1=${wrong};h1=`)],
    ["pagerduty", pagerduty, (text: string) => `v1=${wrong},${text}`],
    ["pagerduty", pagerduty, (text: string) => `${text},v1=${wrong}`],
    ["standard-webhooks", standardWebhooks, (text: string) => `${OTHERS} ${text}`],
    ["standard-webhooks", standardWebhooks, (text: string) => `${text} ${OTHERS}`],
  ] as const)("are good where one is: %s", async (_, sender, change) => {
    const source = await sourceOf(pair, sender);
    const { body, headers } = sender.happens(1);
    const signed = await sender.key.sign({ body, address: source.url, at: now(), id: "m" });
    const { [sender.signature]: right = "" } = signed;
    const sent = { ...headers, ...signed, [sender.signature]: change(right) };
    expect((await send(source.url, { headers: sent, body })).status).toBe(200);
    await ranOnce(pair, source);
  });
});

describe.concurrent("Jira", () => {
  it.each([
    ["sha512", 200],
    ["sha1", 401],
    ["md5", 401],
  ])("signs with the method that it names: %s", async (method, status) => {
    const source = await sourceOf(pair, jira);
    const { body, headers } = jira.happens(1);
    const signature = `${method}=${hmac(method, jira.key.secret, body, "hex")}`;
    const sent = { headers: { ...headers, "X-Hub-Signature": signature }, body };
    expect((await send(source.url, sent)).status).toBe(status);
  });
});

describe.concurrent("HubSpot's older signatures", () => {
  it.each([
    ["v1", (secret: string, body: string) => secret + body],
    ["v2", (secret: string, body: string, address: string) => `${secret}POST${address}${body}`],
  ])("are good too: %s", async (version, text) => {
    const source = await sourceOf(pair, hubspot);
    const { body, headers } = hubspot.happens(1);
    const post = (secret: string) => {
      const digest = createHash("sha256")
        .update(text(secret, body, source.url))
        .digest("hex");
      const signed = { "X-HubSpot-Signature-Version": version, "X-HubSpot-Signature": digest };
      return send(source.url, { headers: { ...headers, ...signed }, body });
    };
    expect((await post(hubspot.nextKey.secret)).status).toBe(401);
    expect((await post(hubspot.key.secret)).status).toBe(200);
    await ranOnce(pair, source);
  });
});

describe.concurrent("Standard Webhooks with a public key", () => {
  it("are good by its own private one", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    const secret = `whpk_${raw.toString("base64")}`;
    const source = await makeSource(pair, { provider: "standard-webhooks", secret });
    const key = (own = privateKey) => ({
      secret,
      sign: ({ id, at, body }: { id: string; at: number; body: string }) => ({
        "webhook-id": id,
        "webhook-timestamp": String(at),
        "webhook-signature": `v1a,${signWith(undefined, Buffer.from(`${id}.${at}.${body}`), own).toString("base64")}`,
      }),
    });
    const happening = standardWebhooks.happens(1);
    const { privateKey: other } = generateKeyPairSync("ed25519");
    expect((await deliver(source, happening, { key: key(other) })).status).toBe(401);
    expect((await deliver(source, happening, { key: key(), at: now() - 400 })).status).toBe(401);
    expect((await deliver(source, happening, { key: key() })).status).toBe(200);
    await ranOnce(pair, source);
  });
});

describe.concurrent("GitHub's form", () => {
  it("is signed as it is, and is what its payload says", async () => {
    const source = await sourceOf(pair, github);
    const { body, headers } = github.happens(1);
    const form = formOf({ payload: body });
    const sent = { body: form.body, headers: { ...headers, ...form.headers } };
    expect((await deliver(source, sent, { key: github.key, body })).status).toBe(401);
    expect((await deliver(source, sent, { key: github.key })).status).toBe(200);
    expect((await ranOnce(pair, source)).id).toBe(`${source.prefix}acme/shop#1`);
  });
});

describe.concurrent("a signature that its maker has published", () => {
  // Those whose time is long over, or who sign an address, are tried beside the code.
  const lasting = vectors.filter(
    ({ now: at, url, valid, provider }) =>
      url === undefined &&
      valid !== null &&
      (at === undefined || provider === "sendgrid") &&
      provider !== "generic-hmac",
  );
  const named = lasting.map((vector) => [`${vector.provider}, ${vector.name}`, vector] as const);

  it.each(named)(
    "is as good as it says: %s",
    async (_, { provider, secret, headers, body, valid }) => {
      const source = await makeSource(pair, { provider, secret });
      const answer = await send(source.url, {
        headers: { "content-type": JSON_TYPE, ...headers },
        body,
      });
      expect(answer.status === 401).toBe(valid === false);
      expect(ranFor(pair, source).length === 0 || valid === true).toBe(true);
    },
  );
});
