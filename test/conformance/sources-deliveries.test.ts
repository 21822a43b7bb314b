import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf } from "../support/http.ts";
import { json } from "../support/sender.ts";
import { telegram } from "../support/senders-chat.ts";
import { github } from "../support/senders-work.ts";
import {
  askSources,
  deliver,
  happen,
  makeSource,
  ran,
  ranFor,
  ranOnce,
  showSource,
  type Source,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

const FIELDS = ["at", "delivery_id", "outcome", "status", "task_id", "turn", "error"];
const WAIT = { timeout: 15_000, interval: 300 };

/** The newest deliveries of a source, by their place in the list. */
async function listed({ name }: Source) {
  const { deliveries } = await showSource(pair, name);
  return deliveries;
}

/** How many deliveries are dead, whatever the field is called. */
async function dead({ name }: Source): Promise<unknown> {
  const shown = await showSource(pair, name);
  return Object.entries(shown).find(([field]) => /dead/.test(field))?.[1];
}

describe.concurrent("the list of deliveries", () => {
  it("says of each what became of it", async () => {
    const source = await sourceOf(pair, github);
    const before = Date.now();
    await happen(github, source, 1);
    const { id } = await ranOnce(pair, source);
    await vi.waitFor(async () => {
      const [first, ...others] = await listed(source);
      expect(others).toEqual([]);
      expect(Object.keys(first ?? {}).toSorted((a, b) => a.localeCompare(b))).toEqual(
        FIELDS.toSorted((a, b) => a.localeCompare(b)),
      );
      expect(first).toMatchObject({
        delivery_id: "72d3162e-1",
        outcome: expect.any(String),
        status: 200,
        task_id: id,
        turn: 1,
        error: null,
      });
      const at = Date.parse(String(first?.at));
      expect(Math.abs(at - before)).toBeLessThan(60_000);
    }, WAIT);
  });

  it("tells apart what ran, what was repeated, what was left out, and what was refused", async () => {
    const source = await sourceOf(pair, github);
    const { body, headers } = github.happens(2);
    await happen(github, source, 1);
    await happen(github, source, 1);
    const ping = { body, headers: { ...headers, "X-GitHub-Event": "ping" } };
    await deliver(source, ping, { key: github.key });
    await deliver(source, github.happens(3), { key: github.nextKey });
    await vi.waitFor(async () => {
      const all = await listed(source);
      expect(new Set(all.map(({ outcome }) => outcome)).size).toBeGreaterThanOrEqual(3);
      expect(all.map(({ status }) => status)).toContain(401);
      expect(all.find(({ status }) => status === 401)?.error).toEqual(expect.any(String));
    }, WAIT);
  });

  it("keeps the last 50", async () => {
    const source = await sourceOf(pair, github);
    for (let n = 1; n <= 55; n++) await happen(github, source, n);
    await vi.waitFor(async () => {
      const all = await listed(source);
      expect(all).toHaveLength(50);
      const ids = all.map(({ delivery_id: id }) => id);
      expect(ids).toContain("72d3162e-55");
      expect(ids).not.toContain("72d3162e-5");
    }, WAIT);
  });

  it("is each source's own, and empty at first", async () => {
    const source = await sourceOf(pair, github);
    expect(await listed(source)).toEqual([]);
    expect(await dead(source)).toBe(0);
  });

  it("survives a change of the source's settings", async () => {
    const source = await sourceOf(pair, github);
    await happen(github, source, 1);
    await vi.waitFor(async () => expect(await listed(source)).toHaveLength(1), WAIT);
    await makeSource(pair, { provider: "github", events: ["push"] }, { name: source.name });
    expect(await listed(source)).toHaveLength(1);
  });
});

/** A delivery that the platform refused, and so is dead. */
async function kill(source: Source, n: number, status = 422): Promise<string> {
  const id = source.prefix + (telegram.happens(n).conversation ?? "");
  pair.platform.refuses("POST", id, { status, body: { detail: "It says no" } });
  await happen(telegram, source, n);
  await pair.platform.until(() => pair.platform.calls("POST", id).length > 0);
  return id;
}

function retry({ name }: Source, apiKey = "test-key") {
  return askSources(pair, "POST", `/${name}/retry`, { apiKey });
}

describe.concurrent("dead deliveries", () => {
  it("are counted and listed, with what the platform said", async () => {
    const source = await sourceOf(pair, telegram);
    await kill(source, 1);
    await kill(source, 2);
    await vi.waitFor(async () => {
      expect(await dead(source)).toBe(2);
      const all = await listed(source);
      expect(all.map(({ error }) => error)).toEqual([expect.any(String), expect.any(String)]);
    }, WAIT);
  });

  it("go out again when it is asked, each once", async () => {
    const source = await sourceOf(pair, telegram);
    const ids = [await kill(source, 1), await kill(source, 2)];
    await vi.waitFor(async () => expect(await dead(source)).toBe(2), WAIT);
    const answer = await retry(source);
    expect(answer.status).toBeGreaterThanOrEqual(200);
    expect(answer.status).toBeLessThan(300);
    await ran(pair, source, 2);
    expect(new Set(ranFor(pair, source).map(({ id }) => id))).toEqual(new Set(ids));
    await vi.waitFor(async () => expect(await dead(source)).toBe(0), WAIT);
    await retry(source);
    await happen(telegram, source, 3);
    expect(await ran(pair, source, 3)).toHaveLength(3);
  });

  it("are not hidden by what came after them, nor by strangers", { timeout: 60_000 }, async () => {
    const source = await sourceOf(pair, telegram);
    const id = await kill(source, 1);
    const { body } = telegram.happens(2);
    const ignored = { body: '{"update_id":1}', headers: {} };
    for (let n = 0; n < 55; n += 1) await deliver(source, ignored, { key: telegram.key });
    for (let n = 0; n < 20; n += 1)
      await deliver(source, { body, headers: {} }, { key: telegram.nextKey });
    await vi.waitFor(async () => expect(await listed(source)).toHaveLength(50), WAIT);
    expect(await dead(source)).toBe(1);
    expect(jsonOf(await retry(source))).toMatchObject({ retried: 1 });
    await pair.platform.prompted(id, 1);
  });

  it("go out with the source's present key", async () => {
    const source = await sourceOf(pair, telegram);
    const id = await kill(source, 1, 403);
    await vi.waitFor(async () => expect(await dead(source)).toBe(1), WAIT);
    const renewed = { name: source.name, apiKey: "renewed-key-of-org-1" };
    await makeSource(pair, { provider: "telegram" }, renewed);
    await retry(source);
    await pair.platform.prompted(id, 1);
    expect(ranFor(pair, source)[0]?.apiKey).toBe("renewed-key-of-org-1");
  });

  it("are no repeats for the sender, who was told a success", async () => {
    const source = await sourceOf(pair, telegram);
    const id = await kill(source, 1);
    expect((await happen(telegram, source, 1)).status).toBe(200);
    await happen(telegram, source, 2);
    await ran(pair, source);
    expect(pair.platform.prompts(id)).toEqual([]);
  });

  it("are no others than the source's own", async () => {
    const [one, other] = [await sourceOf(pair, telegram), await sourceOf(pair, telegram)];
    await kill(one, 1);
    const id = await kill(other, 1);
    await vi.waitFor(
      async () => expect([await dead(one), await dead(other)]).toEqual([1, 1]),
      WAIT,
    );
    await retry(one);
    await ranOnce(pair, one);
    expect(pair.platform.prompts(id)).toEqual([]);
    expect(await dead(other)).toBe(1);
  });

  it("are nobody else's to send", async () => {
    const source = await sourceOf(pair, telegram);
    const id = await kill(source, 1);
    await vi.waitFor(async () => expect(await dead(source)).toBe(1), WAIT);
    expect((await retry(source, "key-of-org-2")).status).toBeGreaterThanOrEqual(400);
    expect((await retry(source, "wrong-key")).status).toBe(403);
    expect(pair.platform.prompts(id)).toEqual([]);
  });
});

describe.concurrent("with the platform away", () => {
  it("a delivery is taken, and runs when it is back", { timeout: 60_000 }, async () => {
    const own = await startTaskPair();
    try {
      const source = await sourceOf(own, github);
      own.platform.isDown = true;
      const answer = await happen(github, source, 1);
      expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
      await own.crash();
      own.platform.isDown = false;
      await own.platform.until(() => ranFor(own, source).length === 1, 30_000);
      expect(jsonOf(await own.task(ranFor(own, source)[0]?.id ?? ""))).toMatchObject({
        agent_id: "agent-1",
      });
      // The sources are there too, and know what ran.
      const url = source.url.replace(/^https?:\/\/[^/]+/, own.gateway.url);
      const again = await deliver({ url }, github.happens(1), { key: github.key });
      expect(again.status).toBe(200);
      await deliver({ url }, json({ zen: "x" }), { key: github.key });
      expect(await ran(own, source)).toHaveLength(1);
    } finally {
      await own.stop();
    }
  });
});
