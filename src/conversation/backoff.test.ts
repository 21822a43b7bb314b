import { describe, expect, it } from "vitest";
import { askDelayMs, retryAfterMs, retryDelayMs } from "./backoff.ts";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const DAY_SECONDS = 24 * 60 * 60;

describe("retryDelayMs", () => {
  it.each([
    [1, 4_000, 5_000, 6_000],
    [2, 24_000, 30_000, 36_000],
    [3, 96_000, 120_000, 144_000],
    [4, 480_000, 600_000, 720_000],
    [5, 1_440_000, 1_800_000, 2_160_000],
    [6, 2_880_000, 3_600_000, 4_320_000],
    [7, 5_760_000, 7_200_000, 8_640_000],
    [8, 11_520_000, 14_400_000, 17_280_000],
  ])("after failure %i is from %i to %i to %i ms", (failures, least, middle, most) => {
    expect([0, 0.5, 1].map((random) => retryDelayMs(failures, random))).toEqual([
      least,
      middle,
      most,
    ]);
  });

  it.each([9, 10, 1_000])("is none after failure %i", (failures) => {
    expect(retryDelayMs(failures, 0.5)).toBeUndefined();
  });
});

describe("askDelayMs", () => {
  it.each([
    [0, 1_000],
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 7_000],
    [5, 30_000],
    [6, 30_000],
    [1_000, 30_000],
  ])("after %i questions is %i ms", (asked, delay) => {
    expect(askDelayMs(asked)).toBe(delay);
  });
});

describe("retryAfterMs", () => {
  it.each<[string | undefined, number]>([
    [undefined, 0],
    ["", 0],
    ["0", 0],
    ["1", 1],
    [" 120 ", 120],
    ["3600", 3_600],
    ["86399", 86_399],
    ["86400", DAY_SECONDS],
    ["86401", DAY_SECONDS],
    ["9".repeat(400), DAY_SECONDS],
    ["Sun, 22 Nov 2026 10:02:00 GMT", 120],
    ["Sunday, 22-Nov-26 10:02:00 GMT", 120],
    ["Sun Nov 22 10:02:00 2026", 120],
    ["Sun, 22 Nov 2026 10:00:00 GMT", 0],
    ["Sun, 22 Nov 2026 09:59:59 GMT", 0],
    ["Fri, 01 Jan 9999 00:00:00 GMT", DAY_SECONDS],
    ["soon", 0],
    ["-5", 0],
    ["1.5", 0],
    ["1e3", 0],
    ["0x10", 0],
    ["Infinity", 0],
    ["NaN", 0],
    ["in 2077", 0],
    ["2077-01-01", 0],
    ["5, 10", 0],
  ])("of %j is %i s", (header, seconds) => {
    expect(retryAfterMs(header, NOW)).toBe(seconds * 1000);
  });
});
