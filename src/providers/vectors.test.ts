import { describe, expect, it } from "vitest";
import { queryOf } from "../invocation/query.ts";
import { type TestDelivery, fieldsOf, prove, providerNamed } from "./test-delivery.fixture.ts";
import vectors from "./vectors.json";
import type { Settings } from "./settings.ts";

/** The vectors' names for what has another name here, or needs settings. */
const KNOWN_AS: Readonly<Record<string, { provider: string; settings?: Settings }>> = {
  "generic-hmac": {
    provider: "hmac",
    settings: { header: "X-Convoy-Signature", algorithm: "sha512", encoding: "base64" },
  },
  "gitlab-signing-token": { provider: "gitlab" },
};

/** Its SDK's 5 s are too few behind the edge of a network, so 60 count unless it is said otherwise. */
const AS_ITS_SDK: Settings = { tolerance_seconds: 5 };

type Vector = (typeof vectors)[number];

function deliveryOf(vector: Vector): TestDelivery {
  const known = KNOWN_AS[vector.provider] ?? { provider: vector.provider };
  const settings = vector.provider === "paddle" ? AS_ITS_SDK : (known.settings ?? {});
  return {
    provider: known.provider,
    settings,
    headers: Object.entries(vector.headers).reduce((headers, [name, value]) => {
      headers.set(name, value);
      return headers;
    }, new Headers()),
    body: vector.body,
    secrets: [vector.secret ?? ""],
    method: vector.method ?? "POST",
    ...(vector.url !== undefined && { address: vector.url }),
    now: vector.now ?? 0,
  };
}

const signed = vectors.filter(({ valid }) => valid !== null);

describe("a provider's proof", () => {
  it.each(
    signed.filter(({ valid }) => valid).map((each) => [each.provider, each.name, each] as const),
  )("takes %s %s", (_provider, _name, vector) => {
    expect(prove(deliveryOf(vector))).toMatchObject({ ok: true, value: { secret: vector.secret } });
  });

  it.each(
    signed.filter(({ valid }) => !valid).map((each) => [each.provider, each.name, each] as const),
  )("refuses %s %s", (_provider, _name, vector) => {
    expect(prove(deliveryOf(vector)).ok).toBe(false);
  });
});

describe("a provider's handshake", () => {
  it.each(["hub_challenge_ok", "hub_challenge_bad_token", "head_check"])("answers %s", (name) => {
    const vector = vectors.find((each) => each.name === name);
    const { provider = "", url = "", secret, expect: wanted } = vector ?? {};
    const answer = providerNamed(provider).greet(queryOf(url), [secret ?? ""]);
    expect(answer.status).toBe(wanted?.status);
    if (wanted?.body !== undefined) expect(answer.body).toBe(wanted.body);
    if (wanted?.content_type !== undefined) {
      expect(answer.headers["Content-Type"]).toContain(wanted.content_type);
    }
  });

  it.each([
    ["slack", "url_verification", "application/json"],
    ["discord", "interaction_ping", "application/json"],
    ["discord", "webhook_events_ping", "application/json"],
    ["zoom", "derived_url_validation", "application/json"],
    ["zoom", "url_validation_docs_shape", "application/json"],
  ])("answers %s %s", (provider, name, type) => {
    const vector = vectors.find((each) => each.name === name);
    const reading = providerNamed(provider).read({
      headers: new Headers(),
      fields: fieldsOf(vector?.body ?? "") ?? new Map(),
      secret: vector?.secret ?? "another secret",
      settings: {},
    });
    expect(reading.kind).toBe("handshake");
    if (reading.kind !== "handshake") return;
    const { status, headers, body } = reading.answer;
    const wanted = vector?.expect;
    expect(status).toBe(wanted?.status);
    expect(headers["Content-Type"]).toContain(type);
    if (wanted?.body_contains !== undefined) expect(body).toContain(wanted.body_contains);
    if (wanted?.body === "") expect(body).toBeNull();
    if (wanted?.json === undefined) return;
    const shape = JSON.parse(body ?? "");
    if (vector?.secret === null && provider === "zoom") {
      expect(Object.keys(shape)).toEqual(Object.keys(wanted.json));
    } else {
      expect(shape).toEqual(wanted.json);
    }
  });
});
