import { env } from "cloudflare:workers";
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { createStash, fitsRow, inRow } from "./stash.ts";

afterEach(reset);

const ROW = 900 * 1024;
const stash = createStash(() => env.FILES);
const broken = () => Promise.reject(new Error("R2 is out"));

async function keys(): Promise<string[]> {
  return (await env.FILES.list()).objects.map(({ key }) => key);
}

describe("fitsRow", () => {
  it.each([
    ["nothing", "", true],
    ["ASCII at the limit", "a".repeat(ROW), true],
    ["ASCII over it", "a".repeat(ROW + 1), false],
    ["two bytes each at the limit", "é".repeat(ROW / 2), true],
    ["two bytes each over it", `${"é".repeat(ROW / 2)}a`, false],
    ["three bytes each at the limit", "€".repeat(ROW / 3), true],
    ["three bytes each over it", `${"€".repeat(ROW / 3)}a`, false],
    ["four bytes each at the limit", "😀".repeat(ROW / 4), true],
    ["four bytes each over it", `${"😀".repeat(ROW / 4)}a`, false],
  ])("says it of %s", (_, text, fits) => {
    expect(fitsRow(text)).toBe(fits);
  });
});

describe("a stash", () => {
  it.each(["", "Hello", "@waiting/of-another", "=", "a".repeat(ROW)])(
    "keeps what fits in the row itself",
    async (text) => {
      const kept = await stash.keep("waiting", text);
      expect(kept === `=${text}`).toBe(true);
      expect(inRow(kept) === text).toBe(true);
      expect((await stash.recall(kept)) === text).toBe(true);
      expect(await keys()).toEqual([]);
    },
  );

  it("keeps what does not in R2, reads it back, and removes it", async () => {
    const text = `${"é😀".repeat(ROW / 4)}!`;
    const kept = await stash.keep("answers", text);
    expect(kept).toMatch(/^@tasks\/answers\/[0-9a-f-]{36}$/);
    expect(inRow(kept)).toBeUndefined();
    expect((await stash.recall(kept)) === text).toBe(true);
    await stash.discard([kept, null, "=in the row"]);
    expect(await keys()).toEqual([]);
    await expect(stash.recall(kept)).rejects.toThrow("gone");
  });

  it("removes nothing else", async () => {
    const [one, two] = await Promise.all(
      ["a", "b"].map((letter) => stash.keep("waiting", letter.repeat(ROW + 1))),
    );
    await stash.discard([one ?? null]);
    expect(await keys()).toEqual([two?.slice(1)]);
  });

  it("never throws where it removes, and does where it keeps", async () => {
    const out = createStash(() => new Proxy(env.FILES, { get: () => broken }));
    await expect(out.discard(["@waiting/1"])).resolves.toBeUndefined();
    await expect(out.keep("waiting", "a".repeat(ROW + 1))).rejects.toThrow("R2 is out");
  });
});
