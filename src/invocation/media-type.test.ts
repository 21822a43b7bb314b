import { describe, expect, it } from "vitest";
import { readMediaType } from "./media-type.ts";

describe("readMediaType", () => {
  it.each([
    [null, "text"],
    ["", "text"],
    ["text/plain", "text"],
    ["Application/JSON; charset=UTF-8", "json"],
    ["application/cloudevents+json", "json"],
    ["application/x-www-form-urlencoded;charset=utf8", "form"],
    ["multipart/form-data; boundary=x", "multipart"],
    ["application/xml", "verbatim"],
    ['application/soap+xml; charset="utf-8"', "verbatim"],
    ["text/html", "verbatim"],
    ["application/pdf", "file"],
    ["image/svg+xml", "file"],
    ["application/octet-stream", "file"],
    ["audio/mpeg", "file"],
  ])("%s is %s", (header, kind) => {
    expect(readMediaType(header)).toMatchObject({ ok: true, value: { kind } });
  });

  it.each(["application/graphql", "multipart/mixed", "video/mp4", "json", "application/", "*/*"])(
    "refuses %s",
    (header) => {
      expect(readMediaType(header)).toMatchObject({
        refusal: { reason: "content_type_unsupported", type: header },
      });
    },
  );

  it.each([
    "application/json; charset=latin1",
    'text/plain; charset="UTF-16"',
    "text/xml;charset=us-ascii",
  ])("refuses the charset of %s", (header) => {
    expect(readMediaType(header)).toMatchObject({ refusal: { reason: "charset_unsupported" } });
  });
});
