import { describe, expect, it } from "vitest";
import { preferredWait } from "./prefer.ts";

describe("preferredWait", () => {
  it.each<[string | null, number | undefined]>([
    ["wait=5", 5],
    ["WAIT=5", 5],
    [" wait = 5 ", 5],
    ['wait="5"', 5],
    ["wait=05", 5],
    ["wait=5; foo=bar", 5],
    ["respond-async, wait=10", 10],
    ["wait=10, respond-async", 10],
    ["wait=5, wait=10", 5],
    ["wait=x, wait=10", 10],
    ["wait=999999999", 999_999_999],

    [null, undefined],
    ["", undefined],
    ["respond-async", undefined],
    ["wait", undefined],
    ["wait=", undefined],
    ["wait=0", undefined],
    ["wait=-1", undefined],
    ["wait=+1", undefined],
    ["wait=1.5", undefined],
    ["wait=1e9", undefined],
    ["wait=0x5", undefined],
    ["wait=abc", undefined],
    ["wait=5s", undefined],
    ["wait=5 6", undefined],
    ["wait=1000000000", undefined],
    ["wait=５", undefined],
    ["await=5", undefined],
    ["wait-long=5", undefined],
    ['foo="a, wait=1"', undefined],
    ['foo="a \\", wait=1"', undefined],
    ['foo="a, b", wait=7', 7],
    ['wait="1', undefined],
    ['wait=1"', undefined],
    ['wait="1, 2"', undefined],
    ['foo="a, wait=1', undefined],
  ])("of %j is %s", (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds);
  });

  it.each(['"', '\\"', '"\\', ',"'])("reads 120 KB of %j in one pass", (piece) => {
    const startedAt = performance.now();
    expect(preferredWait(`"${piece.repeat(120_000 / piece.length)}`)).toBeUndefined();
    // It took 3.6 s where each quote was tried as the first of a text.
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
