import { describe, expect, it } from "vitest";
import { boundaryOf, MultipartFault } from "./multipart.ts";

describe("boundaryOf", () => {
  it.each([
    ["multipart/form-data; boundary=abc", "abc"],
    ["Multipart/Form-Data;BOUNDARY=aBc ; charset=utf-8", "aBc"],
    ['multipart/form-data; charset="utf-8"; boundary="a b(c)?"', "a b(c)?"],
    ['multipart/form-data; boundary="a;b=c"', "a;b=c"],
    [`multipart/form-data; boundary=${"b".repeat(70)}`, "b".repeat(70)],
    ["multipart/form-data; boundary=----WebKitFormBoundaryAb1", "----WebKitFormBoundaryAb1"],
  ])("reads %s", (header, boundary) => {
    expect(boundaryOf(header)).toBe(boundary);
  });

  it.each([
    ["there is none", "multipart/form-data"],
    ["it is empty", "multipart/form-data; boundary="],
    ["it is empty in quotes", 'multipart/form-data; boundary=""'],
    ["it has 71 characters", `multipart/form-data; boundary=${"b".repeat(71)}`],
    ["it ends in a space", 'multipart/form-data; boundary="a "'],
    ["it is not ASCII", "multipart/form-data; boundary=ä"],
    ["it holds a control character", 'multipart/form-data; boundary="a\u0001b"'],
  ])("refuses where %s", (_, header) => {
    expect(() => boundaryOf(header)).toThrow(MultipartFault);
  });
});
