import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startGateway } from "../support/gateway.ts";
import { jsonOf, send } from "../support/http.ts";
import { json, JSON_TYPE } from "../support/sender.ts";
import { telegram } from "../support/senders-chat.ts";
import { stripe } from "../support/senders-trade.ts";
import { github } from "../support/senders-work.ts";
import {
  deliver,
  happen,
  makeSource,
  openSource,
  putSource,
  ran,
  ranFor,
  ranOnce,
  showSource,
  type Source,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";
import { startTaskPlatform } from "../support/task-platform.ts";
import { testSecrets } from "../support/worker-options.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair({ CALLBACK_HOSTS: "hooks.example", CALLBACK_SECRET });
});
afterAll(() => pair.stop());

const CALLBACK_SECRET = `whsec_${Buffer.from("a-callback-secret-of-32-bytes-ok").toString("base64")}`;

function say({ url }: Source, text: string) {
  return send(url, json({ text }));
}

/** One line of the same room as ever. */
function room(text: string) {
  return json({ room: "r", text });
}

describe.concurrent("a source's own parameters", () => {
  const ROOM = { params_mapping: { task_id: "room" }, prompt: "{{text}}" };

  it("make one task of a burst", async () => {
    const source = await openSource(pair, { ...ROOM, debounce: 2 });
    for (const text of ["one", "two", "three"]) {
      expect((await send(source.url, room(text))).text).toBe('{"status":"Started"}');
    }
    expect(await pair.platform.prompted(`${source.prefix}r`, 1)).toEqual(["one\n\ntwo\n\nthree"]);
  });

  it("drop what comes while the agent is busy", async () => {
    const source = await openSource(pair, { ...ROOM, overlap: "drop" });
    pair.platform.holds(`${source.prefix}r`);
    await send(source.url, room("one"));
    await pair.platform.prompted(`${source.prefix}r`, 1);
    const answer = await send(source.url, room("two"));
    expect(answer.status).toBe(200);
    pair.platform.end(`${source.prefix}r`);
    await vi.waitFor(
      async () => {
        await send(source.url, room("three"));
        expect(pair.platform.prompts(`${source.prefix}r`).length).toBeGreaterThanOrEqual(2);
      },
      { timeout: 15_000, interval: 500 },
    );
    expect(pair.platform.prompts(`${source.prefix}r`)).not.toContain("two");
    pair.platform.end(`${source.prefix}r`);
  });

  it("wait for the agent, and give what is asked of its answer", async () => {
    const source = await openSource(pair, { prompt: '{"a":{"b":7}}', wait: 10, json: true });
    const answer = await say(source, "x");
    expect([answer.status, jsonOf(answer)]).toMatchObject([200, { status: "completed" }]);
    const { id } = await ranOnce(pair, source);
    expect(jsonOf(answer)).toMatchObject({ id });
  });

  it("say which version of the agent runs, and what it is to do without", async () => {
    const source = await openSource(pair, {
      agent_version: "v 2",
      disable_attachment_injection: true,
    });
    await say(source, "x");
    const task = await ranOnce(pair, source);
    expect(task.path).toContain("?version=v%202");
    expect(task.sent).toMatchObject({ disable_attachment_injection: true });
  });

  it("may be a callback to where one is allowed", async () => {
    const settings = { callback_url: "https://hooks.example/done" };
    await expect(openSource(pair, settings)).resolves.toMatchObject({ shown: settings });
  });

  it("go before what a provider makes of its event", async () => {
    const source = await sourceOf(pair, telegram, {
      params_mapping: { task_id: "message.from.id", user_email: "message.from.first_name" },
      prompt: "In {{message.chat.title}}: {{message.text}}",
    });
    await happen(telegram, source, 1);
    const task = await ranOnce(pair, source);
    expect(task.id).toBe(`${source.prefix}7`);
    expect(task.sent.input).toMatchObject({
      text: "In Office: Hello 1",
      user: { id: "7", email: "Zoë", last_name: "O'Neil" },
    });
  });

  it("leave it to the provider where their path finds nothing", async () => {
    const source = await sourceOf(pair, telegram, { params_mapping: { task_id: "no.where" } });
    await happen(telegram, source, 1);
    expect((await ranOnce(pair, source)).id).toBe(`${source.prefix}-5001`);
  });

  it("may be waited for by a sender with patience", async () => {
    const source = await sourceOf(pair, stripe, { asynchronous: false });
    const answer = await happen(stripe, source, 1);
    expect([answer.status, jsonOf(answer)]).toMatchObject([200, { status: "completed" }]);
    expect((await ranOnce(pair, source)).route).toBe("sync");
    // Its repeat gets the same, and runs nothing.
    expect((await happen(stripe, source, 1)).status).toBe(200);
    await ranOnce(pair, source);
  });
});

describe.concurrent("a body", () => {
  const large = JSON.stringify({ text: "x".repeat(10 * 1024 * 1024) });

  it("over the limit is listed as unproven, whoever sent it", async () => {
    const source = await sourceOf(pair, github);
    const headers = {
      "content-type": JSON_TYPE,
      "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
    };
    expect((await send(source.url, { headers, body: large })).status).toBe(413);
    await vi.waitFor(async () => {
      const { deliveries } = await showSource(pair, source.name);
      const line = { outcome: "unproven", status: 413, error: "limit_exceeded" };
      expect(deliveries).toMatchObject([line]);
    });
  });

  it("over the limit is 413 where its signature is not the point", async () => {
    const source = await sourceOf(pair, github);
    const answer = await deliver(source, { body: large, headers: {} }, { key: github.key });
    expect(answer.status).toBe(413);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("over the limit without a signature is 401 all the same", async () => {
    const source = await sourceOf(pair, github);
    const headers = { "content-type": JSON_TYPE };
    expect((await send(source.url, { headers, body: large })).status).toBe(401);
  });

  it("of megabytes within it runs", async () => {
    const source = await sourceOf(pair, github);
    const { body, headers } = github.happens(1);
    const happening = { body: body.replace("{", `{"text":"${"é".repeat(3_000_000)}",`), headers };
    expect((await deliver(source, happening, { key: github.key })).status).toBe(200);
    expect((await ranOnce(pair, source)).sent.additional_context).toContain("éééé");
  });
});

describe("a source that outlives its gateway", () => {
  it(
    "opens what it sealed under the secret before, and then without it",
    { timeout: 60_000 },
    async () => {
      const platform = await startTaskPlatform();
      const persistTo = mkdtempSync(join(tmpdir(), "inlet-rotation-"));
      const next = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
      const secrets = [
        {},
        { GATEWAY_SECRET: next, GATEWAY_SECRET_PREVIOUS: testSecrets.GATEWAY_SECRET },
        { GATEWAY_SECRET: next },
      ];
      try {
        for (const [n, vars] of secrets.entries()) {
          const gateway = await startGateway({
            persistTo,
            vars: { PLATFORM_URL: platform.url, ...vars },
          });
          const own = { gateway, platform } as TaskPair;
          if (n === 0)
            await makeSource(own, { provider: "github", secret: github.key.secret }, { name: "s" });
          const source = { url: `${gateway.url}/hooks/agent-1/s`, prefix: "agent-1:s:" };
          const answer = await deliver(source, github.happens(n), { key: github.key });
          expect([n, answer.status]).toEqual([n, 200]);
          expect(await ran(own, source, n + 1)).toHaveLength(n + 1);
          await gateway.kill();
        }
      } finally {
        await platform.close();
        rmSync(persistTo, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  );
});

describe("a source whose secret was lost", () => {
  it("is repaired by setting it anew", { timeout: 60_000 }, async () => {
    const platform = await startTaskPlatform();
    const persistTo = mkdtempSync(join(tmpdir(), "inlet-lost-"));
    const settings = { provider: "github", secret: github.key.secret };
    try {
      for (const GATEWAY_SECRET of [undefined, "another-secret-of-32-bytes-or-more"]) {
        const vars = { PLATFORM_URL: platform.url, ...(GATEWAY_SECRET && { GATEWAY_SECRET }) };
        const gateway = await startGateway({ persistTo, vars });
        const own = { gateway, platform } as TaskPair;
        const source = { url: `${gateway.url}/hooks/agent-1/s`, prefix: "agent-1:s:" };
        if (GATEWAY_SECRET !== undefined) {
          expect((await deliver(source, github.happens(1), { key: github.key })).status).toBe(500);
          const kept = await putSource(own, "s", { provider: "github" });
          expect([kept.status, kept.headers["x-error-code"]]).toEqual([422, "parameters_invalid"]);
        }
        expect((await putSource(own, "s", settings)).status).toBeLessThan(300);
        expect((await deliver(source, github.happens(1), { key: github.key })).status).toBe(200);
        await gateway.kill();
      }
    } finally {
      await platform.close();
      rmSync(persistTo, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

describe("a source of an agent that runs here", () => {
  it("runs it", { timeout: 60_000 }, async () => {
    const gateway = await startGateway();
    try {
      const own = { gateway } as TaskPair;
      const settings = { provider: "telegram", secret: telegram.key.secret };
      const source = await makeSource(own, settings, { agent: "echo", name: "bot" });
      expect(await happen(telegram, source, 1)).toMatchObject({ status: 200, text: "{}" });
      const path = `${gateway.url}/v1/tasks/${encodeURIComponent("echo:bot:-5001")}`;
      await vi.waitFor(
        async () => {
          const headers = { "x-api-key": testSecrets.API_KEY };
          const answer = await send(path, { method: "GET", headers });
          expect(jsonOf(answer)).toMatchObject({ status: "completed", agent_id: "echo" });
        },
        { timeout: 15_000, interval: 300 },
      );
      const refused = await send(`${gateway.url}/v1/agents/echo/sources`, {
        method: "GET",
        headers: { "x-api-key": "another" },
      });
      expect(refused.status).toBe(403);
    } finally {
      await gateway.stop();
    }
  });
});
