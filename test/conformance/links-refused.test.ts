import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { deriveKey } from "../../src/derived-key.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { send } from "../support/http.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { testSecrets } from "../support/worker-options.ts";

const SECRET = testSecrets.GATEWAY_SECRET;
const NEW_SECRET = "another secret, of thirty-two bytes or more";
const INVALID = refusal(403, "link_invalid", "Invalid link");
const EXPIRED = refusal(403, "link_expired", "This link has expired");

let gateway: Gateway;
let links: readonly string[];

async function upload(to: Gateway): Promise<string[]> {
  const file = { name: "f", filename: "a b.txt", content: "Hello" };
  const answer = await send(`${to.url}/?agent_id=echo&getter=result.files&x-api-key=test-key`, {
    headers: { "content-type": MULTIPART_TYPE },
    body: multipart([file, file]),
  });
  return (JSON.parse(answer.text) as { url: string }[]).map(({ url }) => url);
}

beforeAll(async () => {
  gateway = await startGateway();
  links = await upload(gateway);
});
afterAll(() => gateway.stop());

function link(n: 0 | 1 = 0): URL {
  return new URL(links[n] ?? "");
}

function withToken(token: string): URL {
  const url = link();
  url.searchParams.set("token", token);
  return url;
}

async function get(url: URL | string, method = "GET") {
  return refusalOf(await send(String(url), { method }));
}

/** A token for the first file that ends so many seconds from now. */
function tokenFor(
  seconds: number,
  key: Uint8Array = deriveKey(SECRET, "links"),
  path = decodeURIComponent(link().pathname.slice(1)),
) {
  const exp = Math.floor(Date.now() / 1000) + seconds;
  return new SignJWT({ sub: path, exp }).setProtectedHeader({ alg: "HS256" }).sign(key);
}

const base64url = (json: object) => Buffer.from(JSON.stringify(json)).toString("base64url");

describe("a link that opens nothing", () => {
  it.each<[string, () => URL | Promise<URL>]>([
    ["without a token", () => new URL(link().pathname, link())],
    ["with an empty token", () => withToken("")],
    ["with another file's token", () => withToken(link(1).searchParams.get("token") ?? "")],
    [
      "with a token that lacks its end",
      () => withToken((link().searchParams.get("token") ?? "").slice(0, -2)),
    ],
    [
      "with a token without a signature",
      () =>
        withToken(
          `${base64url({ alg: "none" })}.${base64url({ sub: decodeURIComponent(link().pathname.slice(1)), exp: 4e9 })}.`,
        ),
    ],
    ["with a token of another key", async () => withToken(await tokenFor(60, new Uint8Array(32)))],
    [
      "with a token of the secret itself",
      async () => withToken(await tokenFor(60, Buffer.from(SECRET))),
    ],
    [
      "with a token for its folder",
      async () =>
        withToken(await tokenFor(60, undefined, link().pathname.split("/").slice(1, -2).join("/"))),
    ],
    ["with a token for all", async () => withToken(await tokenFor(60, undefined, "files/"))],
    ["under another name", () => new URL(String(link()).replace("a%20b.txt", "a%20b.html"))],
    [
      "under a name in another case",
      () => new URL(String(link()).replace("a%20b.txt", "A%20b.txt")),
    ],
    ["of another number", () => new URL(String(link()).replace("/1/", "/2/"))],
    ["of another organisation", () => new URL(String(link()).replace("/local/", "/org-1/"))],
    ["with a slash in a segment", () => new URL(String(link()).replace("/1/", "%2F1/x/"))],
  ])("is invalid: %s", async (_, make) => {
    const url = await make();
    expect(await get(url)).toEqual(INVALID);
    const { status, text } = await send(String(url), { method: "HEAD" });
    expect([status, text]).toEqual([403, ""]);
  });

  it("says nothing of whether a file is there", async () => {
    const nowhere = `${gateway.url}/files/local/nowhere/1/a.txt?token=${await tokenFor(60, new Uint8Array(32))}`;
    expect(await get(nowhere)).toEqual(INVALID);
  });

  it("has expired", async () => {
    expect(await get(withToken(await tokenFor(-1)))).toEqual(EXPIRED);
    expect((await send(String(withToken(await tokenFor(5))), { method: "GET" })).text).toBe(
      "Hello",
    );
  });

  it("has expired, and is of another file", async () => {
    const other = new URL(String(withToken(await tokenFor(-1))).replace("/1/", "/2/"));
    expect(await get(other)).toEqual(INVALID);
  });

  it("is valid, of a file that is gone", async () => {
    const path = "files/local/gone/1/a.txt";
    const url = `${gateway.url}/${path}?token=${await tokenFor(60, undefined, path)}`;
    const gone = refusal(404, "not_found", "Not found");
    expect(await get(url)).toEqual(gone);
    expect(refusalOf(await send(url, { method: "GET", headers: { range: "bytes=0-1" } }))).toEqual(
      gone,
    );
    expect(
      refusalOf(await send(url, { method: "GET", headers: { "if-none-match": "*" } })),
    ).toEqual(gone);
  });

  it.each(["/files", "/files/", "/files/local/x/1", "/files/local/x/1/a/b", "/files/local/x/1/"])(
    "is none at all: %s",
    async (path) => {
      expect((await get(gateway.url + path)).status).toBe(404);
    },
  );

  it("ends 30 days after its upload, to the second", async () => {
    const [, payload = ""] = (link().searchParams.get("token") ?? "").split(".");
    const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp: number };
    const days = (exp - Date.now() / 1000) / (24 * 60 * 60);
    expect(days).toBeLessThanOrEqual(30);
    expect(days).toBeGreaterThan(30 - 1 / 24);
  });
});

/** The same link, where the gateway listens now. */
function moved(url: string, to: Gateway): string {
  return url.replace(/^http:\/\/[^/]+/, to.url);
}

describe("after the secret has changed", () => {
  it("a link opens while the previous secret is known, and not after", async () => {
    const persistTo = mkdtempSync(join(tmpdir(), "inlet-"));
    onTestFinished(() => rmSync(persistTo, { recursive: true, force: true }));
    const restart = async (vars: Record<string, string>) => {
      const started = await startGateway({ persistTo, vars });
      onTestFinished(() => started.stop());
      return started;
    };

    const before = await restart({});
    const [old = ""] = await upload(before);
    await before.stop();

    const both = await restart({ GATEWAY_SECRET: NEW_SECRET, GATEWAY_SECRET_PREVIOUS: SECRET });
    expect(await send(moved(old, both), { method: "GET" })).toMatchObject({
      status: 200,
      text: "Hello",
    });
    const [young = ""] = await upload(both);
    await both.stop();

    const after = await restart({ GATEWAY_SECRET: NEW_SECRET });
    expect(await get(moved(old, after))).toEqual(INVALID);
    expect(await send(moved(young, after), { method: "GET" })).toMatchObject({
      status: 200,
      text: "Hello",
    });
  });
});
