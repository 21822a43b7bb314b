import { env } from "cloudflare:workers";
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Task } from "../../invocation/task.ts";
import type { Platform } from "../platform.ts";
import { createAcceptances } from "./acceptances.ts";
import { createRemotePlatform } from "./remote.ts";

const ORIGIN = "https://platform.test";
const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
const KEY = { apiKey: "key-1" };

const agent = { id: "agent-1", organization_id: "org-1" };
const task: Task = {
  agentId: "agent-1",
  id: "task-1",
  prompt: "",
  files: [],
  disableAttachmentInjection: false,
};

type Reply = () => Response;
const json =
  (body: unknown, status = 200): Reply =>
  () =>
    Response.json(body, { status });
const outage: Reply = () => {
  throw new TypeError("Network connection lost.");
};

/** What the platform was asked, in order. */
let asked: string[];
let reply: Reply;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-22T10:00:00Z") });
  asked = [];
  reply = json(agent);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (address, init) => {
    asked.push(`${init?.method} ${new Request(address).url.replace(ORIGIN, "")}`);
    return reply();
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await reset();
});

/** An isolate with nothing in its memory, before the same KV. */
function isolate(): Platform {
  const hmacKey = new Uint8Array(32);
  const acceptances = createAcceptances({
    namespace: env.ACCEPTED_KEYS,
    hmacKey,
    origin: ORIGIN,
  });
  return createRemotePlatform({ origin: ORIGIN, syncTimeoutSeconds: 1, acceptances });
}

const admitted = { ok: true, value: expect.objectContaining({ organisation: "org-1" }) };

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

describe("admit", () => {
  it("asks for the agent, and once", async () => {
    const platform = isolate();
    expect(await platform.admit("agent-1", KEY)).toEqual(admitted);
    expect(await platform.admit("agent-1", KEY)).toEqual(admitted);
    expect(await isolate().admit("agent-1", KEY)).toEqual(admitted);
    expect(asked).toEqual(["GET /v1/agents/agent-1"]);
  });

  it("asks for a list of one where no agent is named", async () => {
    reply = json({ items: [agent, agent] });
    expect(await isolate().admit(undefined, KEY)).toEqual(admitted);
    expect(asked).toEqual(["GET /v1/agents?per_page=1"]);
  });

  it("takes the right to an agent for granted for ten minutes", async () => {
    const platform = isolate();
    await platform.admit("agent-1", KEY);
    later(10 * MINUTE_MS - 1);
    await platform.admit("agent-1", KEY);
    expect(asked).toHaveLength(1);
    later(1);
    await platform.admit("agent-1", KEY);
    expect(asked).toHaveLength(2);
  });

  it("takes a key's organisation for granted for 24 hours", async () => {
    reply = json({ items: [agent] });
    const platform = isolate();
    await platform.admit(undefined, KEY);
    later(24 * HOUR_MS - 1);
    await platform.admit(undefined, KEY);
    expect(asked).toHaveLength(1);
    later(1);
    await platform.admit(undefined, KEY);
    expect(asked).toHaveLength(2);
  });

  it.each<[string, Reply]>([
    ["cannot be reached", outage],
    ["fails", json({}, 500)],
    ["redirects", json({}, 302)],
    ["says 429", json({}, 429)],
    ["answers with no agent", json("<p>Sign in")],
  ])("lets an acceptance of the last 24 hours count while the platform %s", async (_, out) => {
    const platform = isolate();
    await platform.admit("agent-1", KEY);
    reply = out;
    later(24 * HOUR_MS - 1);
    expect(await platform.admit("agent-1", KEY)).toEqual(admitted);
    expect(asked.length).toBeGreaterThan(1);
    later(1);
    const refusal = platform.admit("agent-1", KEY).then(({ ok }) => ok);
    expect(await refusal.catch(() => false)).toBe(false);
  });

  it.each<[string, Reply, string | undefined]>([
    ["cannot be reached", outage, "agent-1"],
    ["fails", json({}, 503), "agent-1"],
    ["redirects", json({}, 302), undefined],
    ["answers with a page", () => new Response("<p>Sign in"), "agent-1"],
    ["answers with nothing", () => new Response(""), "agent-1"],
    ["answers with another thing", json({ detail: "ok" }), "agent-1"],
    ["answers with null", json(null), "agent-1"],
    ["answers with a page, where no agent is named", () => new Response("<p>Sign in"), undefined],
    ["answers with another thing, where no agent is named", json({ items: {} }), undefined],
  ])("is an outage without one where the platform %s", async (_, out, agentId) => {
    reply = out;
    const outcome = isolate().admit(agentId, KEY);
    await expect(outcome).rejects.toMatchObject({
      name: "PlatformOutage",
      reason: "platform_unreachable",
      tookNothing: true,
    });
  });

  it.each<[number, string]>([
    [401, "api_key_invalid"],
    [403, "api_key_invalid"],
    [404, "agent_not_found"],
    [429, "rate_limited"],
  ])("refuses what the platform refuses with %i", async (status, reason) => {
    reply = json({ detail: "no" }, status);
    expect(await isolate().admit("agent-1", KEY)).toMatchObject({ refusal: { reason } });
  });

  it("never puts the key, or what anyone could find it by, into a file's address", async () => {
    reply = json({ items: [] });
    const { organisation } = Object(await isolate().admit(undefined, KEY)).value ?? {};
    const digests = await Promise.all(
      ["key-1", "key:key-1"].map((text) =>
        crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
      ),
    );
    const hex = digests.map((digest) => Buffer.from(digest).toString("hex").slice(0, 32));
    expect(["key-1", ...hex]).not.toContain(String(organisation).slice(0, 32));
  });

  it.each(["../org", "a/b", "Ünï", "x".repeat(129), " "])(
    "makes an organisation fit for an address: %s",
    async (organization_id) => {
      reply = json({ ...agent, organization_id });
      const outcome = await isolate().admit("agent-1", KEY);
      expect(outcome).toMatchObject({ ok: true });
      expect(outcome.ok && outcome.value.organisation).toMatch(/^[\w-]{1,128}$/);
    },
  );
});

const run = (platform: Platform) => platform.run(task, KEY);
const start = (platform: Platform) => platform.start(task, KEY);

describe("a refusal whose body breaks off", () => {
  const broken: UnderlyingSource = {
    cancel: () => Promise.reject(new Error("Network connection lost.")),
  };

  it.each([401, 404, 429, 503])("is an outage after %i", async (status) => {
    reply = () => new Response(new ReadableStream(broken), { status });
    const failure = { name: "PlatformOutage", reason: "platform_failed" };
    await expect(run(isolate())).rejects.toMatchObject(failure);
  });
});

describe("a key that the platform refuses later", () => {
  const refuses = json({ detail: "no" }, 401);

  it.each([401, 403])("is asked for again after %i for its agent", async (status) => {
    const platform = isolate();
    await platform.admit("agent-1", KEY);
    later(10 * MINUTE_MS);
    reply = json({}, status);
    expect(await platform.admit("agent-1", KEY)).toMatchObject({ ok: false });
    reply = outage;
    await expect(platform.admit("agent-1", KEY)).rejects.toThrow("platform_unreachable");
    await expect(isolate().admit("agent-1", KEY)).rejects.toThrow("platform_unreachable");
  });

  it.each([
    ["a sync task", run],
    ["an async task", start],
  ])("is asked for again after %s", async (_, call) => {
    const platform = isolate();
    await platform.admit("agent-1", KEY);
    reply = refuses;
    expect(await call(platform)).toMatchObject({ ok: false });
    expect(await platform.admit("agent-1", KEY)).toMatchObject({ ok: false });
    expect(asked.at(-1)).toBe("GET /v1/agents/agent-1");
  });

  it("is asked for again after a task, though another isolate had heard of it", async () => {
    await isolate().admit("agent-1", KEY);
    const platform = isolate();
    reply = refuses;
    expect(await run(platform)).toMatchObject({ ok: false });
    expect(await platform.admit("agent-1", KEY)).toMatchObject({ ok: false });
    expect(asked.at(-1)).toBe("GET /v1/agents/agent-1");
  });

  it("is asked for again after a task, though no agent was named with the files", async () => {
    reply = json({ items: [agent] });
    const platform = isolate();
    await platform.admit(undefined, KEY);
    reply = refuses;
    expect(await run(platform)).toMatchObject({ ok: false });
    expect(await platform.admit(undefined, KEY)).toMatchObject({ ok: false });
    expect(asked.at(-1)).toBe("GET /v1/agents?per_page=1");
  });
});
