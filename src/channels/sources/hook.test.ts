import { env, exports } from "cloudflare:workers";
import {
  createExecutionContext,
  listDurableObjectIds,
  reset,
  runInDurableObject,
} from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../app.ts";

afterEach(() => reset());

const ORIGIN = "https://inlet.test";

function put(name: string, source: object): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}/v1/agents/echo/sources/${name}`, {
    method: "PUT",
    headers: { "x-api-key": "test-key" },
    body: JSON.stringify(source),
  });
}

function hook(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}/hooks/${path}`, { method: "POST", ...init });
}

function away(): never {
  throw new Error("the object was reset");
}

describe("/hooks/{agent_id}/{name} on the embedded platform", () => {
  it("runs the agent, and answers it to who waits", async () => {
    await put("form", { provider: "none", asynchronous: false, getter: "result.prompt" });
    const answer = await hook("echo/form", { body: "hello" });
    expect([answer.status, await answer.json()]).toEqual([200, "hello"]);
  });

  it.each([
    ["none", 200, "eventemitter.example.com"],
    ["telegram", 405, null],
  ])("lets a sender of CloudEvents ask first: %s", async (provider, status, allowed) => {
    const secret = provider === "none" ? {} : { secret: "word" };
    await put("events", { provider, ...secret });
    const asked = {
      "WebHook-Request-Origin": "eventemitter.example.com",
      "WebHook-Request-Rate": "120",
    };
    const answer = await hook("echo/events", { method: "OPTIONS", headers: asked });
    const { headers } = answer;
    expect(answer.status).toBe(status);
    expect(headers.get("WebHook-Allowed-Origin")).toBe(allowed);
    expect(headers.get("WebHook-Allowed-Rate")).toBe(status === 200 ? "120" : null);
  });

  it("echoes no origin that is no host's name", async () => {
    await put("events", { provider: "none" });
    const headers = { "WebHook-Request-Origin": "a b<script>" };
    const answer = await hook("echo/events", { method: "OPTIONS", headers });
    expect([answer.status, answer.headers.get("WebHook-Allowed-Origin")]).toEqual([405, null]);
  });

  it.each(["echo/nothing", "nobody/nothing"])("leaves nothing of %s", async (path) => {
    const before = await listDurableObjectIds(env.CONVERSATIONS);
    expect((await hook(path, { body: "hello" })).status).toBe(404);
    expect((await listDurableObjectIds(env.CONVERSATIONS)).length).toBe(before.length);
    for (const id of await listDurableObjectIds(env.AGENT_DESKS)) {
      const tables = await runInDurableObject(env.AGENT_DESKS.get(id), (_, state) =>
        state.storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
      );
      expect(tables).toEqual([]);
    }
  });

  it("answers the methods that its provider uses", async () => {
    await put("intercom", { provider: "intercom", secret: "s" });
    const head = await hook("echo/intercom", { method: "HEAD" });
    expect(head.status).toBe(200);
    const other = await hook("echo/intercom", { method: "DELETE" });
    expect([other.status, other.headers.get("Allow")]).toEqual([405, "HEAD, POST"]);
  });

  it("signs nothing that could be a delivery, and no handshake that is not signed", async () => {
    await put("zoom", { provider: "zoom", secret: "s" });
    const body = '{"event":"endpoint.url_validation","payload":{"plainToken":"v0:1:{}"}}';
    const headers = {
      "content-type": "application/json",
      "x-zm-request-timestamp": String(Math.floor(Date.now() / 1000)),
      "x-zm-signature": `v0=${"0".repeat(64)}`,
    };
    const answer = await hook("echo/zoom", { body, headers });
    expect([answer.status, await answer.text()]).toEqual([
      401,
      '{"detail":"The signature is missing or wrong"}',
    ]);
  });

  it("tells trouble in its sender's own words, and logs the cause", async () => {
    await put("bot", { provider: "telegram", secret: "s" });
    const broken = { ...env, CONVERSATIONS: { getByName: away } } as unknown as Env;
    const log = vi.spyOn(console, "error").mockReturnValue();
    const request = new Request(`${ORIGIN}/hooks/echo/bot`, {
      method: "POST",
      headers: { "x-telegram-bot-api-secret-token": "s", "content-type": "application/json" },
      body: '{"update_id":1,"message":{"chat":{"id":1},"text":"hi"}}',
    });
    const answer = await createApp().fetch(request, broken, createExecutionContext());
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "60"]);
    const line = JSON.parse(String(log.mock.calls[0]?.[0]));
    expect(line).toMatchObject({ channel: "sources", agent: "echo", reason: "internal" });
    log.mockRestore();
  });
});
