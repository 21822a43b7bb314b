import { Buffer } from "node:buffer";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { deriveKey } from "../derived-key.ts";
import { createLinks, type FilePlace } from "./link.ts";

const SECRET = "a secret of thirty-two bytes, or more";
const OLD_SECRET = "the secret that was before this one";
const ORIGIN = "https://inlet.test";
const UPLOADED_AT = Date.parse("2026-11-22T10:00:00.999Z");
const DAYS_30 = 30 * 24 * 60 * 60;
const EXPIRES_AT = (Math.floor(UPLOADED_AT / 1000) + DAYS_30) * 1000;

const place: FilePlace = { key: "files/org-1/upload-1/1", name: "a b.pdf" };
const SUBJECT = "files/org-1/upload-1/1/a b.pdf";
const links = createLinks([SECRET]);
const key = deriveKey(SECRET, "links");

async function sign(at: FilePlace = place, by = links): Promise<string> {
  const url = new URL(await by.sign(ORIGIN, at, UPLOADED_AT));
  return url.searchParams.get("token") ?? "";
}

/** A token as somebody else might make it. */
function forged(payload: JWTPayload, signer: Parameters<SignJWT["sign"]>[0] = key, alg = "HS256") {
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(signer);
}

const claims = { sub: SUBJECT, exp: EXPIRES_AT / 1000 };

function base64url(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString("base64url");
}

describe("a link", () => {
  it("ends in the file's name, percent-encoded, with its token behind", async () => {
    const link = await links.sign(ORIGIN, { ...place, name: "ü/?#%&'☕.txt" }, UPLOADED_AT);
    const [path] = link.split("?token=");
    expect(path).toBe(`${ORIGIN}/${place.key}/%C3%BC%2F%3F%23%25%26'%E2%98%95.txt`);
    expect(new URL(link).hash).toBe("");
  });

  it("opens its file", async () => {
    expect(await links.check(await sign(), place, UPLOADED_AT)).toBe("valid");
  });

  it("opens it for exactly 30 days", async () => {
    const token = await sign();
    expect(await links.check(token, place, EXPIRES_AT - 1)).toBe("valid");
    expect(await links.check(token, place, EXPIRES_AT)).toBe("expired");
    expect(await links.check(token, place, EXPIRES_AT + 1000)).toBe("expired");
  });

  it("opens it after the secret has changed, while the previous one is known", async () => {
    const token = await sign(place, createLinks([OLD_SECRET]));
    const [both, present] = [createLinks([SECRET, OLD_SECRET]), createLinks([SECRET])];
    expect(await both.check(token, place, UPLOADED_AT)).toBe("valid");
    expect(await both.check(token, place, EXPIRES_AT)).toBe("expired");
    expect(await present.check(token, place, UPLOADED_AT)).toBe("invalid");
  });

  it("is signed with the present secret", async () => {
    const token = await sign(place, createLinks([SECRET, OLD_SECRET]));
    expect(await createLinks([SECRET]).check(token, place, UPLOADED_AT)).toBe("valid");
  });

  it.each<[string, FilePlace]>([
    ["the next file", { ...place, key: "files/org-1/upload-1/2" }],
    ["the same file of another upload", { ...place, key: "files/org-1/upload-2/1" }],
    ["the same file of another organisation", { ...place, key: "files/org-2/upload-1/1" }],
    ["the same file under another name", { ...place, name: "a b.html" }],
    ["the same file without a name", { ...place, name: "" }],
    ["a file below it", { key: `${place.key}/a b.pdf`, name: "x" }],
    ["its folder", { key: "files/org-1/upload-1", name: "1" }],
  ])("does not open %s", async (_, other) => {
    expect(await links.check(await sign(), other, UPLOADED_AT)).toBe("invalid");
    // Nor is it said when it would have ended.
    expect(await links.check(await sign(), other, EXPIRES_AT)).toBe("invalid");
  });
});

describe("a token that somebody else made", () => {
  let rsa: CryptoKey;
  let publicText: string;

  beforeAll(async () => {
    const pair = await generateKeyPair("RS256", { extractable: true });
    rsa = pair.privateKey;
    publicText = JSON.stringify(await exportJWK(pair.publicKey));
  });

  it("opens nothing without a signature", async () => {
    const none = `${base64url({ alg: "none" })}.${base64url(claims)}.`;
    const [, , signature] = (await sign()).split(".");
    expect(await links.check(none, place, UPLOADED_AT)).toBe("invalid");
    expect(await links.check(`${none}${signature}`, place, UPLOADED_AT)).toBe("invalid");
  });

  it.each<[string, () => Promise<string>]>([
    ["of another key", () => forged(claims, new TextEncoder().encode("x".repeat(32)))],
    ["of the secret itself", () => forged(claims, new TextEncoder().encode(SECRET))],
    ["of a key for another purpose", () => forged(claims, deriveKey(SECRET, "accepted-keys"))],
    ["of the algorithm HS512", () => forged(claims, Buffer.concat([key, key]), "HS512")],
    ["of the algorithm HS384", () => forged(claims, Buffer.concat([key, key]), "HS384")],
    ["of the algorithm RS256", () => forged(claims, rsa, "RS256")],
    ["of RS256's public key", () => forged(claims, new TextEncoder().encode(publicText))],
  ])("opens nothing with a signature %s", async (_, make) => {
    expect(await links.check(await make(), place, UPLOADED_AT)).toBe("invalid");
  });

  it.each<[string, JWTPayload]>([
    ["no subject", { exp: claims.exp }],
    ["a folder for its subject", { ...claims, sub: "files/org-1/upload-1" }],
    ["a folder with a slash for its subject", { ...claims, sub: "files/org-1/upload-1/" }],
    ["everything for its subject", { ...claims, sub: "*" }],
    ["no end", { sub: SUBJECT }],
    ["a beginning that is to come", { ...claims, nbf: claims.exp - 1 }],
  ])("opens nothing with %s, though our key has signed it", async (_, payload) => {
    expect(await links.check(await forged(payload), place, UPLOADED_AT)).toBe("invalid");
  });

  it.each([
    ["nothing", ""],
    ["dots", ".."],
    ["no token", "abc"],
    ["what is not Base64", "ä.ö.ü"],
    ["JSON", JSON.stringify(claims)],
    ["100,000 characters", "a".repeat(100_000)],
  ])("opens nothing where it is %s", async (_, token) => {
    expect(await links.check(token, place, UPLOADED_AT)).toBe("invalid");
  });

  it("opens nothing written otherwise, though it means the same", async () => {
    const token = await sign();
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(token.at(-1) ?? "");
    const twins = [1, 2, 3].map((bits) => token.slice(0, -1) + alphabet[last + bits]);
    const altered = [...twins, `${token}=`, `${token}\n`, `${token} `, token.replace(".", ". ")];
    const states = await Promise.all(altered.map((one) => links.check(one, place, UPLOADED_AT)));
    expect(states).toEqual(altered.map(() => "invalid"));
  });

  it("opens nothing with a byte more, less or other", async () => {
    const token = await sign();
    const [head = "", payload = "", signature = ""] = token.split(".");
    const later = base64url({ ...claims, exp: claims.exp + 1 });
    const altered = [
      `${token}x`,
      token.slice(0, -1),
      `${head}.${later}.${signature}`,
      `${base64url({ alg: "HS256", crit: ["x"], x: 1 })}.${payload}.${signature}`,
      `${head}.${payload}.`,
      `${head}.${payload}`,
    ];
    const states = await Promise.all(altered.map((one) => links.check(one, place, UPLOADED_AT)));
    expect(states).toEqual(altered.map(() => "invalid"));
  });
});
