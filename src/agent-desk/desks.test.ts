import { env, waitUntil } from "cloudflare:workers";
import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSeal } from "../seal.ts";
import { createDesks } from "./desks.ts";
import type { SourceChange } from "./messages.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

const seal = createSeal(["0123456789abcdef0123456789abcdef"]);
const PLACE = { agentId: "agent-1", name: "a" };

async function changeTo(prompt: string): Promise<SourceChange> {
  return {
    organisation: "org-1",
    settings: JSON.stringify({ provider: "none", proof: {}, prompt }),
    apiKey: await seal.close("key"),
    secret: null,
    verifyToken: null,
    revokePrevious: false,
    basedOn: (await env.AGENT_DESKS.getByName(PLACE.agentId).find(PLACE.name))?.updated_at,
  };
}

/** As another isolate would have it. */
function newDesks() {
  return createDesks({ namespace: () => env.AGENT_DESKS, seal, waitUntil });
}

describe("find", () => {
  it("knows a change elsewhere after ten seconds at the latest, and its own at once", async () => {
    const [here, elsewhere] = [newDesks(), newDesks()];
    const promptsNow = async () =>
      Promise.all([here, elsewhere].map(async (each) => (await each.find(PLACE))?.settings.prompt));
    expect(await promptsNow()).toEqual([undefined, undefined]);
    await here.put(PLACE, await changeTo("one"));
    expect(await promptsNow()).toEqual(["one", undefined]);
    vi.setSystemTime(Date.now() + 10_000);
    expect(await promptsNow()).toEqual(["one", "one"]);
    await elsewhere.put(PLACE, await changeTo("two"));
    expect(await promptsNow()).toEqual(["one", "two"]);
    vi.setSystemTime(Date.now() + 9_999);
    expect(await promptsNow()).toEqual(["one", "two"]);
    vi.setSystemTime(Date.now() + 1);
    expect(await promptsNow()).toEqual(["two", "two"]);
    expect(await here.remove(PLACE, "org-1")).toBe(true);
    expect(await promptsNow()).toEqual([undefined, "two"]);
  });

  it("asks the object once for a name that is not there", async () => {
    const getByName = vi.spyOn(env.AGENT_DESKS, "getByName");
    const desks = createDesks({ namespace: () => env.AGENT_DESKS, seal, waitUntil });
    for (let tries = 0; tries < 5; tries += 1) await desks.find(PLACE);
    expect(getByName).toHaveBeenCalledTimes(1);
    getByName.mockRestore();
  });
});

describe("note", () => {
  it("is in the list of who asks next", async () => {
    const desks = newDesks();
    await desks.put(PLACE, await changeTo("one"));
    const line = { at: Date.now(), status: 200, task_id: null, turn: null, error: null, runs: 1 };
    for (const id of ["1", "2"]) {
      desks.note(PLACE, [{ ...line, outcome: "started", delivery_id: id }]);
    }
    const shown = await desks.show(PLACE, "org-1");
    expect(shown?.deliveries.map(({ delivery_id: id }) => id)).toEqual(["2", "1"]);
    expect(shown?.runsToday).toBe(2);
  });
});
