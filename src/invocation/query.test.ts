import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readQuery } from "./query.ts";

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
    ["/?a=100%&b=%zz&c=%ff", { a: "100%", b: "%zz", c: "\uFFFD" }],
  ])("of %s is %j", (address, query) => {
    expect(Object.fromEntries(readQuery(address))).toEqual(query);
  });

  it("is what the URL standard says", () => {
    const query = fc.string({ unit: fc.constantFrom(...Array.from("ab=&%+2C3é#?;")) });
    fc.assert(
      fc.property(query, (text) => {
        const url = new URL(`https://inlet.test/?${text}`);
        const expected = new Map([...url.searchParams].toReversed());
        expect(new Map(readQuery(url.href))).toEqual(expected);
      }),
    );
  });
});
