import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_REMEMBERED_ADDRESS_CHARS, MAX_REMEMBERED_QUERIES } from "../limits.ts";
import { NOT_UTF8, queryOf, readQuery } from "./query.ts";

describe("readQuery", () => {
  it.each([
    ["/", {}],
    ["/?", {}],
    ["/?a", { a: "" }],
    ["/?a=1&b=2", { a: "1", b: "2" }],
    ["/?a=1&a=2", { a: "1" }],
    ["/?a=x+y%20z%26", { a: "x y z&" }],
    ["/?a==1&&b", { a: "=1", b: "" }],
    ["/?%61=1#b=2", { a: "1" }],
    ["/?a=100%&b=%zz&c=%ff", { a: "100%", b: "%zz", c: NOT_UTF8 }],
    ["/?a=%EF%BF%BD&b=caf%E9+1", { a: "\uFFFD", b: NOT_UTF8 }],
  ])("of %s is %j", (address, query) => {
    expect(Object.fromEntries(readQuery(address))).toEqual(query);
  });

  it("is what the URL standard says", () => {
    const query = fc.string({ unit: fc.constantFrom(...Array.from("ab=&%+2C3é#?;")) });
    fc.assert(
      fc.property(query, (text) => {
        const url = new URL(`https://inlet.test/?${text}`);
        const expected = new Map([...url.searchParams].toReversed());
        // What is not UTF-8 it replaces.
        fc.pre(![...expected].flat().join("").includes("\uFFFD"));
        expect(new Map(readQuery(url.href))).toEqual(expected);
      }),
    );
  });
});

describe("queryOf", () => {
  const address = "https://inlet.example/?agent_id=a";

  it("gives the same object for the same address", () => {
    expect(queryOf(address)).toBe(queryOf(address));
    expect(queryOf(address)).toEqual(readQuery(address));
    expect(queryOf(`${address}b`)).toEqual(readQuery(`${address}b`));
  });

  it("does not remember an address longer than people paste", () => {
    const long = address.padEnd(MAX_REMEMBERED_ADDRESS_CHARS, "x");
    expect(queryOf(long)).toBe(queryOf(long));
    expect(queryOf(`${long}x`)).not.toBe(queryOf(`${long}x`));
  });

  it("forgets rather than grow", () => {
    const first = queryOf(address);
    for (let n = 0; n < MAX_REMEMBERED_QUERIES; n += 1) queryOf(`${address}&n=${n}`);
    expect(queryOf(address)).not.toBe(first);
    expect(queryOf(address)).toEqual(first);
  });
});
