import { describe, expect, it } from "vitest";
import { readSettings } from "./settings.ts";
import { providerNamed } from "./test-delivery.fixture.ts";

/** The fields that are refused, or what was read. */
function read(provider: string, given: Record<string, unknown>) {
  const result = readSettings(providerNamed(provider), given);
  return result.ok ? result.value : result.refusal.map(({ loc }) => loc.join("."));
}

const HMAC = { header: "X-Sig" };

describe("readSettings", () => {
  it.each([
    ["hmac", HMAC],
    [
      "hmac",
      { ...HMAC, algorithm: "sha512", encoding: "base64", prefix: "sha512=", id_header: "X-Id" },
    ],
    [
      "hmac",
      { ...HMAC, signed: "v0:{timestamp}:{body}", timestamp_header: "X-T", tolerance_seconds: 5 },
    ],
    ["hmac", { ...HMAC, signed: "{address}{body}{id}", id_header: "X-Id" }],
    ["token", { header: "X-Token" }],
    ["token", { header: "Authorization", prefix: "Bearer " }],
    ["token", { query: "token", id_header: "X-Id" }],
    ["basic", { username: "zoe" }],
    ["none", {}],
    ["none", { id_header: "X-Id" }],
    ["github", {}],
    ["paddle", { tolerance_seconds: 5 }],
    ["stripe", { tolerance_seconds: 86_400 }],
  ])("of %s takes %j", (provider, given) => {
    expect(read(provider, given)).toEqual(given);
  });

  it("leaves other fields of a source alone, and what is null", () => {
    const given = { provider: "hmac", secret: "s", header: "X-Sig", prefix: null, events: ["a"] };
    expect(read("hmac", given)).toEqual(HMAC);
  });

  it.each([
    ["hmac", {}, ["body.header"]],
    ["hmac", { header: 5 }, ["body.header"]],
    ["hmac", { header: "" }, ["body.header"]],
    ["hmac", { header: "X Sig" }, ["body.header"]],
    ["hmac", { ...HMAC, algorithm: "md5" }, ["body.algorithm"]],
    ["hmac", { ...HMAC, encoding: "base32" }, ["body.encoding"]],
    ["hmac", { ...HMAC, timestamp_header: "X-T" }, ["body.timestamp_header"]],
    ["hmac", { ...HMAC, signed: "{timestamp}{body}" }, ["body.timestamp_header"]],
    [
      "hmac",
      { ...HMAC, signed: "{timestamp}{body}", timestamp_header: "x-sig" },
      ["body.timestamp_header"],
    ],
    ["hmac", { ...HMAC, tolerance_seconds: 5 }, ["body.tolerance_seconds"]],
    ["hmac", { ...HMAC, signed: "{id}{body}" }, ["body.id_header"]],
    ["hmac", { ...HMAC, signed: "{address}" }, ["body.signed"]],
    ["hmac", { ...HMAC, signed: "" }, ["body.signed"]],
    ["hmac", { ...HMAC, signed: "{body}{body}" }, ["body.signed"]],
    ["hmac", { ...HMAC, signed: "{secret}{body}" }, ["body.signed"]],
    ["hmac", { ...HMAC, query: "q" }, ["body.query"]],
    ["hmac", { ...HMAC, username: "zoe" }, ["body.username"]],
    ["token", {}, ["body.header"]],
    ["token", { header: "X", query: "q" }, ["body.query"]],
    ["token", { query: "q", prefix: "Bearer " }, ["body.prefix"]],
    [
      "token",
      { query: "q", algorithm: "sha1", signed: "{body}" },
      ["body.algorithm", "body.signed"],
    ],
    ["basic", {}, ["body.username"]],
    ["basic", { username: "" }, ["body.username"]],
    ["basic", { username: "a:b" }, ["body.username"]],
    ["none", { header: "X" }, ["body.header"]],
    ["github", { header: "X" }, ["body.header"]],
    ["github", { tolerance_seconds: 5 }, ["body.tolerance_seconds"]],
    ["stripe", { tolerance_seconds: 0 }, ["body.tolerance_seconds"]],
    ["stripe", { tolerance_seconds: 86_401 }, ["body.tolerance_seconds"]],
    ["stripe", { tolerance_seconds: 1.5 }, ["body.tolerance_seconds"]],
    ["stripe", { tolerance_seconds: "5" }, ["body.tolerance_seconds"]],
    ["stripe", { tolerance_seconds: Number.NaN }, ["body.tolerance_seconds"]],
  ])("of %s refuses %j and names the field", (provider, given, fields) => {
    expect(read(provider, given)).toEqual(fields);
  });
});

describe("secretProblem", () => {
  const KEY = "c5568d0facd66bddee281dcb9c8ac02e169c5c20741b215b2539a96bb183c5d6";
  const EC =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQ4LIFtWztlsF7skFqOncjD1lun4H5w8XOhyOArHW9RcIx/FfEzx6cikC/yPfUvwaX/JScE7Fc9CJD2afQ9Ok3Q==";

  it.each([
    ["github", "s", true],
    ["github", "", false],
    ["github", undefined, false],
    ["hmac", undefined, false],
    ["token", undefined, false],
    ["basic", undefined, false],
    ["none", undefined, true],
    ["none", "s", false],
    ["telegram", "a-B_9", true],
    ["telegram", "a b", false],
    ["telegram", "a".repeat(257), false],
    ["telegram", undefined, false],
    ["discord", KEY, true],
    ["discord", KEY.slice(1), false],
    ["discord", undefined, false],
    ["sendgrid", EC, true],
    ["sendgrid", EC.slice(4), false],
    ["sendgrid", "not a key", false],
    ["standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true],
    ["standard-webhooks", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true],
    ["standard-webhooks", `whpk_${btoa("x".repeat(32))}`, true],
    ["standard-webhooks", `whpk_${btoa("x".repeat(31))}`, false],
    ["standard-webhooks", "whsec_not base64", false],
    ["standard-webhooks", "whsec_", false],
    ["standard-webhooks", undefined, false],
    ["svix", "whsec_MfKQ", true],
    ["gitlab", "any token", true],
    ["gitlab", "whsec_ %", false],
    ["gitlab", undefined, false],
  ])("of %s takes %j: %s", (provider, secret, taken) => {
    expect(providerNamed(provider).secretProblem(secret) === undefined).toBe(taken);
  });
});
