import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const secrets = { GATEWAY_SECRET: "s".repeat(32), API_KEY: "key" };

describe("readConfig", () => {
  it("has the contract's defaults", () => {
    expect(readConfig(secrets)).toMatchObject({
      SYNC_TIMEOUT_SECONDS: 300,
      MAX_BODY_BYTES: 10_485_760,
      MAX_FIELDS: 100,
      MAX_FIELD_BYTES: 1_048_576,
    });
  });

  it("takes numbers and their digits, and an origin with or without its slash", () => {
    const env = {
      ...secrets,
      MAX_BODY_BYTES: 5,
      MAX_FIELDS: "6",
      PLATFORM_URL: "https://p.example/",
    };
    expect(readConfig(env)).toMatchObject({
      MAX_BODY_BYTES: 5,
      MAX_FIELDS: 6,
      PLATFORM_URL: "https://p.example",
    });
  });

  it("takes an empty setting for one that is not set", () => {
    expect(readConfig({ ...secrets, PLATFORM_URL: "", MAX_FIELDS: "" })).toMatchObject({
      MAX_FIELDS: 100,
    });
  });

  it("takes names of hosts, and a secret that signs", () => {
    const hosts = {
      CALLBACK_HOSTS: "Hooks.example, a-b.c.example:8443 localhost a_b.example c.example.",
    };
    for (const CALLBACK_SECRET of ["whsec_YQ==", "any words"]) {
      expect(readConfig({ ...secrets, ...hosts, CALLBACK_SECRET })).toMatchObject({
        CALLBACK_HOSTS: [
          "hooks.example",
          "a-b.c.example:8443",
          "localhost",
          "a_b.example",
          "c.example.",
        ],
        CALLBACK_SECRET,
      });
    }
  });

  it("needs no API_KEY beside a platform", () => {
    const env = { GATEWAY_SECRET: "s".repeat(32), PLATFORM_URL: "http://127.0.0.1:9100" };
    expect(readConfig(env).PLATFORM_URL).toBe("http://127.0.0.1:9100");
  });

  it.each([
    [{ GATEWAY_SECRET: undefined }, "GATEWAY_SECRET must be set"],
    [{ GATEWAY_SECRET: "s".repeat(31) }, "GATEWAY_SECRET must be 32 bytes or more"],
    [{ GATEWAY_SECRET_PREVIOUS: "short" }, "GATEWAY_SECRET_PREVIOUS must be 32 bytes or more"],
    [{ API_KEY: undefined }, "API_KEY must be set while PLATFORM_URL is not"],
    [{ API_KEY: "a b" }, "API_KEY must be visible ASCII"],
    [{ MAX_BODY_BYTES: "ten" }, "MAX_BODY_BYTES must be a whole number"],
    [{ MAX_BODY_BYTES: Number.NaN }, "MAX_BODY_BYTES must be a whole number"],
    [{ MAX_FIELDS: "0" }, "MAX_FIELDS must be a whole number"],
    [{ SYNC_TIMEOUT_SECONDS: 1.5 }, "SYNC_TIMEOUT_SECONDS must be a whole number"],
    [{ PLATFORM_URL: "ftp://p" }, "PLATFORM_URL must be an origin"],
    [{ PLATFORM_URL: "https://p/v1" }, "PLATFORM_URL must be an origin"],
    [{ PLATFORM_URL: "https://u:p@p" }, "PLATFORM_URL must be an origin"],
    [{ PUBLIC_URL: "example.com" }, "PUBLIC_URL must be an origin"],
    [{ CALLBACK_SECRET: "whsec_" }, "CALLBACK_SECRET must have a key behind whsec_"],
    [{ CALLBACK_HOSTS: "*.a.example", CALLBACK_SECRET: "s" }, "CALLBACK_HOSTS must be names"],
    [
      { CALLBACK_HOSTS: "a.example;b.example", CALLBACK_SECRET: "s" },
      "CALLBACK_HOSTS must be names",
    ],
    [{ CALLBACK_HOSTS: "127.0.0.1:8080", CALLBACK_SECRET: "s" }, "CALLBACK_HOSTS must be names"],
    [{ CALLBACK_HOSTS: "[::1]", CALLBACK_SECRET: "s" }, "CALLBACK_HOSTS must be names"],
    [{ CALLBACK_HOSTS: "a.example" }, "CALLBACK_SECRET must be set while CALLBACK_HOSTS is"],
  ])("names what is wrong in %j, and no value", (env, words) => {
    expect(() => readConfig({ ...secrets, ...env })).toThrow(words);
  });
});
