/** For the tests of this room: each sender, signing as its maker says, with node:crypto alone. */
import { Buffer } from "node:buffer";
import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Settings } from "./settings.ts";
import { FORM } from "./test-delivery.fixture.ts";

export interface Signer {
  readonly provider: string;
  /** Where a provider proves itself in several ways. */
  readonly way?: string;
  readonly secret: string;
  readonly otherSecret: string;
  readonly settings?: Settings;
  readonly body: string;
  /** The header that holds the signature. */
  readonly header: string;
  /** Signed times are in these headers or in the signature's own; how far off they may be. */
  readonly toleranceSeconds?: number;
  readonly timeHeader?: string;
  readonly isToken?: boolean;
  readonly headers: (body: string, secret: string, now: number) => Record<string, string>;
}

export const ADDRESS = "https://in.example/hooks/a/s";
const JSON_BODY = '{"a": 1, "b": [true]}';

function hmac(algorithm: string, secret: string | Uint8Array, text: string) {
  return createHmac(algorithm, secret).update(text);
}

function hex(secret: string, text: string, algorithm = "sha256"): string {
  return hmac(algorithm, secret, text).digest("hex");
}

function base64(secret: string | Uint8Array, text: string, algorithm = "sha256"): string {
  return hmac(algorithm, secret, text).digest("base64");
}

interface Pair {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

function ed25519Pair(): Pair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const der = publicKey.export({ format: "der", type: "spki" });
  return { publicKey: Buffer.from(der.subarray(-32)).toString("hex"), privateKey };
}

function ecPair(): Pair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ format: "der", type: "spki" });
  return { publicKey: Buffer.from(der).toString("base64"), privateKey };
}

function asPublicKey({ publicKey }: Pair): string {
  return `whpk_${Buffer.from(publicKey, "hex").toString("base64")}`;
}

const pairs = [ed25519Pair(), ed25519Pair(), ecPair(), ecPair()] as const;
const [edOne, edTwo, ecOne, ecTwo] = pairs;

/** A private key by its public one, as the sources know it. */
const privateKeys = new Map<string, KeyObject>(
  pairs.flatMap((pair) => [
    [pair.publicKey, pair.privateKey],
    [asPublicKey(pair), pair.privateKey],
  ]),
);

function signed(algorithm: string | null, publicKey: string, text: string): Buffer {
  const key = privateKeys.get(publicKey);
  if (key === undefined) throw new Error("there is no such key");
  return sign(algorithm, Buffer.from(text), key);
}

const SECRETS = { secret: "the-secret_1", otherSecret: "the-secret_2" };
const WHSEC = {
  secret: `whsec_${Buffer.from("a secret of 24 bytes ...").toString("base64")}`,
  otherSecret: `whsec_${Buffer.from("another one of 24 bytes.").toString("base64")}`,
};

function whsecKey(secret: string): Uint8Array {
  return Buffer.from(secret.slice("whsec_".length), "base64");
}

function standard(prefix: string): Signer["headers"] {
  return (body, secret, now) => ({
    [`${prefix}-id`]: "msg_1",
    [`${prefix}-timestamp`]: `${now}`,
    [`${prefix}-signature`]: `v1,${base64(whsecKey(secret), `msg_1.${now}.${body}`)}`,
  });
}

function bodySigner(
  provider: string,
  header: string,
  write: (secret: string, body: string) => string,
): Signer {
  const headers = (body: string, secret: string) => ({ [header]: write(secret, body) });
  return { provider, header, headers, body: JSON_BODY, ...SECRETS };
}

const FORM_BODY = "From=%2B1415&Body=hello+there&To=%2B1800&MessageSid=SM1&From=%2B1415";

export const signers: readonly Signer[] = [
  {
    ...bodySigner("telegram", "x-telegram-bot-api-secret-token", (secret) => secret),
    isToken: true,
  },
  { ...bodySigner("gitlab", "x-gitlab-token", (secret) => secret), isToken: true, way: "token" },
  bodySigner("whatsapp", "x-hub-signature-256", (secret, body) => `sha256=${hex(secret, body)}`),
  bodySigner("github", "x-hub-signature-256", (secret, body) => `sha256=${hex(secret, body)}`),
  bodySigner("shopify", "x-shopify-hmac-sha256", base64),
  bodySigner("typeform", "typeform-signature", (secret, body) => `sha256=${base64(secret, body)}`),
  bodySigner("intercom", "x-hub-signature", (secret, body) => `sha1=${hex(secret, body, "sha1")}`),
  {
    ...bodySigner("jira", "x-hub-signature", (secret, body) => `sha256=${hex(secret, body)}`),
    way: "sha256",
  },
  {
    ...bodySigner(
      "jira",
      "x-hub-signature",
      (secret, body) => `sha512=${hex(secret, body, "sha512")}`,
    ),
    way: "sha512",
  },
  bodySigner("pagerduty", "x-pagerduty-signature", (secret, body) => `v1=${hex(secret, body)}`),
  bodySigner("square", "x-square-hmacsha256-signature", (secret, body) =>
    base64(secret, ADDRESS + body),
  ),
  {
    provider: "twilio",
    header: "x-twilio-signature",
    ...SECRETS,
    body: FORM_BODY,
    headers: (body, secret) => {
      const form = [...new Set(body.split("&"))].toSorted();
      const text = form.map((pair) => [...new URLSearchParams(pair)].flat().join("")).join("");
      return { ...FORM, "x-twilio-signature": base64(secret, ADDRESS + text, "sha1") };
    },
  },
  {
    provider: "slack",
    header: "x-slack-signature",
    timeHeader: "x-slack-request-timestamp",
    toleranceSeconds: 300,
    body: "text=hello+there&command=%2Fask",
    ...SECRETS,
    headers: (body, secret, now) => ({
      ...FORM,
      "x-slack-request-timestamp": `${now}`,
      "x-slack-signature": `v0=${hex(secret, `v0:${now}:${body}`)}`,
    }),
  },
  {
    provider: "zoom",
    header: "x-zm-signature",
    timeHeader: "x-zm-request-timestamp",
    toleranceSeconds: 300,
    body: JSON_BODY,
    ...SECRETS,
    headers: (body, secret, now) => ({
      "x-zm-request-timestamp": `${now}`,
      "x-zm-signature": `v0=${hex(secret, `v0:${now}:${body}`)}`,
    }),
  },
  {
    provider: "stripe",
    header: "stripe-signature",
    toleranceSeconds: 300,
    body: JSON_BODY,
    ...SECRETS,
    headers: (body, secret, now) => ({
      "stripe-signature": `t=${now},v1=${hex(secret, `${now}.${body}`)},v0=abc`,
    }),
  },
  {
    provider: "paddle",
    header: "paddle-signature",
    toleranceSeconds: 60,
    body: JSON_BODY,
    ...SECRETS,
    headers: (body, secret, now) => ({
      "paddle-signature": `ts=${now};h1=${hex(secret, `${now}:${body}`)}`,
    }),
  },
  {
    provider: "standard-webhooks",
    header: "webhook-signature",
    timeHeader: "webhook-timestamp",
    toleranceSeconds: 300,
    body: JSON_BODY,
    ...WHSEC,
    headers: standard("webhook"),
  },
  {
    provider: "standard-webhooks",
    way: "ed25519",
    header: "webhook-signature",
    timeHeader: "webhook-timestamp",
    toleranceSeconds: 300,
    body: JSON_BODY,
    secret: asPublicKey(edOne),
    otherSecret: asPublicKey(edTwo),
    headers: (body, secret, now) => ({
      "webhook-id": "msg_1",
      "webhook-timestamp": `${now}`,
      "webhook-signature": `v1a,${signed(null, secret, `msg_1.${now}.${body}`).toString("base64")}`,
    }),
  },
  {
    provider: "svix",
    header: "svix-signature",
    timeHeader: "svix-timestamp",
    toleranceSeconds: 300,
    body: JSON_BODY,
    ...WHSEC,
    headers: standard("svix"),
  },
  {
    provider: "gitlab",
    way: "signing token",
    header: "webhook-signature",
    timeHeader: "webhook-timestamp",
    toleranceSeconds: 300,
    body: JSON_BODY,
    ...WHSEC,
    headers: standard("webhook"),
  },
  {
    provider: "discord",
    header: "x-signature-ed25519",
    body: JSON_BODY,
    secret: edOne.publicKey,
    otherSecret: edTwo.publicKey,
    headers: (body, secret, now) => ({
      "x-signature-timestamp": `${now}`,
      "x-signature-ed25519": signed(null, secret, `${now}${body}`).toString("hex"),
    }),
  },
  {
    provider: "sendgrid",
    header: "x-twilio-email-event-webhook-signature",
    body: '[{"event":"open", "sg_event_id":"e1"}]',
    secret: ecOne.publicKey,
    otherSecret: ecTwo.publicKey,
    headers: (body, secret, now) => ({
      "x-twilio-email-event-webhook-timestamp": `${now}`,
      "x-twilio-email-event-webhook-signature": signed("sha256", secret, `${now}${body}`).toString(
        "base64",
      ),
    }),
  },
  {
    provider: "hubspot",
    way: "v3",
    header: "x-hubspot-signature-v3",
    toleranceSeconds: 300,
    body: '[{"eventId":1}, {"eventId":2}]',
    ...SECRETS,
    headers: (body, secret, now) => ({
      "x-hubspot-request-timestamp": `${now * 1_000}`,
      "x-hubspot-signature-v3": base64(secret, `POST${ADDRESS}${body}${now * 1_000}`),
    }),
  },
  {
    ...bodySigner("hubspot", "x-hubspot-signature", (secret, body) =>
      createHash("sha256").update(`${secret}${body}`).digest("hex"),
    ),
    way: "v1",
  },
  {
    provider: "hubspot",
    way: "v2",
    header: "x-hubspot-signature",
    body: JSON_BODY,
    ...SECRETS,
    headers: (body, secret) => ({
      "x-hubspot-signature-version": "v2",
      "x-hubspot-signature": createHash("sha256")
        .update(`${secret}POST${ADDRESS}${body}`)
        .digest("hex"),
    }),
  },
  {
    ...bodySigner("hmac", "x-signature", hex),
    way: "the body",
    settings: { header: "X-Signature" },
  },
  {
    provider: "hmac",
    way: "all of it",
    settings: {
      header: "X-Sig",
      algorithm: "sha512",
      encoding: "base64",
      prefix: "sha512=",
      signed: "{id}.{timestamp}.{body}.{address}",
      timestamp_header: "X-Time",
      tolerance_seconds: 30,
      id_header: "X-Id",
    },
    header: "x-sig",
    timeHeader: "x-time",
    toleranceSeconds: 30,
    body: JSON_BODY,
    ...SECRETS,
    headers: (body, secret, now) => ({
      "x-id": "7",
      "x-time": `${now}`,
      "x-sig": `sha512=${base64(secret, `7.${now}.${body}.${ADDRESS}`, "sha512")}`,
    }),
  },
  {
    ...bodySigner("token", "authorization", (secret) => `Bearer ${secret}`),
    settings: { header: "Authorization", prefix: "Bearer " },
    isToken: true,
  },
  {
    ...bodySigner(
      "basic",
      "authorization",
      (secret) => `Basic ${Buffer.from(`zoe:${secret}`).toString("base64")}`,
    ),
    settings: { username: "zoe" },
    isToken: true,
  },
];
