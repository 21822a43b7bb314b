import { describe, expect, it } from "vitest";
import { createSeal } from "./seal.ts";

const OLD = "o".repeat(64);
const NEW = "n".repeat(64);

describe("a seal", () => {
  it.each(["", "key", "é😀\u0000", "x".repeat(2_000_000)])("opens what it closed", async (text) => {
    const seal = createSeal([NEW]);
    const opened = await seal.open(await seal.close(text));
    expect(opened.text === text).toBe(true);
    expect(opened.isStale).toBe(false);
  });

  it("is another each time, and tells nothing", async () => {
    const seal = createSeal([NEW]);
    const [one, two] = [await seal.close("a-secret-key"), await seal.close("a-secret-key")];
    expect(one).not.toBe(two);
    expect(one + atob(one.split(".")[0] ?? "")).not.toContain("secret");
  });

  it("opens what the previous secret closed, and says that it is stale", async () => {
    const closed = await createSeal([OLD]).close("key");
    expect(await createSeal([NEW, OLD]).open(closed)).toEqual({ text: "key", isStale: true });
  });

  it("closes with the present secret alone", async () => {
    const closed = await createSeal([NEW, OLD]).close("key");
    expect(await createSeal([NEW]).open(closed)).toEqual({ text: "key", isStale: false });
    await expect(createSeal([OLD]).open(closed)).rejects.toThrow();
  });

  it("seals a key once an isolate, and each key for itself", async () => {
    const seal = createSeal([NEW]);
    const one = await seal.closeKey("key-1");
    expect(await seal.closeKey("key-1")).toBe(one);
    expect(await seal.closeKey("key-2")).not.toBe(one);
    expect((await seal.open(await seal.closeKey("key-2"))).text).toBe("key-2");
  });

  it("does not open what another secret closed", async () => {
    const closed = await createSeal([OLD]).close("key");
    await expect(createSeal([NEW]).open(closed)).rejects.toThrow();
    await expect(createSeal([]).open(closed)).rejects.toThrow("secret");
    await expect(createSeal([]).close("key")).rejects.toThrow("secret");
  });

  it.each([0, 2, 3, 4])("does not open what was changed in part %i", async (part) => {
    const seal = createSeal([NEW]);
    const parts = (await seal.close("a key of some length")).split(".");
    const text = parts[part] ?? "";
    parts[part] = `${text.startsWith("A") ? "B" : "A"}${text.slice(1)}`;
    await expect(seal.open(parts.join("."))).rejects.toThrow();
  });

  it.each([
    ["nothing", ""],
    ["no JWE", "key"],
    // {"alg":"none"}
    ["another algorithm", "eyJhbGciOiJub25lIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"],
    // {"alg":"dir","enc":"A128GCM"}
    [
      "another cipher",
      "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
    ],
  ])("does not open %s", async (_, text) => {
    await expect(createSeal([NEW, OLD]).open(text)).rejects.toThrow();
  });
});
