import { describe, expect, it } from "vitest";
import { PREVIOUS_SECRET_MS } from "../limits.ts";
import { type Secrets, secretsAfter } from "./secret-change.ts";

const NOW = 1_000_000;
const SET: Secrets = {
  secret: "one",
  previous_secret: null,
  previous_until: null,
  secret_set_at: 1,
  verify_token: "v",
};
const ROTATED: Secrets = { ...SET, secret: "two", previous_secret: "one", previous_until: NOW };

function after(
  before: Secrets | undefined,
  given: { secret?: string | null; verifyToken?: string | null; revokePrevious?: boolean },
) {
  const { secret, verifyToken, revokePrevious = false } = given;
  const change = { organisation: "o", settings: "{}", apiKey: "k", revokePrevious, basedOn: 1 };
  return secretsAfter(before, { ...change, secret, verifyToken }, NOW);
}

describe("secretsAfter", () => {
  it("keeps what is left out", () => {
    expect(after(SET, {})).toEqual(SET);
  });

  it("accepts the old beside a new one for a day", () => {
    const rotated = after(SET, { secret: "two" });
    expect(rotated).toMatchObject({ secret: "two", previous_secret: "one", secret_set_at: NOW });
    expect(rotated.previous_until).toBe(NOW + PREVIOUS_SECRET_MS);
  });

  it("has no old one the first time", () => {
    const { previous_secret, previous_until } = after(undefined, { secret: "one" });
    expect([previous_secret, previous_until]).toEqual([null, null]);
  });

  it("ends the old one at once", () => {
    const given = { secret: "two", revokePrevious: true };
    expect(after(SET, given)).toMatchObject({ secret: "two", previous_secret: null });
  });

  it.each([
    [NOW - 1, null],
    [NOW, null],
    [NOW + 1, "one"],
  ])("keeps an old one that ends at %i as %j", (previous_until, kept) => {
    expect(after({ ...ROTATED, previous_until }, {}).previous_secret).toBe(kept);
  });

  it("removes all of them for a provider that uses none", () => {
    const removed = after(ROTATED, { secret: null, verifyToken: null });
    expect(Object.values(removed)).toEqual([null, null, null, null, null]);
  });
});
