import { describe, expect, it } from "vitest";
import { queryOf } from "../invocation/query.ts";
import type { Answers } from "./answers.ts";
import { providers } from "./registry.ts";
import { providerNamed } from "./test-delivery.fixture.ts";

function namesOf(pick: (name: string) => boolean): string[] {
  return [...providers.keys()].filter(pick).toSorted();
}

describe("providers", () => {
  it("knows each by its own name", () => {
    expect(namesOf(() => true)).toEqual(
      (
        "basic discord github gitlab hmac hubspot intercom jira linear mailgun none paddle pagerduty sendgrid " +
        "shopify slack square standard-webhooks stripe svix telegram token twilio typeform whatsapp zoom"
      ).split(" "),
    );
  });

  it.each([
    [
      "mustBeAsynchronous",
      "discord github gitlab linear paddle pagerduty shopify slack telegram whatsapp zoom",
    ],
    ["usesVerifyToken", "whatsapp"],
  ] as const)("says of which it is true that %s", (property, names) => {
    expect(namesOf((name) => providerNamed(name)[property])).toEqual(names.split(" "));
  });

  it.each([
    ["isVerified", "basic none token"],
    ["namesEvents", "basic hmac none token"],
  ] as const)("says of which it is not true that %s", (property, names) => {
    expect(namesOf((name) => !providerNamed(name)[property])).toEqual(names.split(" "));
  });

  it("says which methods there are beside POST", () => {
    expect(namesOf((name) => providerNamed(name).methods.length > 0)).toEqual([
      "intercom",
      "whatsapp",
    ]);
  });
});

describe("answers", () => {
  it.each([
    ["telegram", 200, "{}"],
    ["whatsapp", 200, null],
    ["slack", 200, null],
    ["discord", 204, null],
    ["github", 200, '{"status":"Started"}'],
    ["mailgun", 200, '{"status":"Started"}'],
    ["twilio", 200, "<Response/>"],
    ["zoom", 200, null],
    ["none", 200, '{"status":"Started"}'],
  ])("of %s tell success, and so a repeat, with %d %s", (name, status, body) => {
    const { success, repeat } = providerNamed(name).answers;
    expect(success).toMatchObject({ status, body });
    expect(repeat).toEqual(success);
  });

  it("tell a bad signature in one sentence, with 401 and for Mailgun 406", () => {
    const detail = '{"detail":"The signature is missing or wrong"}';
    for (const [name, { answers }] of providers) {
      const status = name === "mailgun" ? 406 : 401;
      expect(answers.badSignature).toMatchObject({ status, body: detail });
      expect(answers.badSignature.headers["X-Error-Code"]).toBe("signature_invalid");
    }
  });

  it.each<[string, keyof Answers, number]>([
    ["github", "fullDay", 429],
    ["telegram", "fullDay", 429],
    ["gitlab", "fullDay", 200],
    ["shopify", "fullDay", 200],
    ["pagerduty", "fullDay", 503],
    ["zoom", "fullDay", 503],
    ["gitlab", "trouble", 503],
    ["typeform", "trouble", 503],
    ["none", "trouble", 503],
  ])("of %s tell %s with %d", (name, end, status) => {
    expect(providerNamed(name).answers[end].status).toBe(status);
  });

  it("say what else a sender wants in a header", () => {
    const { slack, discord, basic, twilio } = Object.fromEntries(
      [...providers].map(([name, { answers }]) => [name, answers]),
    );
    expect(slack?.badSignature.headers["X-Slack-No-Retry"]).toBe("1");
    expect(slack?.fullDay.headers["X-Slack-No-Retry"]).toBe("1");
    expect(slack?.trouble.headers["X-Slack-No-Retry"]).toBeUndefined();
    expect(discord?.success.headers["Content-Type"]).toBe("application/json");
    expect(basic?.badSignature.headers["WWW-Authenticate"]).toMatch(/^Basic /);
    expect(twilio?.success.headers["Content-Type"]).toBe("text/xml");
  });
});

describe("whatsapp's greet", () => {
  const right = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=right";

  it.each([
    ["with the right token", right, 200],
    ["with a token that counts still", right.replace("=right", "=older"), 200],
    ["with a wrong token", right.replace("=right", "=wrong"), 403],
    ["with half a token", right.replace("=right", "=rig"), 403],
    ["with an empty token", right.replace("=right", "="), 403],
    ["without a token", "hub.mode=subscribe&hub.challenge=1", 403],
    ["in another mode", right.replace("subscribe", "unsubscribe"), 403],
    ["without a mode", right.replace("hub.mode=subscribe&", ""), 403],
    ["without a challenge", right.replace("hub.challenge=1158201444&", ""), 403],
    ["with a page for a challenge", right.replace("1158201444", "%3Cscript%3E"), 403],
    ["with a long challenge", right.replace("1158201444", "1".repeat(257)), 403],
    ["without a query", "", 403],
  ])("answers a handshake %s", (_case, query, status) => {
    const address = `https://in.example/hooks/a/s?${query}`;
    const answer = providerNamed("whatsapp").greet(queryOf(address), ["right", "older"]);
    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.body).toBe("1158201444");
  });

  it("is never right where there is no token", () => {
    const query = queryOf(
      "https://in.example/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
    );
    expect(providerNamed("whatsapp").greet(query, []).status).toBe(403);
    expect(providerNamed("whatsapp").greet(query, [""]).status).toBe(403);
  });
});
