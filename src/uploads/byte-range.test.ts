import { describe, expect, it } from "vitest";
import { isNotModified, isRangeWanted, readRange, resolveRange } from "./byte-range.ts";
import type { StoredFile } from "./file-store.ts";

describe("readRange", () => {
  it.each([
    ["bytes=0-0", { offset: 0, length: 1 }],
    ["bytes=2-5", { offset: 2, length: 4 }],
    ["bytes=7-", { offset: 7 }],
    ["bytes=-3", { suffix: 3 }],
    ["bytes=-0", { suffix: 0 }],
    ["Bytes= 1-2 ", { offset: 1, length: 2 }],
    ["bytes=0-999999999999999", { offset: 0, length: 1e15 }],
  ])("reads %s", (header, range) => {
    expect(readRange(header)).toEqual(range);
  });

  it.each([
    ["there is none", null],
    ["it is empty", ""],
    ["it is of another unit", "items=0-1"],
    ["it has no numbers", "bytes=-"],
    ["it runs backwards", "bytes=5-4"],
    ["it names two", "bytes=0-1,3-4"],
    ["it has a sign", "bytes=+1-2"],
    ["it is no number", "bytes=a-b"],
    ["it is a fraction", "bytes=0.5-1"],
    ["it has no unit", "0-1"],
  ])("is the whole file where %s", (_, header) => {
    expect(readRange(header)).toBeUndefined();
  });
});

describe("resolveRange", () => {
  it.each([
    ["within", { offset: 2, length: 3 }, 10, { first: 2, last: 4 }],
    ["to the last byte", { offset: 2, length: 8 }, 10, { first: 2, last: 9 }],
    ["past the last byte", { offset: 2, length: 100 }, 10, { first: 2, last: 9 }],
    ["without an end", { offset: 9 }, 10, { first: 9, last: 9 }],
    ["of the last bytes", { suffix: 3 }, 10, { first: 7, last: 9 }],
    ["of more last bytes than there are", { suffix: 30 }, 10, { first: 0, last: 9 }],
  ])("is a range %s", (_, range, size, resolved) => {
    expect(resolveRange(range, size)).toEqual(resolved);
  });

  it.each([
    ["begins at the end", { offset: 10 }, 10],
    ["begins past the end", { offset: 11, length: 1 }, 10],
    ["has no last bytes", { suffix: 0 }, 10],
    ["is of an empty file", { offset: 0, length: 1 }, 0],
    ["is of an empty file's last bytes", { suffix: 1 }, 0],
  ])("is none where it %s", (_, range, size) => {
    expect(resolveRange(range, size)).toBeUndefined();
  });
});

const file: StoredFile = {
  name: "a.txt",
  type: "text/plain",
  size: 5,
  etag: '"abc"',
  uploadedAt: new Date("2026-11-22T10:00:00.750Z"),
};
const AT = "Sun, 22 Nov 2026 10:00:00 GMT";
const BEFORE = "Sun, 22 Nov 2026 09:59:59 GMT";

describe("isNotModified", () => {
  it.each([
    ["the tag is the same", { "if-none-match": '"abc"' }],
    ["the tag is the same, weakly", { "if-none-match": 'W/"abc"' }],
    ["the tag is one of several", { "if-none-match": '"x", W/"y" ,"abc"' }],
    ["any tag is good", { "if-none-match": " * " }],
    ["it is as old as the copy", { "if-modified-since": AT }],
    [
      "the tag is the same, though the date is older",
      { "if-none-match": '"abc"', "if-modified-since": BEFORE },
    ],
  ])("holds where %s", (_, headers) => {
    expect(isNotModified(new Headers(headers), file)).toBe(true);
  });

  it.each([
    ["nothing is asked", {}],
    ["the tag is another", { "if-none-match": '"x"' }],
    ["the tag is only part of it", { "if-none-match": '"ab"' }],
    ["the tag has no quotes", { "if-none-match": "abc" }],
    ["the tag is empty", { "if-none-match": "" }],
    ["the copy is older", { "if-modified-since": BEFORE }],
    ["the date is none", { "if-modified-since": "yesterday" }],
    ["the date is a year", { "if-modified-since": "2099" }],
    ["the date is a number", { "if-modified-since": "99999" }],
    ["the date is of another form", { "if-modified-since": "2099-01-01T00:00:00Z" }],
    [
      "the tag is another, though the date is good",
      { "if-none-match": '"x"', "if-modified-since": AT },
    ],
  ])("does not hold where %s", (_, headers) => {
    expect(isNotModified(new Headers(headers), file)).toBe(false);
  });
});

describe("isRangeWanted", () => {
  it.each([
    ["there is no condition", {}, true],
    ["the tag is the same", { "if-range": '"abc"' }, true],
    ["the date is the same", { "if-range": AT }, true],
    ["the tag is another", { "if-range": '"x"' }, false],
    ["the tag is weak", { "if-range": 'W/"abc"' }, false],
    ["the date is older", { "if-range": BEFORE }, false],
    ["the date is newer", { "if-range": "Sun, 22 Nov 2026 10:00:01 GMT" }, false],
    ["it is neither", { "if-range": "abc" }, false],
  ])("where %s", (_, headers, isWanted) => {
    expect(isRangeWanted(new Headers(headers), file)).toBe(isWanted);
  });
});
