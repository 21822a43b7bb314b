import { env } from "cloudflare:workers";
import {
  evictDurableObject,
  listDurableObjectIds,
  reset,
  runInDurableObject,
} from "cloudflare:test";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { MAX_KEPT_TASKS, MAX_LISTED_DELIVERIES, MAX_LISTED_UNPROVEN } from "../limits.ts";
import type { DeliveryOutcome, Note, SourceChange } from "./messages.ts";

afterEach(() => reset());

const CHANGE: SourceChange = {
  organisation: "org-1",
  settings: '{"provider":"none","proof":{}}',
  apiKey: "sealed key",
  secret: undefined,
  verifyToken: undefined,
  revokePrevious: false,
  basedOn: undefined,
};

/** As who has read the source before. */
async function changeOf(name: string): Promise<SourceChange> {
  return { ...CHANGE, basedOn: (await desk().find(name))?.updated_at };
}

function desk() {
  return env.AGENT_DESKS.getByName("agent-1");
}

function note(outcome: DeliveryOutcome, delivery_id: string, runs = 0, source = "a"): Note {
  const at = Date.now();
  return {
    source,
    at,
    delivery_id,
    outcome,
    status: 200,
    task_id: null,
    turn: null,
    error: null,
    runs,
  };
}

function many(outcome: DeliveryOutcome, count = 300): Note[] {
  return Array.from({ length: count }, (_, n) => note(outcome, String(n)));
}

const TODAY = new Date().toISOString().slice(0, 10);

describe("AgentDesk", () => {
  it("leaves nothing behind for who only asks", async () => {
    const asked = desk();
    expect(await asked.find("a")).toBeUndefined();
    expect(await asked.show("a", "org-1")).toBeUndefined();
    expect(await asked.list("org-1")).toEqual([]);
    expect(await asked.take("a", TODAY, { wanted: 1, max: 1 })).toBe(0);
    expect(await asked.claim("a", { token: "t", bodyHash: "h" })).toBe(false);
    await asked.note([note("started", "1", 1)]);
    const tables = await runInDurableObject(asked, (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("keeps a source over an eviction, and is empty once the last one is gone", async () => {
    expect(await desk().put("a", CHANGE)).toMatchObject({ kind: "created" });
    expect(await desk().put("b", CHANGE)).toMatchObject({ kind: "created" });
    await evictDurableObject(desk());
    expect(await desk().find("a")).toMatchObject({ organisation: "org-1", api_key: "sealed key" });
    expect(await desk().put("a", await changeOf("a"))).toMatchObject({ kind: "changed" });
    expect(await desk().remove("a", "org-2")).toBe(false);
    expect(await desk().remove("a", "org-1")).toBe(true);
    expect(await desk().put("a", { ...CHANGE, organisation: "org-2" })).toEqual({
      kind: "foreign",
    });
    expect(await desk().remove("b", "org-1")).toBe(true);
    const next = await desk().put("a", { ...CHANGE, organisation: "org-2" });
    expect(next).toMatchObject({ kind: "created" });
    expect((await listDurableObjectIds(env.AGENT_DESKS)).length).toBe(1);
  });

  it("gives out no more of a day than its runs, and takes back what was not used", async () => {
    await desk().put("a", CHANGE);
    const take = (wanted: number, day = TODAY) => desk().take("a", day, { wanted, max: 3 });
    expect([await take(2), await take(2), await take(1)]).toEqual([2, 1, 0]);
    await desk().giveBack("a", TODAY, 1);
    expect([await take(5), await take(1)]).toEqual([1, 0]);
    expect(await take(9, "9999-12-31")).toBe(3);
  });

  it("lists the newest deliveries, and does not let the unproven push them out", async () => {
    await desk().put("a", CHANGE);
    const proven = Array.from({ length: 60 }, (_, n) => note("started", `p${n}`, 1));
    const unproven = Array.from({ length: 60 }, (_, n) => note("unproven", `u${n}`));
    await desk().note([...proven, note("started", "gone", 1, "no such source")]);
    await desk().note(unproven);
    const shown = await desk().show("a", "org-1");
    expect(shown?.runsToday).toBe(60);
    const ids = shown?.deliveries.map(({ delivery_id: id }) => String(id)) ?? [];
    expect(ids.length).toBe(MAX_LISTED_DELIVERIES);
    expect(ids.filter((id) => id.startsWith("u")).length).toBe(MAX_LISTED_UNPROVEN);
    expect([ids[0], ids[MAX_LISTED_UNPROVEN], ids.at(-1)]).toEqual(["u59", "p59", "p20"]);
  });

  it("lets a token be used again with the same body alone", async () => {
    await desk().put("a", CHANGE);
    await desk().put("b", CHANGE);
    const claim = (name: string, bodyHash: string) => desk().claim(name, { token: "t", bodyHash });
    expect([await claim("a", "one"), await claim("a", "one")]).toEqual([true, true]);
    expect([await claim("a", "two"), await claim("b", "two")]).toEqual([false, true]);
    await desk().keepClaim("a", "t");
    await evictDurableObject(desk());
    expect([await claim("a", "two"), await claim("a", "one")]).toEqual([false, true]);
  });

  it("sets all of a source with its new secret", async () => {
    await desk().put("a", { ...CHANGE, secret: "one" });
    const settings = '{"provider":"token","proof":{}}';
    const change = { ...(await changeOf("a")), secret: "two", apiKey: "another", settings };
    await desk().put("a", change);
    expect(await desk().find("a")).toMatchObject({
      settings,
      api_key: "another",
      secret: "two",
      previous_secret: "one",
    });
  });

  it("does not let handshakes that prove nothing push the others out", async () => {
    await desk().put("a", CHANGE);
    await desk().note([note("refused", "mine")]);
    for (const outcome of ["handshake", "unproven"] as const) {
      await desk().note(many(outcome, 60));
    }
    const shown = (await desk().show("a", "org-1"))?.deliveries ?? [];
    expect(shown).toHaveLength(MAX_LISTED_UNPROVEN + 1);
    expect(shown.at(-1)?.delivery_id).toBe("mine");
  });

  it("takes a change only of what it was worked out from, however close they come", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    await desk().put("a", CHANGE);
    const first = await changeOf("a");
    const kinds = [];
    for (const change of [first, first, await changeOf("a"), CHANGE]) {
      kinds.push((await desk().put("a", change)).kind);
    }
    expect(kinds).toEqual(["changed", "overtaken", "overtaken", "overtaken"]);
    expect(await desk().put("a", await changeOf("a"))).toMatchObject({ kind: "changed" });
  });

  it("keeps the tasks of deliveries behind any number of others", async () => {
    await desk().put("a", CHANGE);
    const tasks = Array.from({ length: MAX_KEPT_TASKS + 1 }, (_, n) => `t${n}`);
    const started = tasks.map((id) => ({ ...note("started", id), task_id: id, turn: 1 }));
    await desk().note([...started, ...many("filtered")]);
    // In batches of their own, and together with a task.
    await desk().note(
      [...many("repeat"), ...many("dropped")].map((each) => ({ ...each, turn: 9 })),
    );
    for (const outcome of ["unproven", "handshake", "refused"] as const) {
      await desk().note(many(outcome));
    }
    const kept = (await desk().show("a", "org-1"))?.deliveries ?? [];
    const newest = kept.slice(0, MAX_LISTED_DELIVERIES).map(({ outcome }) => outcome);
    expect(newest).toEqual(Array(MAX_LISTED_DELIVERIES).fill("refused"));
    const withTask = kept.filter(({ turn }) => turn !== null).map(({ task_id: id }) => id);
    expect(withTask).toEqual(tasks.slice(1).toReversed());
    expect(kept).toHaveLength(MAX_KEPT_TASKS + MAX_LISTED_DELIVERIES);
  });

  it("seals anew only what is still the same", async () => {
    await desk().put("a", { ...CHANGE, secret: "old" });
    await desk().reseal("a", [
      { from: "old", to: "new" },
      { from: "elsewhere", to: "never" },
    ]);
    expect(await desk().find("a")).toMatchObject({ secret: "new", api_key: "sealed key" });
  });
});
