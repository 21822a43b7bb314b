import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { refusalOf } from "../support/refusal.ts";
import { github, gitlab } from "../support/senders-work.ts";
import { telegram, whatsapp } from "../support/senders-chat.ts";
import {
  askSources,
  deliver,
  freshName,
  happen,
  makeSource,
  putSource,
  ran,
  ranFor,
  showSource,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

/** A Worker keeps a source's settings for 10 s at most. */
const IN_FORCE = { timeout: 13_000, interval: 500 };

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);

describe.concurrent("PUT …/sources/{name}", () => {
  it("is 201 for a new source and 200 for one that there is, with its address", async () => {
    const name = freshName();
    const settings = { provider: "github", secret: "s-1" };
    const made = await putSource(pair, name, settings);
    expect(made.status).toBe(201);
    expect(jsonOf(made)).toMatchObject({
      provider: "github",
      url: `${pair.gateway.url}/hooks/agent-1/${name}`,
    });
    const changed = await putSource(pair, name, { provider: "github", max_runs_per_day: 3 });
    expect(changed.status).toBe(200);
    expect(jsonOf(changed)).toMatchObject({
      max_runs_per_day: 3,
      url: `${pair.gateway.url}/hooks/agent-1/${name}`,
    });
  });

  it("resets what is left out", async () => {
    const { name } = await sourceOf(pair, github, {
      prompt: "Look at {{issue.title}}",
      events: ["issues.opened"],
      max_runs_per_day: 5,
      files: false,
    });
    await putSource(pair, name, { provider: "github", asynchronous: true });
    const shown = await showSource(pair, name);
    expect(shown["prompt"] ?? null).toBeNull();
    expect(shown["events"] ?? null).toBeNull();
    expect(shown["max_runs_per_day"] ?? null).toBeNull();
    expect(shown["files"] ?? true).toBe(true);
  });

  it("keeps a secret that is left out", async () => {
    const source = await sourceOf(pair, github);
    await makeSource(pair, { provider: "github", json: true }, { name: source.name });
    expect((await happen(github, source, 1)).status).toBe(200);
    expect(await ran(pair, source)).toHaveLength(1);
  });

  it("shows no secret, and when it was set", async () => {
    const { name, shown } = await sourceOf(pair, github);
    const answers = [
      shown,
      await showSource(pair, name),
      jsonOf(await askSources(pair, "GET", "")),
      jsonOf(await putSource(pair, name, { provider: "github" })),
    ];
    expect(shown).toMatchObject({ secret_set_at: ISO });
    expect(JSON.stringify(answers)).not.toContain(github.key.secret);
    expect(JSON.stringify(answers)).not.toContain("test-key");
    expect(shown).not.toHaveProperty("secret");
  });

  it("needs no secret where there is nothing to prove", async () => {
    expect((await putSource(pair, freshName(), { provider: "none" })).status).toBe(201);
  });

  it("makes WhatsApp's verify_token and shows it once", async () => {
    const { name, shown } = await sourceOf(pair, whatsapp);
    expect(shown["verify_token"]).toEqual(expect.stringMatching(/^\S{16,}$/));
    const token = String(shown["verify_token"]);
    const later = [
      await showSource(pair, name),
      jsonOf(await askSources(pair, "GET", "")),
      jsonOf(await putSource(pair, name, { provider: "whatsapp" })),
    ];
    expect(JSON.stringify(later)).not.toContain(token);
  });

  it("does not show a verify_token that was given", async () => {
    const { shown } = await sourceOf(pair, whatsapp, { verify_token: "hush7q4z-given" });
    expect(JSON.stringify(shown)).not.toContain("hush7q4z-given");
  });
});

describe.concurrent("a new secret", () => {
  it("is accepted beside the old one", async () => {
    const source = await sourceOf(pair, github);
    const { provider, nextKey } = github;
    await makeSource(pair, { provider, secret: nextKey.secret }, { name: source.name });
    expect((await deliver(source, github.happens(1), { key: github.key })).status).toBe(200);
    await vi.waitFor(async () => {
      const answer = await deliver(source, github.happens(2), { key: nextKey });
      expect(answer.status).toBe(200);
    }, IN_FORCE);
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it("alone is accepted with revoke_previous", async () => {
    const source = await sourceOf(pair, telegram);
    const { provider, nextKey } = telegram;
    const settings = { provider, secret: nextKey.secret, revoke_previous: true };
    await makeSource(pair, settings, { name: source.name });
    await vi.waitFor(async () => {
      const answer = await deliver(source, telegram.happens(1), { key: nextKey });
      expect(answer.status).toBe(200);
      expect((await happen(telegram, source, 2)).status).toBe(401);
    }, IN_FORCE);
  });

  it("can have the one before it revoked later", async () => {
    const source = await sourceOf(pair, gitlab);
    const { provider, nextKey } = gitlab;
    await makeSource(pair, { provider, secret: nextKey.secret }, { name: source.name });
    expect((await happen(gitlab, source, 1)).status).toBe(200);
    await makeSource(pair, { provider, revoke_previous: true }, { name: source.name });
    await vi.waitFor(async () => {
      expect((await happen(gitlab, source, 1)).status).toBe(401);
    }, IN_FORCE);
    const answer = await deliver(source, gitlab.happens(3), { key: nextKey });
    expect(answer.status).toBe(200);
  });
});

describe.concurrent("GET …/sources", () => {
  it("lists an agent's own, and no other agent's", async () => {
    const made = [
      await makeSource(pair, { provider: "none" }, { agent: "agent-list" }),
      await makeSource(pair, { provider: "none" }, { agent: "agent-list" }),
    ];
    await makeSource(pair, { provider: "none" }, { agent: "agent-other" });
    const text = (await askSources(pair, "GET", "", { agent: "agent-list" })).text;
    const urls = [...text.matchAll(/"url":"([^"]+)"/g)].map(([, url]) => url);
    expect(new Set(urls)).toEqual(new Set(made.map(({ url }) => url)));
  });

  it("lists none of an agent that has none", async () => {
    const answer = await askSources(pair, "GET", "", { agent: "agent-bare" });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('"url"');
  });
});

describe.concurrent("DELETE …/sources/{name}", () => {
  it("ends a source, within 10 s everywhere", async () => {
    const source = await sourceOf(pair, github);
    expect((await happen(github, source, 1)).status).toBe(200);
    await ran(pair, source);
    const answer = await askSources(pair, "DELETE", `/${source.name}`);
    expect(answer.status).toBeGreaterThanOrEqual(200);
    expect(answer.status).toBeLessThan(300);
    expect((await askSources(pair, "GET", `/${source.name}`)).status).toBe(404);
    await vi.waitFor(async () => {
      expect((await happen(github, source, 1)).status).toBe(404);
    }, IN_FORCE);
    expect(ranFor(pair, source)).toHaveLength(1);
  });

  it("leaves no secret to one of the same name that is made later", async () => {
    const source = await sourceOf(pair, github);
    await askSources(pair, "DELETE", `/${source.name}`);
    const answer = await putSource(pair, source.name, { provider: "github" });
    expect(refusalOf(answer)).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ["body", "secret"] }] },
    });
  });
});

describe.concurrent("a source that there is not", () => {
  it.each([
    ["GET", "/never-made"],
    ["DELETE", "/never-made"],
    ["POST", "/never-made/retry"],
  ])("is 404 for %s %s", async (method, rest) => {
    expect(refusalOf(await askSources(pair, method, rest))).toMatchObject({
      status: 404,
      code: expect.stringMatching(/\S/),
      body: { detail: expect.any(String) },
    });
  });
});
