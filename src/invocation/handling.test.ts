import { describe, expect, it } from "vitest";
import { type HandlingRules, handlingProblems, readHandling } from "./handling.ts";
import type { Parameters } from "./parameter-schemas.ts";

const rules: HandlingRules = { maxWaitSeconds: 300, callbackHosts: ["hooks.example.com"] };
const HOOK = "https://hooks.example.com/inlet";

describe("readHandling", () => {
  it.each<[Partial<Parameters>, number | undefined, object]>([
    [{}, undefined, { asynchronous: false }],
    [{ asynchronous: true }, undefined, { asynchronous: true }],
    [{ wait: 5 }, undefined, { asynchronous: true, waitSeconds: 5 }],
    [{ asynchronous: false, wait: 5 }, undefined, { asynchronous: true, waitSeconds: 5 }],
    [{}, 7, { asynchronous: true, waitSeconds: 7 }],
    [{ wait: 5 }, 7, { asynchronous: true, waitSeconds: 5 }],
    [{}, 999_999_999, { asynchronous: true, waitSeconds: 300 }],
    [{ wait: 301 }, undefined, { asynchronous: true, waitSeconds: 301 }],
    [{ asynchronous: true, overlap: "merge" }, undefined, { asynchronous: true, overlap: "merge" }],
    [{ asynchronous: true, debounce: 60 }, undefined, { asynchronous: true, debounceSeconds: 60 }],
    [{ callback_url: HOOK }, undefined, { asynchronous: false, callbackUrl: HOOK }],
  ])("of %j, preferring %s", (given, preferredWaitSeconds, handling) => {
    expect(readHandling(given, { ...rules, preferredWaitSeconds })).toEqual({
      overlap: "queue",
      debounceSeconds: 0,
      ...handling,
    });
  });
});

const problems = (given: Partial<Parameters>) =>
  handlingProblems(readHandling(given, rules), rules).map(({ loc }) => loc[1]);

describe("handlingProblems", () => {
  it.each<[Partial<Parameters>, string[]]>([
    [{}, []],
    [{ wait: 300 }, []],
    [{ wait: 301 }, ["wait"]],
    [{ asynchronous: true, callback_url: HOOK }, []],
    [{ wait: 1, callback_url: HOOK }, []],
    [{ callback_url: HOOK }, ["callback_url"]],
    [{ asynchronous: true, callback_url: "https://evil.test/" }, ["callback_url"]],
    [{ overlap: "queue" }, []],
    [{ overlap: "drop" }, ["overlap"]],
    [{ overlap: "latest" }, ["overlap"]],
    [{ overlap: "merge" }, ["overlap"]],
    [{ overlap: "merge", wait: 1 }, []],
    [{ debounce: 1 }, ["debounce"]],
    [{ debounce: 1, asynchronous: true }, []],
    [{ overlap: "drop", debounce: 1, callback_url: HOOK }, ["callback_url", "overlap", "debounce"]],
  ])("of %j are %j", (given, names) => {
    expect(problems(given)).toEqual(names);
  });

  it("are closed against what is no number", () => {
    expect(problems({ wait: Number.NaN })).toEqual(["wait"]);
  });
});
