import { describe, expect, it } from "vitest";
import { isWithin, readRange } from "./address-range.ts";

describe("readRange", () => {
  it.each([
    "192.0.2.0/24",
    "192.0.2.1",
    "0.0.0.0/0",
    "2001:db8::/32",
    "::1",
    "::/0",
    "::ffff:192.0.2.0/120",
    "2001:DB8:0:0:0:0:0:1/128",
  ])("takes %s", (text) => {
    expect(readRange(text)).toBeDefined();
  });

  it.each([
    "",
    "192.0.2.0/33",
    "192.0.2.0/",
    "192.0.2.0/-1",
    "192.0.2.0/24/24",
    "192.0.2",
    "192.0.2.256",
    "0300.0.2.1",
    "example.com",
    "2001:db8::/129",
    "2001:db8",
    ":::",
    "::ffff:192.0.2.0/95",
    "fe80::1%eth0",
  ])("refuses %j", (text) => {
    expect(readRange(text)).toBeUndefined();
  });
});

describe("isWithin", () => {
  it.each([
    ["192.0.2.255", "192.0.2.0/24", true],
    ["192.0.3.0", "192.0.2.0/24", false],
    ["192.0.2.127", "192.0.2.0/25", true],
    ["192.0.2.128", "192.0.2.0/25", false],
    ["8.8.8.8", "0.0.0.0/0", true],
    ["::1", "0.0.0.0/0", false],
    ["192.0.2.9", "::/0", false],
    ["::ffff:192.0.2.9", "192.0.2.0/24", true],
    ["192.0.2.9", "::ffff:192.0.2.0/120", true],
    ["2001:db8:ffff::1", "2001:db8::/32", true],
    ["2001:db9::1", "2001:db8::/32", false],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", true],
    ["1:2:3:4:5:6:7:9", "1:2:3:4:5:6:7:8", false],
    ["", "0.0.0.0/0", false],
    ["192.0.2.9, 8.8.8.8", "192.0.2.0/24", false],
  ])("%j in %s: %s", (address, range, is) => {
    const read = readRange(range);
    expect(isWithin(address, read === undefined ? [] : [read])).toBe(is);
  });
});
