import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { askSources, freshName, makeSource, putSource } from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

/** The places of what was refused. */
function places(answer: Awaited<ReturnType<typeof putSource>>): unknown[] {
  const { body } = refusalOf(answer);
  const { detail } = body as { detail: unknown };
  return Array.isArray(detail) ? detail.map(({ loc }: { loc: unknown }) => loc) : [detail];
}

const SECRET = { secret: "s-1" };
const HMAC = { provider: "hmac", header: "X-Sig", ...SECRET };
const NONE = { provider: "none" };
const GITHUB = { provider: "github", ...SECRET };
const TIMED = { ...HMAC, signed: "{timestamp}.{body}", timestamp_header: "X-Time" };

describe.concurrent("settings that cannot be", () => {
  it.each([
    ["no provider: nothing is open by omission", { secret: "s" }, "provider"],
    ["a provider that there is not", { provider: "myspace", ...SECRET }, "provider"],
    ["a provider's name in capitals", { provider: "GitHub", ...SECRET }, "provider"],
    ["a provider that is an object", { provider: { toString: 1, valueOf: 1 } }, "provider"],
    ["a provider that is a list", { provider: ["github"], ...SECRET }, "provider"],
    [
      "an address with a line break",
      { ...NONE, redirect: "https://a.example/tha\nnks" },
      "redirect",
    ],
    ["an address with NUL", { ...NONE, redirect: "https://a.example/\0" }, "redirect"],
    ["an address with a space", { ...NONE, redirect: "https://a.example/a b" }, "redirect"],
    ["an address with backslashes", { ...NONE, redirect: "https:\\\\a.example\\x" }, "redirect"],
    [
      "an address with half a character",
      { ...NONE, redirect: "https://a.example/\ud800" },
      "redirect",
    ],
    ["a version with half a character", { ...GITHUB, agent_version: "\ud800" }, "agent_version"],
    ["a token that no header can hold", { provider: "gitlab", secret: "pässword" }, "secret"],
    ["a token with a line break", { provider: "gitlab", secret: "abc\n" }, "secret"],
    ["a token with a margin", { provider: "gitlab", secret: " abc" }, "secret"],
    ["no secret", { provider: "github" }, "secret"],
    ["an empty secret", { provider: "github", secret: "" }, "secret"],
    ["a secret that is no text", { provider: "github", secret: 7 }, "secret"],
    ["a key that is none of Discord's", { provider: "discord", secret: "not-hex" }, "secret"],
    ["a key that is none of SendGrid's", { provider: "sendgrid", secret: "not-a-key" }, "secret"],
    ["a secret for nothing to prove", { ...NONE, secret: "s" }, "secret"],
    ["an HMAC without a header", { provider: "hmac", ...SECRET }, "header"],
    ["an algorithm that there is not", { ...HMAC, algorithm: "md5" }, "algorithm"],
    ["an encoding that there is not", { ...HMAC, encoding: "base32" }, "encoding"],
    ["a signed text without the body", { ...HMAC, signed: "{timestamp}" }, "signed"],
    ["a signed text with an unknown place", { ...HMAC, signed: "{body}{key}" }, "signed"],
    [
      "a signed time without a header",
      { ...HMAC, signed: "{timestamp}{body}" },
      "timestamp_header",
    ],
    ["a time that is not signed", { ...HMAC, timestamp_header: "X-T" }, "timestamp_header"],
    ["a tolerance without a time", { ...HMAC, tolerance_seconds: 60 }, "tolerance_seconds"],
    ["a tolerance below zero", { ...TIMED, tolerance_seconds: -1 }, "tolerance_seconds"],
    ["a tolerance that is no number", { ...TIMED, tolerance_seconds: "long" }, "tolerance_seconds"],
    ["a header that cannot be", { ...HMAC, header: "X Sig:" }, "header"],
    ["basic without a username", { provider: "basic", ...SECRET }, "username"],
    ["a username with a colon", { provider: "basic", username: "a:b", ...SECRET }, "username"],
    ["an algorithm of GitHub's", { ...GITHUB, algorithm: "sha1" }, "algorithm"],
    ["a header of GitHub's", { ...GITHUB, header: "X-Own" }, "header"],
    ["a username of GitHub's", { ...GITHUB, username: "zoe" }, "username"],
    ["a verify_token of GitHub's", { ...GITHUB, verify_token: "t" }, "verify_token"],
    [
      "shared conversations of nobody's",
      { ...NONE, shared_conversations: true },
      "shared_conversations",
    ],
    ["events that are no list", { ...GITHUB, events: "push" }, "events"],
    ["an empty selector", { ...GITHUB, deduplicate: { selectors: [""] } }, "deduplicate"],
    ["no selectors", { ...GITHUB, deduplicate: { selectors: [] } }, "deduplicate"],
    [
      "repeats kept for no time",
      { ...GITHUB, deduplicate: { selectors: ["a"], ttl_minutes: 0 } },
      "deduplicate",
    ],
    ["no runs a day", { ...NONE, max_runs_per_day: -1 }, "max_runs_per_day"],
    ["half a run a day", { ...NONE, max_runs_per_day: 1.5 }, "max_runs_per_day"],
    ["an origin that is none", { ...NONE, allowed_origins: ["not an origin"] }, "allowed_origins"],
    [
      "an origin with a path",
      { ...NONE, allowed_origins: ["https://a.example/b"] },
      "allowed_origins",
    ],
    ["an address that is none", { ...NONE, allowed_ips: ["300.1.1.1"] }, "allowed_ips"],
    ["a network that is none", { ...NONE, allowed_ips: ["10.0.0.0/33"] }, "allowed_ips"],
    ["a redirect that is not https", { ...NONE, redirect: "http://a.example/" }, "redirect"],
    ["a redirect to a script", { ...NONE, redirect: "javascript:alert(1)" }, "redirect"],
    ["files that are neither yes nor no", { ...NONE, files: "some" }, "files"],
    [
      "a mapping of what cannot be mapped",
      { ...NONE, params_mapping: { role: "a" } },
      "params_mapping",
    ],
    ["a mapping with no path", { ...NONE, params_mapping: { task_id: "a..b" } }, "params_mapping"],
    ["an overlap that there is not", { ...NONE, overlap: "jump" }, "overlap"],
    ["a debounce that is too long", { ...NONE, debounce: 61 }, "debounce"],
    ["a wait that is none", { ...NONE, wait: 0 }, "wait"],
    [
      "an answer that comes late and is dropped",
      { ...NONE, asynchronous: false, overlap: "drop" },
      "overlap",
    ],
    ["a debounce of a sync run", { ...NONE, asynchronous: false, debounce: 5 }, "debounce"],
    [
      "a callback to nowhere allowed",
      { ...NONE, callback_url: "https://a.example/" },
      "callback_url",
    ],
    ["a getter that is none", { ...NONE, getter: "a..b" }, "getter"],
    ["an agent_version of two lines", { ...NONE, agent_version: "a\nb" }, "agent_version"],
    ["a field that there is not", { ...GITHUB, secrets: "s" }, "secrets"],
  ])("are refused, with the field: %s", async (_, settings, field) => {
    const answer = await putSource(pair, freshName(), settings);
    expect(answer.status).toBe(422);
    const found = places(answer).map((loc) => (Array.isArray(loc) ? loc.slice(0, 2) : loc));
    expect(found).toContainEqual(["body", field]);
    expect(answer.text).not.toContain('"s-1"');
  });

  it.each(
    [
      "telegram whatsapp slack github gitlab shopify linear paddle zoom pagerduty".split(" "),
    ].flat(),
  )("are refused: an agent that %s would wait for", async (provider) => {
    const settings = { provider, ...SECRET, asynchronous: false };
    const answer = await putSource(pair, freshName(), settings);
    expect([answer.status, places(answer)]).toEqual([422, [["body", "asynchronous"]]]);
  });

  it("are refused: an agent that Discord would wait for", async () => {
    const secret = "c5568d0facd66bddee281dcb9c8ac02e169c5c20741b215b2539a96bb183c5d6";
    const settings = { provider: "discord", secret, asynchronous: false };
    const answer = await putSource(pair, freshName(), settings);
    expect([answer.status, places(answer)]).toEqual([422, [["body", "asynchronous"]]]);
  });

  it("are listed, not the first alone", async () => {
    const settings = { ...GITHUB, events: "push", redirect: "http://a.example/", wait: -1 };
    const answer = await putSource(pair, freshName(), settings);
    expect(places(answer).length).toBeGreaterThanOrEqual(3);
  });

  it("change nothing of a source that there is", async () => {
    const { name } = await makeSource(pair, { ...GITHUB, max_runs_per_day: 3 });
    expect((await putSource(pair, name, { ...GITHUB, events: 7 })).status).toBe(422);
    const shown = await askSources(pair, "GET", `/${name}`);
    expect(shown.text).toContain('"max_runs_per_day":3');
  });

  it.each([
    ["text", "hello"],
    ["a list", "[]"],
    ["half of it", '{"provider":'],
    ["nothing", ""],
  ])("are refused where the body is %s", async (_, body) => {
    const headers = { "content-type": "application/json" };
    const answer = await askSources(pair, "PUT", `/${freshName()}`, { headers, body });
    expect([400, 422]).toContain(answer.status);
    expect(refusalOf(answer).body).toEqual({ detail: expect.anything() });
  });
});

describe.concurrent("a source's name", () => {
  it.each(["a", "A-Z_09", "x".repeat(64)])("may be %s", async (name) => {
    expect((await putSource(pair, name, NONE)).status).toBe(201);
  });

  it.each(["x".repeat(65), "a.b", "a%20b", "%C3%A9", "a%2Fb"])("may not be %s", async (name) => {
    const answer = await putSource(pair, name, NONE);
    expect([404, 422]).toContain(answer.status);
  });
});

describe.concurrent("a source's owner", () => {
  const all = [
    ["PUT", "/x"],
    ["GET", "/x"],
    ["DELETE", "/x"],
    ["GET", ""],
    ["POST", "/x/retry"],
  ] as const;
  const body = JSON.stringify(NONE);
  const headers = { "content-type": "application/json" };

  it.each(all)("needs a key: %s %s", async (method, rest) => {
    const url = `${pair.gateway.url}/v1/agents/agent-1/sources${rest}`;
    const answer = await send(url, method === "PUT" ? { method, headers, body } : { method });
    expect(refusalOf(answer)).toEqual(refusal(401, "api_key_missing", "API key not specified"));
  });

  it.each(all)("needs a key that the platform knows: %s %s", async (method, rest) => {
    const sent = method === "PUT" ? { headers, body } : {};
    const answer = await askSources(pair, method, rest, { ...sent, apiKey: "wrong-key" });
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
  });

  it.each(all)("needs a right to the agent: %s %s", async (method, rest) => {
    const sent = method === "PUT" ? { headers, body } : {};
    const place = { agent: "agent-2", apiKey: "key-for-only-agent-1" };
    const answer = await askSources(pair, method, rest, { ...sent, ...place });
    expect(refusalOf(answer)).toEqual(refusal(403, "api_key_invalid", "Invalid API key"));
  });

  it.each(all)("needs an agent that there is: %s %s", async (method, rest) => {
    const sent = method === "PUT" ? { headers, body } : {};
    const answer = await askSources(pair, method, rest, { ...sent, agent: "nobody" });
    expect(refusalOf(answer)).toEqual(refusal(404, "agent_not_found", "Agent not found"));
  });

  it("sees no other organisation's sources", async () => {
    const place = { agent: "agent-shared", apiKey: "key-of-org-2" };
    const { name } = await makeSource(pair, NONE, place);
    const mine = { agent: "agent-shared", apiKey: "key-of-org-3" };
    expect((await askSources(pair, "GET", `/${name}`, mine)).status).not.toBe(200);
    expect((await askSources(pair, "DELETE", `/${name}`, mine)).status).toBeGreaterThanOrEqual(400);
    expect((await askSources(pair, "GET", `/${name}`, place)).status).toBe(200);
  });

  it("is told of another method with Allow", async () => {
    const answer = await askSources(pair, "PATCH", "/x");
    expect(answer.status).toBe(405);
    expect(answer.headers["allow"]).toMatch(/PUT/);
  });
});
