import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  accept,
  acceptSync,
  close,
  dump,
  HOOK,
  KEY,
  open,
  restart,
  ring,
  roomsHere,
  row,
  rows,
  SECRET,
  standIn,
  status,
  stub,
  TOKENS,
} from "./conversation.fixture.ts";

beforeEach(open);
afterEach(close);

const LARGE = "x".repeat(1024 * 1024);
const LARGE_TOKENS = JSON.stringify({ mcp: LARGE });

async function stored(): Promise<string[]> {
  const { objects } = await env.FILES.list();
  return Promise.all(
    objects.map(async ({ key }) => (await (await env.FILES.get(key))?.text()) ?? ""),
  );
}

describe("a waiting task", () => {
  it("has its key and tokens sealed, and no one in the clear", async () => {
    await accept("one", { task: { userTokens: TOKENS } });
    const text = await dump();
    expect(text).not.toContain(KEY);
    expect(text).not.toContain("token-of-the-user");
    expect(text.split("eyJ").length).toBe(3);
  });

  it("lies in R2 where it is large, its tokens sealed, until the platform has it", async () => {
    await accept(LARGE, { task: { userTokens: LARGE_TOKENS } });
    const kept = await stored();
    expect(kept).toHaveLength(2);
    expect(kept.filter((text) => text.startsWith("eyJ"))).toHaveLength(1);
    expect(kept.some((text) => text.includes('"mcp"'))).toBe(false);
    expect((await dump()).length).toBeLessThan(4_000);
    await ring();
    expect(standIn.taken).toEqual([LARGE]);
    expect(JSON.parse(standIn.bodies[0] ?? "").user_tokens).toEqual({ mcp: LARGE });
    expect(await stored()).toEqual([]);
  });

  it("leaves nothing in R2 when it was a repeat, or was dropped or replaced", async () => {
    const repeat = { key: "k", hash: "h" };
    await accept(LARGE, { repeat });
    await accept(LARGE, { repeat });
    await accept(LARGE, { repeat: { key: "k", hash: "other" } });
    await accept(LARGE, { handling: { overlap: "drop" } });
    expect(await stored()).toHaveLength(1);
    await accept(LARGE, { handling: { overlap: "latest" } });
    await accept(LARGE, { handling: { overlap: "latest" } });
    expect(await stored()).toHaveLength(2);
  });

  it("whose key can no longer be opened is dead in the end, and holds up none but its own", async () => {
    await accept("one");
    await restart({ GATEWAY_SECRET: "n".repeat(64) });
    await ring(9);
    expect(await row(1)).toMatchObject({ state: "dead", last_error: "internal" });
    await accept("two");
    await ring();
    expect(standIn.taken).toEqual(["two"]);
  });

  it("is sealed anew when it is read under a new secret", async () => {
    standIn.starts.push(status(500));
    await accept("one", { task: { userTokens: TOKENS } });
    await restart({ GATEWAY_SECRET: "n".repeat(64), GATEWAY_SECRET_PREVIOUS: SECRET });
    await ring();
    await restart({ GATEWAY_SECRET_PREVIOUS: "" });
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect(standIn.bodies[0]).toContain(TOKENS);
  });

  it("whose large tokens are sealed anew leaves one object", async () => {
    standIn.starts.push(status(500));
    await accept("one", { task: { userTokens: LARGE_TOKENS } });
    await restart({ GATEWAY_SECRET: "n".repeat(64), GATEWAY_SECRET_PREVIOUS: SECRET });
    await ring();
    expect(await stored()).toHaveLength(1);
    await restart({ GATEWAY_SECRET_PREVIOUS: "" });
    await ring();
    expect(await stored()).toEqual([]);
    expect(standIn.taken).toEqual(["one"]);
  });
});

describe("a task's secrets", () => {
  const given = { task: { userTokens: TOKENS } };
  const ends: [string, () => Promise<unknown>][] = [
    ["taken", () => ring()],
    [
      "refused",
      () => {
        standIn.starts.push(status(404));
        return accept("one", { ...given, task: {} }).then(() => ring());
      },
    ],
    ["dropped", () => accept("one", { ...given, handling: { overlap: "drop" } })],
    [
      "replaced",
      async () => {
        await accept("one", { ...given, handling: { overlap: "latest" } });
        await accept("two", { ...given, handling: { overlap: "latest" } });
        await ring();
        standIn.end("t");
        await ring();
      },
    ],
  ];

  it.each(ends)("are erased when it was %s", async (name, end) => {
    if (name !== "refused") await accept("zero", given);
    await end();
    if (name === "dropped") await ring();
    const columns = (await rows()).map(({ api_key, user_tokens }) => ({ api_key, user_tokens }));
    expect(columns.filter(({ api_key, user_tokens }) => api_key ?? user_tokens)).toEqual([]);
    expect(await dump()).not.toContain("eyJ");
  });

  it("are the key alone while its callback waits, and nothing after", async () => {
    await accept("one", { ...given, handling: { callbackUrl: HOOK } });
    await ring();
    expect(await row(1)).toMatchObject({ user_tokens: null, api_key: expect.any(String) });
    standIn.end("t");
    await ring(2);
    expect(await dump()).not.toContain("eyJ");
  });

  it("are not brought back by a new seal that comes too late", async () => {
    await accept("one", { handling: { callbackUrl: HOOK } });
    await ring();
    await restart({ GATEWAY_SECRET: "n".repeat(64), GATEWAY_SECRET_PREVIOUS: SECRET });
    const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
    vi.spyOn(crypto.subtle, "encrypt").mockImplementationOnce(async (...call) => {
      await stub().observe(1, { snapshot: "ended", standing: "ended", answer: "={}" }, 0);
      return encrypt(...call);
    });
    await ring();
    expect(await row(1)).toMatchObject({ state: "finished", api_key: null });
  });

  it("of a synchronous task are never on disk", async () => {
    await acceptSync(given);
    expect(await dump()).not.toContain("eyJ");
    expect(roomsHere().config.GATEWAY_SECRET).toBe(SECRET);
  });
});
