import { describe, expect, it } from "vitest";
import { rateLimited, readProblems } from "./reply.ts";

describe("readProblems", () => {
  it("passes on loc, msg and type alone", () => {
    const detail = [{ loc: ["body", 0], msg: "m", type: "t", input: "secret", ctx: {} }];
    expect(readProblems(JSON.stringify({ detail }))).toEqual([
      { loc: ["body", 0], msg: "m", type: "t" },
    ]);
  });

  it.each([
    ['{"detail":"a sentence"}', "a sentence"],
    ["<html>", "The agent platform refused the parameters"],
    ['{"detail":[{"loc":"x"}]}', "The agent platform refused the parameters"],
  ])("makes a list of %s", (text, msg) => {
    expect(readProblems(text)).toEqual([{ loc: ["body"], msg, type: "platform_refused" }]);
  });
});

describe("rateLimited", () => {
  const now = 1_700_000_000_000;
  it.each([
    [{}, "60"],
    [{ "Retry-After": "7" }, "7"],
    [{ "Retry-After": "-5" }, "60"],
    [{ "Retry-After": "1, 2" }, "60"],
    [{ "Retry-After": "\u0001" }, "60"],
    [{ "Retry-After": "never", "X-RateLimit-Reset": "1700000009" }, "9"],
    [{ "X-RateLimit-Reset": "1700000009" }, "9"],
    [{ "X-RateLimit-Reset": "soon" }, "60"],
    [{ "Retry-After": "Mon, 01 Jan 2029 10:00:00 GMT (\u00e9)" }, "60"],
    [{ "X-RateLimit-Reset": "9999999999" }, "60"],
  ])("of %j tells to come back after %s s", (headers, seconds) => {
    expect(rateLimited(new Headers(headers), now)).toMatchObject({
      headers: { "Retry-After": seconds },
    });
  });

  it("passes on the platform's own headers", () => {
    const headers = new Headers({
      "X-RateLimit-Limit": "100",
      "X-RateLimit-Remaining": "0",
      "X-Other": "x",
    });
    expect(rateLimited(headers, now)).toEqual({
      reason: "rate_limited",
      headers: { "Retry-After": "60", "X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0" },
    });
  });

  it.each([
    [{ "X-RateLimit-Reset": "1700000009" }, "9"],
    [{ "Retry-After": "7" }, "7"],
    [{ "X-RateLimit-Reset": "soon" }, undefined],
    [{}, undefined],
  ])("of %j makes us wait for %s s ourselves", (headers, retryAfter) => {
    expect(rateLimited(new Headers(headers), now)).toMatchObject({ reason: "rate_limited" });
    expect(Object(rateLimited(new Headers(headers), now)).retryAfter).toBe(retryAfter);
  });

  it("passes on no limit that a client would choke on", () => {
    const given = new Headers({ "X-RateLimit-Limit": "\u0001", "X-RateLimit-Remaining": "0" });
    expect(rateLimited(given, now)).toMatchObject({ headers: { "X-RateLimit-Remaining": "0" } });
    expect(rateLimited(given, now)).not.toHaveProperty("headers.X-RateLimit-Limit");
  });
});
