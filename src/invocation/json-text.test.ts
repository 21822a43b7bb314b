import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { elementsOf, kindOf, membersOf, objectText, textOf, valueAt } from "./json-text.ts";
import { lineAndColumn, readJson, type Visit } from "./read-json.ts";

function read(text: string, maxLevels = 1_000): string {
  const json = readJson(text, maxLevels);
  return json.ok
    ? json.value
    : `${json.refusal.kind} at ${json.refusal.offset}: ${json.refusal.problem}`;
}

describe("readJson", () => {
  it.each([
    ["keeps numbers as they were written", "[12345678901234567890,1.0,-0,1E+2]"],
    ["keeps keys in their order, doubled ones too", '{"b":1,"1":2,"b":3}'],
    ["keeps __proto__ as data", '{"__proto__":{"a":1}}'],
    ["keeps escapes that are needed", String.raw`"\"\\\b\f\n\r\t"`],
    ["keeps an escaped lone surrogate", String.raw`"\ud800"`],
  ])("%s", (_, text) => {
    expect(read(text)).toBe(text);
  });

  it.each([
    ["white space", ' { "a" : [ 1 , 2 ] ,\n"b":\t{ } }\r\n', '{"a":[1,2],"b":{}}'],
    ["needless escapes", String.raw`"\u00e9\/\ud83d\ude00"`, '"é/😀"'],
    ["escapes written long", String.raw`"\u000a\u0022"`, String.raw`"\n\""`],
    ["nothing inside a text", '" a  b "', '" a  b "'],
  ])("shortens %s", (_, text, shortest) => {
    expect(read(text)).toBe(shortest);
  });

  it.each([
    ["", "syntax at 0: expected a value; the text ends there"],
    ["{", "syntax at 1: expected a key in double quotes; the text ends there"],
    ['{"a"}', "syntax at 4: expected ':'"],
    ['{"a":1,}', "syntax at 7: expected a key in double quotes"],
    ["[1,]", "syntax at 3: expected a value"],
    ["[1 2]", "syntax at 3: expected ',' or ']'"],
    ["01", "syntax at 1: expected nothing more"],
    ["1.", "syntax at 2: expected a digit; the text ends there"],
    ['"abc', "syntax at 4: a text without its closing quote"],
    ['"a\u0000"', "syntax at 2: a control character in a text"],
    [String.raw`"\x"`, "syntax at 1: a backslash that escapes nothing"],
    [String.raw`"\u12g4"`, "syntax at 1: a backslash that escapes nothing"],
    ["{'a':1}", "syntax at 1: expected a key in double quotes"],
    ["NaN", "syntax at 0: expected a value"],
  ])("refuses %j", (text, problem) => {
    expect(read(text)).toBe(problem);
  });

  it("takes as many levels as it is told, and not one more", () => {
    expect(read("[".repeat(1_000) + "]".repeat(1_000))).toHaveLength(2_000);
    expect(read("[".repeat(1_001) + "]".repeat(1_001))).toBe("depth at 1000: nested too deep");
    expect(read('{"a":'.repeat(100_000))).toBe("depth at 5000: nested too deep");
  });

  it("accepts what JSON.parse accepts, with the same values, and nothing else", () => {
    const marks = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\u0e9-+.tfn \n')) });
    const broken = fc.tuple(fc.json(), fc.nat(), marks).map(([json, at, mark]) => {
      const place = at % (json.length + 1);
      return json.slice(0, place) + mark.slice(0, 2) + json.slice(place + 1);
    });
    fc.assert(
      fc.property(fc.oneof(fc.json(), marks, broken), (text) => {
        const json = readJson(text, 1_000);
        expect(json.ok && JSON.parse(json.value)).toEqual(parsed(text));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("readJson's visit", () => {
  it.each([
    ["an empty object", " { } ", []],
    ["an array", '[{"a":1}]', []],
    ["a text", '"a"', []],
    ["one inside another", '{"a":{"b":{}}}', [["a", '{"b":{}}']]],
    [
      "doubled keys",
      '{"a":1, "a" : [ 2 ] }',
      [
        ["a", "1"],
        ["a", "[2]"],
      ],
    ],
    ["a key that is written long", String.raw`{"\u0061\n":"\/"}`, [["a\n", '"/"']]],
  ])("is shown the members of %s", (_, text, members) => {
    expect(visited(text)).toEqual(members);
  });

  it("is shown nothing of what is no JSON", () => {
    const visit = vi.fn<Visit>();
    expect(readJson('{"a":1,"b":}', 1_000, visit).ok).toBe(false);
    expect(visit).not.toHaveBeenCalled();
  });

  it("may read JSON itself", () => {
    const within: unknown[] = [];
    const text = '{ "a": {"x":1,"y":2}, "b": {"z":3} }';
    readJson(text, 1_000, (name, value) => within.push([name, visited(value)]));
    expect(within).toEqual([
      [
        "a",
        [
          ["x", "1"],
          ["y", "2"],
        ],
      ],
      ["b", [["z", "3"]]],
    ]);
  });

  it("is shown what membersOf finds, however the text is written", () => {
    const space = fc.constantFrom("", " ", "\n\t");
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), space, (value, indent) => {
        const written = JSON.stringify(value, null, indent).replaceAll("/", String.raw`\/`);
        expect(visited(written)).toEqual([...membersOf(JSON.stringify(value))]);
      }),
    );
  });
});

function visited(text: string): [string, string][] {
  const members: [string, string][] = [];
  const json = readJson(text, 1_000, (name, value) => members.push([name, value]));
  expect(json.ok).toBe(true);
  return members;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return false;
  }
}

describe("membersOf", () => {
  it("finds each member, and of a doubled key the last", () => {
    const members = membersOf('{"a":[1,{"x":"}"}],"b\\n":"\\\\","a":{"c":","},"":-1.5}');
    expect([...members]).toEqual([
      ["a", '{"c":","}'],
      ["b\n", '"\\\\"'],
      ["", "-1.5"],
    ]);
  });

  it("finds none in an empty object", () => {
    expect(membersOf("{}").size).toBe(0);
  });

  it("is undone by objectText", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(objectText(membersOf(text))).toBe(text);
      }),
    );
  });
});

describe("elementsOf", () => {
  it.each([
    ["[]", 9, []],
    ["[[1,2],3]", 9, ["[1,2]", "3"]],
    ['["]",{"a":[]},5]', 2, ['"]"', '{"a":[]}']],
  ])("of %s, at most %d, are %j", (array, atMost, elements) => {
    expect(elementsOf(array, atMost)).toEqual(elements);
  });
});

describe("valueAt", () => {
  it("finds what JSON.parse would hold there, at any depth", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat(), (text, choice) => {
        const json = readJson(text, 1_000);
        if (!json.ok) throw new Error("fast-check makes JSON");
        const { path, value } = somewhereIn(JSON.parse(text), choice);
        expect(JSON.parse(valueAt(json.value, path) ?? "undefined")).toEqual(value);
      }),
    );
  });
});

/** A path into the value, chosen by a number, and what stands there. */
function somewhereIn(value: unknown, choice: number): { path: string[]; value: unknown } {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const entry = entries[choice % (entries.length + 1)];
  if (entry === undefined) return { path: [], value };
  const inside = somewhereIn(entry[1], choice >> 1);
  return { path: [entry[0], ...inside.path], value: inside.value };
}

describe("kindOf and textOf", () => {
  it.each([
    ["{}", "object"],
    ["[]", "array"],
    ['""', "text"],
    ["-1", "number"],
    ["false", "boolean"],
    ["null", "null"],
  ])("%s is %s", (json, kind) => {
    expect(kindOf(json)).toBe(kind);
  });

  it("undoes escapes", () => {
    expect(textOf(String.raw`"a\n\"é"`)).toBe('a\n"é');
  });
});

describe("lineAndColumn", () => {
  it("counts both from 1", () => {
    expect(lineAndColumn("ab", 0)).toBe("line 1, column 1");
    expect(lineAndColumn("a\nbc", 3)).toBe("line 2, column 2");
  });
});
