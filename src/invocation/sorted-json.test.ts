import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson } from "./read-json.ts";
import { sortedJson } from "./sorted-json.ts";

/** What JavaScript makes of it, by recursion over values. */
function expected(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return members.map(([name, member]) => [name, expected(member)]);
}

function membersInOrder(json: string): unknown {
  // Objects as lists of their members, since an object of JavaScript's moves names that are numbers.
  return JSON.parse(json, (_, value: unknown) => value);
}

describe("sortedJson", () => {
  it.each([
    ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['{"a":1,"b":{"d":[{"y":1,"x":2}],"c":3}}', '{"a":1,"b":{"c":3,"d":[{"x":2,"y":1}]}}'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"b":1,"a":2,"b":3}', '{"a":2,"b":3}'],
    [
      '[{"b":1,"a":12345678901234567890},[],{},"{\\"b\\":1}",1.0]',
      '[{"a":12345678901234567890,"b":1},[],{},"{\\"b\\":1}",1.0]',
    ],
    ['{"\\n":1,"10":2,"9":3}', '{"\\n":1,"10":2,"9":3}'],
    ["[]", "[]"],
    ["{}", "{}"],
    ['"x"', '"x"'],
    ["-1e3", "-1e3"],
  ])("of %s is %s", (json, sorted) => {
    expect(sortedJson(json)).toBe(sorted);
  });

  it("changes nothing but the order of members", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = readJson(JSON.stringify(value), 1_000);
        if (!json.ok) throw new Error("it is JSON");
        const sorted = sortedJson(json.value);
        expect(membersInOrder(sorted)).toEqual(membersInOrder(json.value));
        expect(sortedJson(sorted)).toBe(sorted);
        expect(expected(JSON.parse(sorted))).toEqual(expected(JSON.parse(json.value)));
      }),
    );
  });

  it("takes no longer for a deep text than for a flat one", () => {
    const inner = Array.from({ length: 100_000 }, (_, n) => n).join(",");
    const deep = `${'{"b":1,"a":'.repeat(990)}[${inner}]${"}".repeat(990)}`;
    const startedAt = performance.now();
    const sorted = sortedJson(deep);
    expect(sorted.startsWith('{"a":{"a":')).toBe(true);
    expect(sorted).toHaveLength(deep.length);
    // It took 1.2 s where each level was read anew by the one around it.
    expect(performance.now() - startedAt).toBeLessThan(400);
  });
});
