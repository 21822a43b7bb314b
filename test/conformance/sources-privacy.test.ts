import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, send } from "../support/http.ts";
import { JSON_TYPE, json, now } from "../support/sender.ts";
import { telegram, whatsapp } from "../support/senders-chat.ts";
import { github, gitlab } from "../support/senders-work.ts";
import { senders } from "../support/senders.ts";
import { leaks } from "../support/spellings.ts";
import { everyFile } from "../support/stored-files.ts";
import {
  askSources,
  deliver,
  happen,
  makeSource,
  ran,
  ranFor,
  ranOnce,
  showSource,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

/** Headers that are each answer's own are left with their names alone. */
function told({ status, text, headers }: Answer) {
  const own = ["date", "x-request-id"];
  const shown = Object.entries(headers).map(([name, value]) => [
    name,
    own.includes(name) ? "" : value,
  ]);
  return { status, text, headers: Object.fromEntries(shown) as unknown };
}

describe("an unknown source and an unknown agent", () => {
  const { body, headers } = github.happens(1);

  it.each([
    ["POST", { body, headers }],
    ["GET", {}],
    ["HEAD", {}],
    [
      "OPTIONS",
      { headers: { origin: "https://a.example", "access-control-request-method": "POST" } },
    ],
    ["PUT", { body, headers }],
  ])("are the same 404, in words and in headers: %s", async (method, sent) => {
    await makeSource(pair, { provider: "none" }, { agent: "agent-known" });
    const paths = [
      "agent-known/none-such",
      "agent-unused/none-such",
      "nobody/none-such",
      "nobody/x",
    ];
    const answers = await Promise.all(
      paths.map((path) => send(`${pair.gateway.url}/hooks/${path}`, { method, ...sent })),
    );
    const [first, ...others] = answers.map(told);
    expect(first?.status).toBe(404);
    expect(others).toEqual([first, first, first]);
  });

  it("make nothing and ask nothing", async () => {
    const before = [everyFile(pair.folder).size, pair.platform.requests.length];
    for (const agent of ["guess-1", "guess-2", "guess-3", "guess-4"]) {
      await send(`${pair.gateway.url}/hooks/${agent}/guess`, { body, headers });
    }
    expect(pair.platform.requests.length).toBe(before[1]);
  });

  it.each([
    "/hooks",
    "/hooks/",
    "/hooks/agent-1",
    "/hooks/agent-1/",
    "/hooks/agent-1/a/b",
    "/hooks/a%2Fb/c",
    "/hooks/agent-1/%00",
  ])("are like an address that cannot be: %s", async (path) => {
    const answer = await send(pair.gateway.url + path, { body, headers });
    expect(answer.status).toBe(404);
  });
});

describe("what is secret", () => {
  it("is in no answer, in no log line, and nowhere on disk", { timeout: 90_000 }, async () => {
    const own = await startTaskPair();
    const key = "hush7q4z-key-of-org-1";
    const place = { apiKey: key };
    const verifyToken = "hush7q4z-verify-token";
    const texts: string[] = [];
    const secrets = [key, verifyToken];
    try {
      for (const [n, [, sender]] of senders.entries()) {
        const name = `source-${n}`;
        const { provider, nextKey } = sender;
        const more = provider === "whatsapp" ? { verify_token: verifyToken } : {};
        const source = await makeSource(
          own,
          { provider, secret: sender.key.secret, ...more },
          { ...place, name },
        );
        texts.push(JSON.stringify(source.shown));
        // Before and after its secret was changed, by a right and by a wrong signature.
        texts.push((await happen(sender, source, 1)).text);
        texts.push((await deliver(source, sender.happens(2), { key: nextKey })).text);
        await makeSource(own, { provider, secret: nextKey.secret, ...more }, { ...place, name });
        texts.push((await happen(sender, source, 3)).text);
        texts.push(JSON.stringify(await showSource(own, name, place)));
        secrets.push(sender.key.secret, nextKey.secret);
      }
      const token = "hush7q4z-token-in-the-query";
      secrets.push(token);
      const settings = { provider: "token", query: "key", secret: token };
      const queried = await makeSource(own, settings, { ...place, name: "queried" });
      texts.push((await send(`${queried.url}?key=${token}`, json({ a: 1 }))).text);
      texts.push((await send(`${queried.url}?key=${token}x`, json({ a: 1 }))).text);
      texts.push((await askSources(own, "GET", "", place)).text);
      await ran(own, { prefix: "agent-1:" }, senders.length);

      expect(own.platform.taken.every(({ apiKey }) => apiKey === key)).toBe(true);
      const wanted = secrets.map((text) => text.replace(/^whsec_/, ""));
      expect(wanted.filter((secret) => texts.join().includes(secret))).toEqual([]);
      expect(wanted.filter((secret) => own.gateway.output().includes(secret))).toEqual([]);
      // A public key may lie open; it opens nothing.
      const sealed = wanted.filter((text) => text.includes("hush7q4z"));
      expect(leaks(own.folder, sealed)).toEqual([]);
      await own.crash();
      expect(leaks(own.folder, sealed)).toEqual([]);
    } finally {
      await own.stop();
    }
  });

  it("does not reach the agent", async () => {
    const source = await sourceOf(pair, gitlab);
    await happen(gitlab, source, 1);
    expect(JSON.stringify((await ranOnce(pair, source)).sent)).not.toContain(gitlab.key.secret);
  });
});

/** A message of one chat, whoever's bot it is sent to. */
function said(n: number) {
  const from = { id: 1, is_bot: false, first_name: "Zoe" };
  return json({ update_id: n, message: { chat: { id: 777 }, from, text: `${n}` } });
}

describe.concurrent("conversations", () => {
  it("of a caller who knows the id are reached by the key alone", async () => {
    const source = await sourceOf(pair, telegram);
    await happen(telegram, source, 1);
    const { id } = await ranOnce(pair, source);
    expect((await pair.task(id)).status).toBe(200);
    expect((await pair.task(id, "", { apiKey: "key-of-org-2" })).status).toBe(404);
  });

  it("are shared where it is said", async () => {
    const sources = [
      await sourceOf(pair, telegram, { shared_conversations: true }),
      await sourceOf(pair, telegram, { shared_conversations: true }),
    ];
    for (const [n, source] of sources.entries()) {
      await deliver(source, said(n), { key: telegram.key });
    }
    expect(await pair.platform.prompted("777", 2)).toEqual(["0", "1"]);
    expect(sources.flatMap((source) => ranFor(pair, source))).toEqual([]);
  });

  it("with a long name are called by its SHA-256", async () => {
    const params_mapping = { task_id: "room" };
    const source = await makeSource(pair, { provider: "none", params_mapping });
    const room = "r".repeat(256 - source.prefix.length);
    for (const name of [room, `${room}r`, "é".repeat(300)]) {
      expect((await send(source.url, json({ room: name }))).status).toBe(200);
    }
    const sha256 = (name: string) =>
      createHash("sha256")
        .update(source.prefix + name)
        .digest("hex");
    await pair.platform.prompted(source.prefix + room, 1);
    await pair.platform.prompted(sha256(`${room}r`), 1);
    await pair.platform.prompted(sha256("é".repeat(300)), 1);
  });

  it("run one at a time, and beside others", async () => {
    const source = await sourceOf(pair, whatsapp);
    pair.platform.holds("Hello 31");
    await happen(whatsapp, source, 31);
    await ran(pair, source);
    await happen(whatsapp, source, 32);
    const ids = (await ran(pair, source, 2)).map(({ id }) => id);
    expect(ids).toEqual([`${source.prefix}16505551031`, `${source.prefix}16505551032`]);
    pair.platform.end(`${source.prefix}16505551031`);
  });

  it("take no time of a caller's for an id", async () => {
    const source = await makeSource(pair, { provider: "none" });
    const headers = { "content-type": JSON_TYPE, "idempotency-key": String(now()) };
    for (const n of [1, 2]) await send(source.url, { headers, body: JSON.stringify({ n }) });
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });
});
