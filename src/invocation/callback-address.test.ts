import { describe, expect, it } from "vitest";
import { callbackProblem } from "./callback-address.ts";

const HOSTS = ["hooks.example.com", "hooks.example.com:8443", "xn--bcher-kva.example"];

describe("callbackProblem", () => {
  it.each([
    "https://hooks.example.com",
    "https://hooks.example.com/",
    "https://hooks.example.com/inlet?task=1#part",
    "https://HOOKS.Example.COM/inlet",
    "HTTPS://hooks.example.com/inlet",
    "https://hooks.example.com:443/inlet",
    "https://hooks.example.com:8443/inlet",
    "https://bücher.example/inlet",
    "https://xn--bcher-kva.example/inlet",
    "https://hooks.example.com/@127.0.0.1/",
    "https://hooks.example.com\\@evil.test/",
    "https:\\\\hooks.example.com\\inlet",
  ])("finds nothing wrong with %s", (address) => {
    expect(callbackProblem(address, HOSTS)).toBeUndefined();
  });

  it.each([
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.1/",
    "https://127.0.1/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0X7F.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://127.0.0.1:8443/",
    "https://127。0。0。1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://%31%32%37.0.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    "https://[fd00::1]:8443/",
  ])("takes no IP address: %s", (address) => {
    const host = URL.parse(address)?.host ?? "";
    expect(callbackProblem(address, [...HOSTS, host])).toBe(
      "must name its host, not an IP address",
    );
  });

  it.each([
    ["http://hooks.example.com/", "https:"],
    ["ftp://hooks.example.com/", "https:"],
    ["file:///etc/passwd", "https:"],
    ["file://hooks.example.com/etc/passwd", "https:"],
    ["javascript:alert(1)", "https:"],
    ["data:text/plain,hooks.example.com", "https:"],
    ["ws://hooks.example.com/", "https:"],
    ["httpss://hooks.example.com/", "https:"],
    ["https://user@hooks.example.com/", "credentials"],
    ["https://user:secret@hooks.example.com/", "credentials"],
    ["https://:secret@hooks.example.com/", "credentials"],
    ["https://hooks.example.com:secret@evil.test/", "credentials"],
    ["https://hooks.example.com@evil.test/", "credentials"],
    ["hooks.example.com/inlet", "must be an address"],
    ["//hooks.example.com/inlet", "must be an address"],
    ["/inlet", "must be an address"],
    ["https://", "must be an address"],
    ["https://hooks .example.com/", "must be an address"],
    ["https://[::1/", "must be an address"],
    ["https://256.256.256.256/", "must be an address"],
    ["https://1.2.3.4.5/", "must be an address"],
    ["https://hooks.example.com:99999/", "must be an address"],
    ["https://hooks%00.example.com/", "must be an address"],
    ["", "must be an address"],
  ])("takes no %s", (address, words) => {
    expect(callbackProblem(address, HOSTS)).toContain(words);
  });

  it.each([
    "https://example.com/",
    "https://evil.test/",
    "https://evil-hooks.example.com/",
    "https://evilhooks.example.com/",
    "https://a.hooks.example.com/",
    "https://hooks.example.com.evil.test/",
    "https://hooks.example.comevil.test/",
    "https://hooks.example.com./",
    "https://hooks.example.com\t.evil.test/",
    "https://hooks.example.com:444/",
    "https://hooks.example.com:0/",
    "https://evil.test\\@hooks.example.com/",
    "https://evil.test/hooks.example.com",
    "https://evil.test?hooks.example.com",
    "https://evil.test#hooks.example.com",
    "https://evil.test#@hooks.example.com/",
    "https://hооks.example.com/",
    "https://localhost/",
    "https://localhost:8443/",
  ])("takes no host that is not allowed: %s", (address) => {
    expect(callbackProblem(address, HOSTS)).toBe("must be on one of the allowed hosts");
  });

  it("takes nothing where no callbacks are set up", () => {
    expect(callbackProblem("https://hooks.example.com/", [])).toContain("CALLBACK_HOSTS");
  });
});
