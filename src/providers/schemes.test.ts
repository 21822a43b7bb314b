import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signers } from "./signers.fixture.ts";
import { prove, type TestDelivery } from "./test-delivery.fixture.ts";

const NOW = 1_700_000_000;
const ADDRESS = "https://in.example/hooks/a/s";

function hex(secret: string, text: string, algorithm = "sha256"): string {
  return createHmac(algorithm, secret).update(text).digest("hex");
}

function base64(secret: string | Uint8Array, text: string, algorithm = "sha256"): string {
  return createHmac(algorithm, secret).update(text).digest("base64");
}

const WRONG = "0".repeat(64);

function isProven(delivery: TestDelivery): boolean {
  return prove({ secrets: ["s"], now: NOW, address: ADDRESS, ...delivery }).ok;
}

describe("a list of signatures", () => {
  const right = hex("s", `${NOW}.b`);
  const paddle = hex("s", `${NOW}:b`);
  const std = base64(Buffer.from("MfKQ", "base64"), `i.${NOW}.b`);
  const other = Buffer.alloc(32).toString("base64");

  it.each([
    ["stripe", `t=${NOW},v1=${WRONG},v1=${right}`, true],
    ["stripe", `v1=${right},t=${NOW}`, true],
    ["stripe", `t=${NOW},v1=${WRONG},v1=${WRONG}`, false],
    ["stripe", `t=${NOW},v0=${right}`, false],
    ["stripe", `t=${NOW},t=${NOW},v1=${right}`, false],
    ["stripe", `t=${NOW},v1=${right},v1=`, false],
    ["stripe", `v1=${right}`, false],
    ["paddle", `ts=${NOW};h1=${WRONG};h1=${paddle}`, true],
    ["paddle", `ts=${NOW};h1=${WRONG}`, false],
    ["paddle", `ts=${NOW},h1=${paddle}`, false],
  ])("of %s %s is taken: %s", (provider, list, taken) => {
    const headers = { [`${provider}-signature`]: list };
    expect(isProven({ provider, headers, body: "b" })).toBe(taken);
  });

  it.each([
    [`v1,${std}`, true],
    [`v1,${other} v1,${std}`, true],
    [`v2,abcd v1,${std}`, true],
    [`v1a,${Buffer.alloc(64).toString("base64")} v1,${std}`, true],
    [`v1,${other}`, false],
    [`v2,${std}`, false],
    [`v1,${std} `, false],
    [`v1,${std.replace("=", "")}`, false],
    [std, false],
  ])("of Standard Webhooks %s is taken: %s", (list, taken) => {
    const headers = {
      "webhook-id": "i",
      "webhook-timestamp": `${NOW}`,
      // A blank at its end would be taken off a real header.
      "webhook-signature": list,
    };
    const lookup = { get: (name: string) => new Map(Object.entries(headers)).get(name) ?? null };
    expect(
      isProven({ provider: "standard-webhooks", headers: lookup, body: "b", secrets: ["MfKQ"] }),
    ).toBe(taken);
  });

  it.each([
    [`v1=${WRONG},v1=${hex("s", "b")}`, true],
    [`v2=ab,v1=${hex("s", "b")}`, true],
    [`v1=${WRONG},v1=${WRONG}`, false],
    [`v1=${hex("s", "b")},v1=`, false],
    [`v2=${hex("s", "b")}`, false],
  ])("of PagerDuty %s is taken: %s", (list, taken) => {
    const headers = { "x-pagerduty-signature": list };
    expect(isProven({ provider: "pagerduty", headers, body: "b" })).toBe(taken);
  });

  it("is not mixed of two sets of names", () => {
    const headers = {
      "webhook-id": "i",
      "svix-timestamp": `${NOW}`,
      "svix-signature": `v1,${std}`,
      "svix-id": "i",
    };
    expect(isProven({ provider: "svix", headers, body: "b", secrets: ["MfKQ"] })).toBe(false);
  });
});

describe("jira's method", () => {
  it.each([
    ["sha256", true],
    ["sha512", true],
    ["sha1", false],
    ["md5", false],
    ["SHA256", false],
    ["sha384", false],
  ])("%s is taken: %s", (method, taken) => {
    const signature = `${method}=${hex("s", "b", method.toLowerCase())}`;
    expect(
      isProven({ provider: "jira", headers: { "x-hub-signature": signature }, body: "b" }),
    ).toBe(taken);
  });
});

function asLinear(body: string, more: Record<string, string> = {}) {
  return { provider: "linear", headers: { "linear-signature": hex("s", body), ...more }, body };
}

describe("linear's time", () => {
  it.each([
    [NOW * 1_000, true],
    [NOW * 1_000 - 60_000, true],
    [NOW * 1_000 + 60_000, true],
    [NOW * 1_000 - 60_001, false],
    [NOW * 1_000 + 60_001, false],
    [NOW, false],
    ["soon", false],
    [`${NOW * 1_000}`, false],
    [null, false],
    [-1, false],
    [{}, false],
  ])("%j is taken: %s", (webhookTimestamp, taken) => {
    expect(isProven(asLinear(JSON.stringify({ webhookTimestamp })))).toBe(taken);
  });

  it("is not read from the header of the same name", () => {
    const fresh = { "linear-timestamp": `${NOW * 1_000}`, webhooktimestamp: `${NOW * 1_000}` };
    expect(isProven(asLinear(`{"webhookTimestamp":${(NOW - 900) * 1_000}}`, fresh))).toBe(false);
    expect(isProven(asLinear("{}", fresh))).toBe(false);
    expect(isProven(asLinear("no json", fresh))).toBe(false);
  });
});

function asMailgun(signature: object, event = "opened") {
  const body = JSON.stringify({ signature, "event-data": { event } });
  return { provider: "mailgun", body };
}

describe("mailgun's proof", () => {
  const token = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0";

  function signed(time: string, by = "s", named = token) {
    return { timestamp: time, token: named, signature: hex(by, `${time}${named}`) };
  }

  it.each([
    ["right", signed(`${NOW}`), true],
    ["by another secret", signed(`${NOW}`, "t"), false],
    ["stale", signed(`${NOW - 301}`), false],
    ["at its tolerance", signed(`${NOW + 300}`), true],
    ["from the future", signed(`${NOW + 301}`), false],
    [
      "in capitals",
      { ...signed(`${NOW}`), signature: signed(`${NOW}`).signature.toUpperCase() },
      false,
    ],
    ["of a time that is no number", signed("soon"), false],
    ["without a token", { ...signed(`${NOW}`), token: undefined }, false],
    ["without a signature", { ...signed(`${NOW}`), signature: "" }, false],
    ["with a list for a signature", { ...signed(`${NOW}`), signature: [WRONG] }, false],
    ["with a digit moved from token to time", signed(`${NOW}1`, "s", "x"), false],
  ])("%s is taken or not", (_case, signature, taken) => {
    expect(isProven(asMailgun(signature))).toBe(taken);
  });

  it("gives its token out with a hash of the body, since it covers no event", () => {
    const good = asMailgun(signed(`${NOW}`));
    const result = prove({ ...good, secrets: ["s"], now: NOW });
    const bodyHash = createHash("sha256").update(good.body).digest("hex");
    expect(result).toEqual({ ok: true, value: { secret: "s", claim: { token, bodyHash } } });
    const forged = prove({ ...asMailgun(signed(`${NOW}`), "FORGED"), secrets: ["s"], now: NOW });
    expect(forged.ok && forged.value.claim?.bodyHash).not.toBe(bodyHash);
  });

  it("is found among a form's fields, as of mail that came in", () => {
    const form = new URLSearchParams({ ...signed(`${NOW}`), "body-plain": "Hello" });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect(isProven({ provider: "mailgun", headers, body: form.toString() })).toBe(true);
    expect(isProven({ provider: "mailgun", headers, body: `${form.toString()}&token=other` })).toBe(
      false,
    );
  });
});

function asTwilio(address: string, text: string, body = ""): TestDelivery {
  const headers = { "x-twilio-signature": base64("s", text, "sha1") };
  return { provider: "twilio", address, headers, body };
}

describe("twilio's proof", () => {
  it.each([
    ["https://x.example/a", "https://x.example/a"],
    ["https://x.example/a", "https://x.example:443/a"],
    ["https://x.example:8443/a?b=c", "https://x.example/a?b=c"],
    ["https://x.example:8443/a?b=c", "https://x.example:8443/a?b=c"],
    ["http://[::1]:8787/a", "http://[::1]/a"],
    ["http://[::1]/a", "http://[::1]:80/a"],
  ])("of %s may be signed as %s", (address, signed) => {
    expect(isProven(asTwilio(address, signed))).toBe(true);
  });

  it("sorts repeated fields and leaves doubles out", () => {
    const body = "b=2&a=z&a=x&a=z&B=1";
    expect(isProven(asTwilio(ADDRESS, `${ADDRESS}B1axazb2`, body))).toBe(true);
    expect(isProven(asTwilio(ADDRESS, `${ADDRESS}B1axazazb2`, body))).toBe(false);
  });

  it("takes JSON whose hash is in the signed address, and no other", () => {
    const body = '{"a":1}';
    const address = `${ADDRESS}?bodySHA256=${createHash("sha256").update(body).digest("hex")}`;
    expect(isProven(asTwilio(address, address, body))).toBe(true);
    expect(isProven(asTwilio(address, address, '{"a":2}'))).toBe(false);
    expect(isProven(asTwilio(ADDRESS, ADDRESS, body))).toBe(false);
  });

  it("takes no form of more fields than a sender has, and one at the limit", () => {
    const many = Array.from({ length: 1_001 }, () => "a=1").join("&");
    expect(isProven(asTwilio(ADDRESS, `${ADDRESS}a1`, many.slice(4)))).toBe(true);
    expect(isProven(asTwilio(ADDRESS, `${ADDRESS}a1`, many))).toBe(false);
  });
});

describe("gitlab's proof", () => {
  const signing = `whsec_${Buffer.from("key").toString("base64")}`;
  const headers = {
    "webhook-id": "i",
    "webhook-timestamp": `${NOW}`,
    "webhook-signature": `v1,${base64("key", `i.${NOW}.b`)}`,
  };

  it("is the token where the source knows no signing token", () => {
    const both = { ...headers, "x-gitlab-token": "t" };
    expect(isProven({ provider: "gitlab", headers: both, secrets: ["t"], body: "b" })).toBe(true);
  });

  it("is the signature where it does: a signing token is never sent itself", () => {
    expect(isProven({ provider: "gitlab", headers, secrets: [signing], body: "b" })).toBe(true);
    const sent = { "x-gitlab-token": signing };
    expect(isProven({ provider: "gitlab", headers: sent, secrets: [signing] })).toBe(false);
  });

  it("is either while one replaces the other", () => {
    const secrets = [signing, "t"];
    expect(isProven({ provider: "gitlab", headers, secrets, body: "b" })).toBe(true);
    expect(isProven({ provider: "gitlab", headers: { "x-gitlab-token": "t" }, secrets })).toBe(
      true,
    );
  });
});

describe("token's proof", () => {
  it.each([
    ["?k=s", true],
    ["?a=b&k=s", true],
    ["?k=s%20", false],
    ["?k=S", false],
    ["?k=s&k=s", false],
    ["?k=", false],
    ["?K=s", false],
    ["", false],
  ])("in the query %j is taken: %s", (query, taken) => {
    const address = `${ADDRESS}${query}`;
    expect(isProven({ provider: "token", settings: { query: "k" }, address })).toBe(taken);
  });
});

function asBasic(authorization: string): TestDelivery {
  const headers = { authorization };
  return { provider: "basic", settings: { username: "zoe" }, headers, secrets: ["p:w"] };
}

describe("basic's proof", () => {
  it.each([
    [`Basic ${btoa("zoe:p:w")}`, true],
    [`basic ${btoa("zoe:p:w")}`, true],
    [`Basic ${btoa("zoe:p")}`, false],
    [`Basic ${btoa("max:p:w")}`, false],
    [`Basic ${btoa("zoe:p:w\n")}`, false],
    [`Bearer ${btoa("zoe:p:w")}`, false],
    ["Basic", false],
    ["Basic ====", false],
  ])("%j is taken: %s", (text, taken) => {
    expect(isProven(asBasic(text))).toBe(taken);
  });
});

describe("hmac's proof", () => {
  const settings = { header: "x-sig", encoding: "base64" } as const;

  it.each([
    ["its padding", (text: string) => text],
    ["no padding", (text: string) => text.replaceAll("=", "")],
    ["the alphabet of addresses", (text: string) => text.replaceAll("+", "-").replaceAll("/", "_")],
  ])("takes base64 with %s", (_case, write) => {
    const headers = { "x-sig": write(base64("s", "b")) };
    expect(isProven({ provider: "hmac", settings, headers, body: "b" })).toBe(true);
  });

  it("takes bytes that are no text", () => {
    const body = new Uint8Array([0, 255, 254, 10]);
    const headers = { "x-sig": createHmac("sha256", "s").update(body).digest("base64") };
    expect(isProven({ provider: "hmac", settings, headers, body })).toBe(true);
  });
});

describe("none's proof", () => {
  it("is always good, and names no secret", () => {
    expect(prove({ provider: "none" })).toEqual({ ok: true, value: { secret: "" } });
  });
});

describe("a time that is signed without a joint", () => {
  const time = String(NOW);

  it.each([
    ["discord", "x-signature-timestamp"],
    ["sendgrid", "x-twilio-email-event-webhook-timestamp"],
  ])("of %s takes nothing from the body", (name, timeHeader) => {
    const signer = signers.find(({ provider }) => provider === name);
    const body = "[{}]";
    const headers = signer?.headers(body, signer.secret, NOW) ?? {};
    const secrets = [signer?.secret ?? ""];
    expect(isProven({ provider: name, headers, secrets, body })).toBe(true);
    const moved = { ...headers, [timeHeader]: `${time}[` };
    expect(isProven({ provider: name, headers: moved, secrets, body: "{}]" })).toBe(false);
  });
});

describe("hubspot's version", () => {
  const signed = createHash("sha256").update(`sPOST${ADDRESS}b`).digest("hex");

  it.each([
    ["v2", true],
    ["v1", false],
    ["v4", false],
    ["V2", false],
  ])("%s of what v2 signs is taken: %s", (version, taken) => {
    const headers = { "x-hubspot-signature": signed, "x-hubspot-signature-version": version };
    expect(isProven({ provider: "hubspot", headers, body: "b" })).toBe(taken);
  });

  it("is the newest one, however good an older one beside it is", () => {
    const headers = {
      "x-hubspot-signature": signed,
      "x-hubspot-signature-version": "v2",
      "x-hubspot-signature-v3": Buffer.alloc(32).toString("base64"),
      "x-hubspot-request-timestamp": String(NOW * 1_000),
    };
    expect(isProven({ provider: "hubspot", headers, body: "b" })).toBe(false);
  });
});
