import { describe, expect, it } from "vitest";
import { readIdempotencyKey } from "./idempotency-key.ts";

describe("readIdempotencyKey", () => {
  it.each([
    ["key", "key"],
    ['"key"', "key"],
    [" key ", "key"],
    ["8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ["!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ["k".repeat(255), "k".repeat(255)],
    [`"${"k".repeat(255)}"`, "k".repeat(255)],
  ])("takes %j", (header, key) => {
    expect(readIdempotencyKey(header)).toEqual({ ok: true, value: key });
  });

  it("takes none for none", () => {
    expect(readIdempotencyKey(null)).toEqual({ ok: true, value: undefined });
  });

  it.each([
    "",
    " ",
    '""',
    '"',
    '"key',
    'key"',
    'k"ey',
    '"k"ey"',
    "two words",
    '"two words"',
    "tab\tbed",
    "k\u0000",
    "ключ",
    "é",
    "k\u007f",
    "k".repeat(256),
    `"${"k".repeat(256)}"`,
  ])("refuses %j", (header) => {
    expect(readIdempotencyKey(header)).toMatchObject({
      ok: false,
      refusal: { loc: ["header", "Idempotency-Key"] },
    });
  });
});
