import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, type Sent } from "../support/http.ts";
import { refusalOf } from "../support/refusal.ts";
import { telegram } from "../support/senders-chat.ts";
import { github, gitlab } from "../support/senders-work.ts";
import {
  deliver,
  happen,
  openSource,
  ran,
  ranFor,
  ranOnce,
  type Source,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function post({ url }: Source, headers: Sent["headers"] = {}) {
  return send(url, {
    headers: { "content-type": "application/json", ...headers },
    body: '{"a":1}',
  });
}

const SHOP = "https://shop.example";

describe.concurrent("allowed_origins", () => {
  it("lets the pages of these in", async () => {
    const source = await openSource(pair, { allowed_origins: [SHOP, "http://localhost:3000"] });
    const answer = await post(source, { origin: SHOP });
    expect(answer.status).toBe(200);
    expect(answer.headers["access-control-allow-origin"]).toBe(SHOP);
    expect(answer.headers["vary"]).toMatch(/origin/i);
    await ranOnce(pair, source);
  });

  it.each([
    "https://evil.example",
    "https://shop.example.evil.example",
    "https://a.shop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "null",
  ])("runs nothing for the page of another: %s", async (origin) => {
    const source = await openSource(pair, { allowed_origins: [SHOP] });
    const answer = await post(source, { origin });
    expect(answer.status).toBe(403);
    expect(answer.headers["access-control-allow-origin"] ?? "").not.toContain(origin);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("answers the preflight of one that is allowed, and of no other", async () => {
    const source = await openSource(pair, { allowed_origins: [SHOP] });
    const preflight = (origin: string) =>
      send(source.url, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type",
        },
      });
    const answer = await preflight(SHOP);
    expect([200, 204]).toContain(answer.status);
    expect(answer.headers["access-control-allow-origin"]).toBe(SHOP);
    expect(answer.headers["access-control-allow-methods"]).toMatch(/POST/);
    expect(answer.headers["access-control-allow-headers"]).toMatch(/content-type/i);
    expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
    const other = await preflight("https://evil.example");
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("lets a refusal be read by its page", async () => {
    const source = await openSource(pair, { allowed_origins: [SHOP], max_runs_per_day: 1 });
    await post(source, { origin: SHOP });
    const answer = await post(source, { origin: SHOP });
    expect(answer.status).toBe(429);
    expect(answer.headers["access-control-allow-origin"]).toBe(SHOP);
  });

  it("is nothing that is said without being set", async () => {
    const source = await openSource(pair);
    const answer = await post(source, { origin: SHOP });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });
});

describe.concurrent("allowed_ips", () => {
  const NETWORKS = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32"];

  it.each(["192.0.2.0", "192.0.2.255", "198.51.100.7", "2001:db8:1::1", "2001:DB8::"])(
    "lets an address in: %s",
    async (ip) => {
      const source = await openSource(pair, { allowed_ips: NETWORKS });
      expect((await post(source, { "cf-connecting-ip": ip })).status).toBe(200);
      await ranOnce(pair, source);
    },
  );

  it.each(["192.0.3.0", "198.51.100.8", "2001:db9::", "::1", "::ffff:203.0.113.1"])(
    "runs nothing from another: %s",
    async (ip) => {
      const source = await openSource(pair, { allowed_ips: NETWORKS });
      const answer = await post(source, { "cf-connecting-ip": ip });
      expect(answer.status).toBe(403);
      expect(ranFor(pair, source)).toEqual([]);
    },
  );

  it("is asked of signed senders too", async () => {
    const source = await sourceOf(pair, github, { allowed_ips: ["192.0.2.1"] });
    const { body, headers } = github.happens(1);
    const elsewhere = { body, headers: { ...headers, "cf-connecting-ip": "192.0.2.2" } };
    expect((await deliver(source, elsewhere, { key: github.key })).status).toBe(403);
    const there = { body, headers: { ...headers, "cf-connecting-ip": "192.0.2.1" } };
    expect((await deliver(source, there, { key: github.key })).status).toBe(200);
    await ranOnce(pair, source);
  });
});

describe.concurrent("max_runs_per_day", () => {
  it("is 429 past it, until midnight UTC", async () => {
    const source = await openSource(pair, { max_runs_per_day: 2 });
    const answers = [await post(source), await post(source), await post(source)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    const [, , full] = answers;
    const untilMidnight = 86_400 - (Math.floor(Date.now() / 1000) % 86_400);
    const told = Number(full?.headers["retry-after"]);
    expect(Math.abs(told - untilMidnight)).toBeLessThanOrEqual(30);
    expect(full && refusalOf(full)).toMatchObject({ code: expect.stringMatching(/\S/) });
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it("is not used up by repeats, by what is not run, or by bad signatures", async () => {
    const source = await sourceOf(pair, github, { max_runs_per_day: 2, events: ["issues.opened"] });
    const { body, headers } = github.happens(8);
    const star = { body, headers: { ...headers, "X-GitHub-Event": "star" } };
    await happen(github, source, 1);
    await happen(github, source, 1);
    await deliver(source, star, { key: github.key });
    await deliver(source, github.happens(7), { key: github.nextKey });
    expect((await happen(github, source, 2)).status).toBe(200);
    expect((await happen(github, source, 3)).status).toBe(429);
    // A repeat of what ran is still a success.
    expect((await happen(github, source, 1)).status).toBe(200);
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it("holds for many at once", async () => {
    const source = await openSource(pair, { max_runs_per_day: 3 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(source)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(await ran(pair, source, 3)).toHaveLength(3);
  });

  it("does not make GitLab turn its hook off", async () => {
    const source = await sourceOf(pair, gitlab, { max_runs_per_day: 1 });
    await happen(gitlab, source, 1);
    const answer = await happen(gitlab, source, 2);
    expect(answer.status < 400 || answer.status >= 500).toBe(true);
    expect(await ran(pair, source)).toHaveLength(1);
  });
});

describe.concurrent("the brake", () => {
  const times = Array.from({ length: 260 }, (_, n) => n);

  it("is for 120 a minute of what nobody signed", async () => {
    const source = await openSource(pair);
    const answers = await Promise.all(times.map(() => post(source)));
    const braked = answers.filter(({ status }) => status === 429);
    // A minute of the clock may have ended in between.
    expect(braked.length).toBeGreaterThanOrEqual(1);
    expect(braked.length).toBeLessThanOrEqual(140);
    expect(braked[0]?.headers["retry-after"]).toBe("60");
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  });

  it("is for those who guess, and not for who signs", { timeout: 60_000 }, async () => {
    const source = await sourceOf(pair, github);
    const { body, headers } = github.happens(1);
    const guesses = times.map(() =>
      deliver(source, { body, headers }, { key: github.nextKey }).then(({ status }) => status),
    );
    const statuses = new Set(await Promise.all(guesses));
    expect(statuses).toEqual(new Set([401, 429]));
    const signed = await Promise.all(times.slice(0, 150).map((n) => happen(github, source, n)));
    expect(new Set(signed.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it("is each source's own", async () => {
    const guessed = await sourceOf(pair, telegram);
    await Promise.all(
      times.map((n) => deliver(guessed, telegram.happens(n), { key: telegram.nextKey })),
    );
    const other = await sourceOf(pair, telegram);
    expect((await happen(telegram, other, 1)).status).toBe(200);
  });
});
