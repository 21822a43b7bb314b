import { describe, expect, it } from "vitest";
import { ADDRESS, type Signer, signers } from "./signers.fixture.ts";
import { prove } from "./test-delivery.fixture.ts";

const NOW = 1_700_000_000;

interface Changed {
  readonly headers?: Record<string, string> | Headers;
  readonly body?: string;
  readonly secrets?: readonly string[];
  readonly now?: number;
}

function proven(signer: Signer, changed: Changed = {}) {
  const { provider, secret, body, settings = {} } = signer;
  return prove({
    provider,
    settings,
    address: ADDRESS,
    headers: signer.headers(body, secret, NOW),
    secrets: [secret],
    body,
    now: NOW,
    ...changed,
  });
}

/** The same delivery with its signature rewritten. */
function withSignature(signer: Signer, rewrite: (signature: string) => string) {
  const headers = signer.headers(signer.body, signer.secret, NOW);
  return proven(signer, {
    headers: { ...headers, [signer.header]: rewrite(headers[signer.header] ?? "") },
  });
}

/** The last digit of a hex or base64 signature, before its padding. */
function withLastDigit(signature: string, rewrite: (digit: string) => string): string {
  const changed = signature.replace(
    /([0-9a-zA-Z+/])((?:=*$)|(?:,v0=abc$))/,
    (_, digit: string, end: string) => rewrite(digit) + end,
  );
  expect(changed).not.toBe(signature);
  return changed;
}

const named = signers.map((signer) => [`${signer.provider} ${signer.way ?? ""}`, signer] as const);
const timed = named.filter(([, { toleranceSeconds }]) => toleranceSeconds !== undefined);
const wholeBody = named.filter(([, { isToken }]) => isToken !== true);

describe.each(named)("a proof of %s", (_name, signer) => {
  const { secret, otherSecret, body, header } = signer;

  it("is taken when it is right", () => {
    expect(proven(signer)).toMatchObject({ ok: true, value: { secret } });
  });

  it("is taken under any secret that counts, and says which", () => {
    const secrets = [otherSecret, secret];
    expect(proven(signer, { secrets })).toMatchObject({ ok: true, value: { secret } });
  });

  it.each([
    ["another secret", [otherSecret]],
    ["no secret at all", []],
  ])("is refused under %s", (_case, secrets) => {
    expect(proven(signer, { secrets }).ok).toBe(false);
  });

  it("is refused without a signature, and with an empty one", () => {
    const { [header]: _, ...headers } = signer.headers(body, secret, NOW);
    expect(proven(signer, { headers })).toEqual({ ok: false, refusal: "missing" });
    expect(withSignature(signer, () => "")).toEqual({ ok: false, refusal: "missing" });
  });

  it("is refused if it came twice", () => {
    const headers = new Headers(signer.headers(body, secret, NOW));
    headers.append(header, headers.get(header) ?? "");
    expect(proven(signer, { headers }).ok).toBe(false);
  });

  it.each([
    ["a digit too long", (text: string) => withLastDigit(text, (digit) => `${digit}0`)],
    ["a digit too short", (text: string) => withLastDigit(text, () => "")],
    [
      "with another last digit",
      (text: string) => withLastDigit(text, (digit) => (digit === "0" ? "1" : "0")),
    ],
    ["with something that is no digit", (text: string) => withLastDigit(text, () => "!")],
    ["that is only its prefix", (text: string) => text.slice(0, 3)],
    ["as a long line of letters", () => "x".repeat(5_000)],
  ])("is refused %s", (_case, rewrite) => {
    expect(withSignature(signer, rewrite).ok).toBe(false);
  });

  it("is refused in capitals, unless any sender's spelling counts", () => {
    const isHexOfAnySender = signer.way === "the body";
    expect(withSignature(signer, (text) => text.toUpperCase()).ok).toBe(isHexOfAnySender);
  });
});

describe.each(wholeBody)("a body that %s signed", (_name, signer) => {
  const { secret, body } = signer;

  it.each([
    ["is another", '{"a": 2}'],
    ["has lost a blank", body.replace(/[ +]/, "")],
    ["has one more line feed", `${body}\n`],
    ["is empty", ""],
    ["is cut off", body.slice(0, -1)],
  ])("is refused when it %s", (_case, changed) => {
    expect(proven(signer, { body: changed }).ok).toBe(false);
  });

  it("need not be JSON", () => {
    const odd = "\u0000{not json";
    const headers = signer.headers(odd, secret, NOW);
    const isBodyRead = signer.provider === "twilio";
    expect(proven(signer, { headers, body: odd }).ok).toBe(true);
    expect(isBodyRead || proven(signer, { headers, body: `${odd} ` }).ok).toBe(isBodyRead);
  });
});

describe.each(timed)("the time of %s", (_name, signer) => {
  const { toleranceSeconds = 0, secret, body, settings = {}, timeHeader } = signer;

  it("is taken at its tolerance on either side, and refused past it", () => {
    expect(proven(signer, { now: NOW + toleranceSeconds }).ok).toBe(true);
    expect(proven(signer, { now: NOW - toleranceSeconds }).ok).toBe(true);
    const stale = { ok: false, refusal: "stale" };
    expect(proven(signer, { now: NOW + toleranceSeconds + 1 })).toEqual(stale);
    expect(proven(signer, { now: NOW - toleranceSeconds - 1 })).toEqual(stale);
  });

  it("has the tolerance that the source sets", () => {
    const strict = { ...signer, settings: { ...settings, tolerance_seconds: 2 } };
    expect(proven(strict, { now: NOW + 2 }).ok).toBe(true);
    expect(proven(strict, { now: NOW + 3 }).ok).toBe(false);
  });

  it.each(["", "soon", "NaN", "1e9", "-1", "+1700000000", "1700000000.5", " 1", "0x10"])(
    "is refused as %j",
    (time) => {
      const headers = signer.headers(body, secret, NOW);
      const rewritten = Object.entries(headers).map(([name, value]) => [
        name,
        value.replaceAll(String(NOW), time),
      ]);
      const isInHeader = timeHeader !== undefined || JSON.stringify(headers).includes(String(NOW));
      expect(isInHeader).toBe(true);
      expect(() => proven(signer, { headers: Object.fromEntries(rewritten) })).not.toThrow();
      expect(proven(signer, { headers: Object.fromEntries(rewritten) }).ok).toBe(false);
    },
  );
});
