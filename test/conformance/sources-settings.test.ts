import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { githubEvent, type SourcePair, startSourcePair } from "../support/sources.ts";
import { everyFile } from "../support/stored-files.ts";

let pair: SourcePair;

beforeAll(async () => {
  pair = await startSourcePair({ CALLBACK_HOSTS: "hooks.test", CALLBACK_SECRET: "whsec_x" });
});
afterAll(() => pair.stop());

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const LIST = "/v1/agents/agent-1/sources";

describe("PUT /v1/agents/{agent_id}/sources/{name}", () => {
  it("makes a source, then sets it anew, and never shows what is secret", async () => {
    const secret = "hush-4711";
    const made = await pair.put("a", { provider: "github", secret, events: ["issues"] });
    const url = `${pair.gateway.url}/hooks/agent-1/a`;
    expect([made.status, jsonOf(made)]).toEqual([
      201,
      {
        name: "a",
        agent_id: "agent-1",
        url,
        provider: "github",
        events: ["issues"],
        secret_set_at: expect.stringMatching(TIME),
        previous_secret_until: null,
        created_at: expect.stringMatching(TIME),
        updated_at: expect.stringMatching(TIME),
      },
    ]);
    const again = await pair.put("a", { provider: "github", prompt: "Look: {{action}}" });
    expect(again.status).toBe(200);
    expect(jsonOf(again)).toMatchObject({ prompt: "Look: {{action}}", url });
    expect(jsonOf(again)).not.toHaveProperty("events");
    const shown = await pair.call(`${LIST}/a`, { method: "GET" });
    const list = await pair.call(LIST, { method: "GET" });
    expect(jsonOf(list)).toMatchObject({ sources: [{ name: "a" }] });
    expect([again, shown, list].map(({ text }) => text).join()).not.toMatch(/hush-4711|test-key/);
    expect(pair.gateway.output()).not.toMatch(/hush-4711|test-key/);
    const files = [...everyFile(pair.folder)].filter(([, bytes]) =>
      [secret, "test-key"].some((each) => bytes.includes(each)),
    );
    expect(files).toEqual([]);
  });

  it("takes back what it has shown", async () => {
    await pair.put("b", { provider: "token", secret: "s", header: "x-token", files: false });
    const { text } = await pair.call(`${LIST}/b`, { method: "GET" });
    const answer = await pair.put("b", JSON.parse(text));
    expect([answer.status, jsonOf(answer)]).toEqual([
      200,
      expect.objectContaining({ header: "x-token", files: false }),
    ]);
  });

  it("shows a verify_token that it has made, once", async () => {
    const made = await pair.put("wa", { provider: "whatsapp", secret: "s" });
    const { verify_token: token } = jsonOf(made) as { verify_token: string };
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    const query = `hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`;
    const greeted = await pair.hook(`wa?${query}`, { method: "GET" });
    expect([greeted.status, greeted.text]).toEqual([200, "1158201444"]);
    const wrong = await pair.hook(`wa?${query.replace(token, "x")}`, { method: "GET" });
    expect(wrong.status).toBe(403);
    const again = await pair.put("wa", { provider: "whatsapp" });
    expect(again.text).not.toContain("verify_token");
    expect((await pair.hook(`wa?${query}`, { method: "GET" })).status).toBe(200);
  });

  it("sets everything anew beside a new secret", async () => {
    await pair.put("all", { provider: "github", secret: "old", prompt: "before" });
    const renewed = { provider: "github", secret: "new", prompt: "after" };
    const answer = await pair.put("all", renewed, { apiKey: "renewed-key-of-org-1" });
    expect(jsonOf(answer)).toMatchObject({ prompt: "after" });
    await pair.hook("all", githubEvent("new", { zen: "all anew" }, { id: "anew", name: "push" }));
    const ours = () => pair.platform.taken.filter(({ id }) => id.startsWith("agent-1:all:"));
    await pair.platform.until(() => ours().length === 1);
    const [task] = ours();
    expect([task?.sent.input.text, task?.apiKey]).toEqual(["after", "renewed-key-of-org-1"]);
  });

  it("makes one verify_token, however many ask for it at once", async () => {
    const settings = { provider: "whatsapp", secret: "s" };
    const answers = await Promise.all(Array.from({ length: 5 }, () => pair.put("wb", settings)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
    const tokens = answers
      .map((each) => (jsonOf(each) as { verify_token?: string }).verify_token)
      .filter((token) => token !== undefined);
    expect(tokens).toHaveLength(1);
    const query = `hub.mode=subscribe&hub.verify_token=${tokens[0]}&hub.challenge=1`;
    expect((await pair.hook(`wb?${query}`, { method: "GET" })).status).toBe(200);
  });

  it("accepts the old secret where the new one is set twice at once", async () => {
    const status = async (secret: string, id: string) =>
      (await pair.hook("rr", githubEvent(secret, { zen: "x" }, { id, name: "push" }))).status;
    await pair.put("rr", { provider: "github", secret: "old" });
    const renewed = { provider: "github", secret: "new" };
    await Promise.all(Array.from({ length: 4 }, () => pair.put("rr", renewed)));
    expect([await status("old", "1"), await status("new", "2")]).toEqual([200, 200]);
  });

  it("accepts the old secret beside a new one until it is revoked", async () => {
    const status = async (secret: string, id: string) =>
      (await pair.hook("r", githubEvent(secret, { zen: "x" }, { id, name: "push" }))).status;
    await pair.put("r", { provider: "github", secret: "old" });
    await pair.put("r", { provider: "github", secret: "new" });
    await pair.put("r", { provider: "github", secret: "new" });
    expect([await status("old", "1"), await status("new", "2")]).toEqual([200, 200]);
    const revoked = await pair.put("r", { provider: "github", revoke_previous: true });
    expect(jsonOf(revoked)).toMatchObject({ previous_secret_until: null });
    expect([await status("old", "3"), await status("new", "4")]).toEqual([401, 200]);
  });

  const GITHUB = { provider: "github", secret: "s" };
  it.each([
    ["provider", {}],
    ["provider", { provider: "carrier-pigeon" }],
    ["secret", { provider: "github" }],
    ["secret", { provider: "none", secret: "s" }],
    ["asynchronous", { ...GITHUB, asynchronous: false }],
    ["wait", { ...GITHUB, wait: 5 }],
    ["header", { ...GITHUB, header: "x-signature" }],
    ["header", { provider: "hmac", secret: "s" }],
    ["verify_token", { ...GITHUB, verify_token: "v" }],
    ["shared_conversations", { provider: "none", shared_conversations: true }],
    ["events", { provider: "none", events: ["x"] }],
    ["redirect", { provider: "none", redirect: "http://a.test/" }],
    ["redirect", { ...GITHUB, redirect: "https://a.test/" }],
    ["allowed_origins.0", { provider: "none", allowed_origins: ["a.test"] }],
    ["allowed_ips.1", { provider: "none", allowed_ips: ["::/0", "1.2.3.4/33"] }],
    ["getter", { ...GITHUB, getter: "a..b" }],
    ["prompt", { ...GITHUB, prompt: "{{a" }],
    ["params_mapping.task_id", { ...GITHUB, params_mapping: { task_id: "[" } }],
    ["params_mapping.agent_id", { ...GITHUB, params_mapping: { agent_id: "a" } }],
    ["deduplicate.selectors.0", { ...GITHUB, deduplicate: { selectors: [""] } }],
    ["overlap", { provider: "none", asynchronous: false, overlap: "drop" }],
    ["debounce", { provider: "none", asynchronous: false, debounce: 5 }],
    ["callback_url", { ...GITHUB, callback_url: "https://elsewhere.test/" }],
    ["callback_url", { provider: "none", asynchronous: false, callback_url: "https://hooks.test" }],
    ["max_runs_per_day", { ...GITHUB, max_runs_per_day: 0 }],
    ["task_id", { ...GITHUB, task_id: "x" }],
    ["tolerance_seconds", { provider: "stripe", secret: "s", tolerance_seconds: 1e9 }],
  ])("refuses %s of %j", async (place, source) => {
    const loc = ["body", ...place.split(".").map((step) => (/^\d+$/.test(step) ? +step : step))];
    const answer = await pair.put("refused", source);
    const problem = { loc, msg: expect.any(String), type: expect.any(String) };
    expect(refusalOf(answer)).toEqual(refusal(422, "parameters_invalid", [problem]));
  });

  it("needs the agent's key, and a name of a source", async () => {
    const source = { provider: "none" };
    const answers = await Promise.all([
      pair.put("x", source, { headers: { "x-api-key": "" } }),
      pair.put("x", source, { apiKey: "wrong-key" }),
      pair.put("x.y", source),
      pair.put("x", {}, { body: "[]" }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 404, 400]);
  });

  it("is another organisation's to see or set as little as to delete", async () => {
    await pair.put("mine", { provider: "none" });
    const theirs = { apiKey: "org-2-key" };
    const answers = await Promise.all([
      pair.put("mine", { provider: "none" }, theirs),
      pair.put("other", { provider: "none" }, theirs),
      pair.call(`${LIST}/mine`, { method: "GET", ...theirs }),
      pair.call(`${LIST}/mine`, { method: "DELETE", ...theirs }),
      pair.call(LIST, { method: "GET", ...theirs }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 404, 404, 200]);
    expect(answers[4].text).toBe('{"sources":[]}');
  });
});

describe("DELETE /v1/agents/{agent_id}/sources/{name}", () => {
  it("ends the source at once where it was deleted", async () => {
    await pair.put("gone", { provider: "none" });
    expect((await pair.hook("gone", { body: "hi" })).status).toBe(200);
    const path = `${LIST}/gone`;
    const deleted = await pair.call(path, { method: "DELETE" });
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    const after = await pair.hook("gone", { body: "hi" });
    expect(refusalOf(after)).toEqual(refusal(404, "source_not_found", "Source not found"));
    expect((await pair.call(path, { method: "DELETE" })).status).toBe(404);
  });
});
