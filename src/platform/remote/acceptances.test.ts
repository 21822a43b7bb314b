import { env } from "cloudflare:workers";
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { type Acceptances, type AcceptancesOptions, createAcceptances } from "./acceptances.ts";

afterEach(reset);

const NOW = Date.parse("2026-11-22T10:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;
const acceptance = { organisation: "org-1", at: NOW };

const outage = () => Promise.reject(new Error("KV is out"));

/** An isolate with nothing in its memory, before the same KV. */
function isolate(options: Partial<AcceptancesOptions> = {}): Acceptances {
  return createAcceptances({
    namespace: env.ACCEPTED_KEYS,
    hmacKey: new Uint8Array(32).fill(1),
    origin: "https://platform.test",
    ...options,
  });
}

describe("an acceptance", () => {
  it.each([
    ["the isolate that heard of it", (here: Acceptances) => here],
    ["another isolate", () => isolate()],
  ])("is known to %s", async (_, where) => {
    const here = isolate();
    await here.remember("key-1", "agent-1", acceptance);
    expect(await where(here).find("key-1", "agent-1", NOW)).toEqual(acceptance);
  });

  it.each<[string, string, string | undefined, Acceptances]>([
    ["another key", "key-2", "agent-1", isolate()],
    ["another agent", "key-1", "agent-2", isolate()],
    ["the key alone", "key-1", undefined, isolate()],
    ["the same of another platform", "key-1", "agent-1", isolate({ origin: "https://b.test" })],
    ["the same after another secret", "key-1", "agent-1", isolate({ hmacKey: new Uint8Array(32) })],
  ])("says nothing of %s", async (_, apiKey, agentId, elsewhere) => {
    await isolate().remember("key-1", "agent-1", acceptance);
    expect(await elsewhere.find(apiKey, agentId, NOW)).toBeUndefined();
  });

  it("of a key alone says nothing of an agent", async () => {
    const here = isolate();
    await here.remember("key-1", undefined, acceptance);
    expect(await here.find("key-1", "agent-1", NOW)).toBeUndefined();
    expect(await isolate().find("key-1", undefined, NOW)).toEqual(acceptance);
  });

  it.each([
    ["memory", (here: Acceptances) => here],
    ["KV", () => isolate()],
  ])("ends after 24 hours in %s", async (_, where) => {
    const here = isolate();
    await here.remember("key-1", "agent-1", acceptance);
    const there = where(here);
    expect(await there.find("key-1", "agent-1", NOW + DAY_MS - 1)).toEqual(acceptance);
    expect(await there.find("key-1", "agent-1", NOW + DAY_MS)).toBeUndefined();
  });

  it("is written under an HMAC, for 24 hours, and without the key", async () => {
    const writtenAt = Math.floor(Date.now() / 1000);
    await isolate().remember("key-1", "agent-1", acceptance);
    const { keys } = await env.ACCEPTED_KEYS.list();
    expect(keys).toEqual([
      { name: expect.stringMatching(/^[0-9a-f]{64}$/), expiration: expect.any(Number) },
    ]);
    const [entry] = keys;
    expect(Number(entry?.expiration) - writtenAt).toBeGreaterThanOrEqual(DAY_MS / 1000);
    expect(Number(entry?.expiration) - writtenAt).toBeLessThan(DAY_MS / 1000 + 10);
    const value = await env.ACCEPTED_KEYS.get(entry?.name ?? "");
    expect(value).toBe(JSON.stringify(acceptance));
  });

  it("is forgotten everywhere", async () => {
    const here = isolate();
    await here.remember("key-1", "agent-1", acceptance);
    await here.forget("key-1", "agent-1");
    expect(await here.find("key-1", "agent-1", NOW)).toBeUndefined();
    expect(await isolate().find("key-1", "agent-1", NOW)).toBeUndefined();
  });

  it("is forgotten by an isolate that has not heard of it", async () => {
    await isolate().remember("key-1", "agent-1", acceptance);
    await isolate().forget("key-1", "agent-1");
    expect(await isolate().find("key-1", "agent-1", NOW)).toBeUndefined();
  });

  it("is forgotten alone", async () => {
    const here = isolate();
    await here.remember("key-1", "agent-1", acceptance);
    await here.remember("key-1", "agent-2", acceptance);
    await here.forget("key-1", "agent-1");
    expect(await isolate().find("key-1", "agent-2", NOW)).toEqual(acceptance);
  });

  it.each(["", "null", "{", '"org-1"', '{"organisation":7,"at":1}', '{"organisation":"org-1"}'])(
    "is none where KV holds %s",
    async (value) => {
      await isolate().remember("key-1", "agent-1", acceptance);
      const { keys } = await env.ACCEPTED_KEYS.list();
      await env.ACCEPTED_KEYS.put(keys[0]?.name ?? "", value);
      expect(await isolate().find("key-1", "agent-1", NOW)).toBeUndefined();
    },
  );

  it("holds in memory while KV is out", async () => {
    const namespace = new Proxy(env.ACCEPTED_KEYS, { get: () => outage });
    const here = isolate({ namespace });
    expect(await here.find("key-1", "agent-1", NOW)).toBeUndefined();
    await here.remember("key-1", "agent-1", acceptance);
    expect(await here.find("key-1", "agent-1", NOW)).toEqual(acceptance);
    await here.forget("key-1", "agent-1");
    expect(await here.find("key-1", "agent-1", NOW)).toBeUndefined();
  });
});
