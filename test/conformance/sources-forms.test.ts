import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send, type Sent } from "../support/http.ts";
import { pdf } from "../support/files.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { type SourcePair, startSourcePair } from "../support/sources.ts";

let pair: SourcePair;

beforeAll(async () => {
  pair = await startSourcePair();
});
afterAll(() => pair.stop());

const MINUTE_MS = 60_000;
const ORIGIN = "https://www.shop.test";
const NOT_ALLOWED = "This source takes nothing from where this came from";

function form(headers: Readonly<Record<string, string>> = {}): Sent {
  const type = { "content-type": "application/x-www-form-urlencoded" };
  return { body: "name=Ann&task_id=stolen&asynchronous=false", headers: { ...type, ...headers } };
}

describe("a form's source", () => {
  beforeAll(() =>
    pair.put("form", {
      provider: "none",
      allowed_origins: [ORIGIN],
      redirect: "https://www.shop.test/thanks",
    }),
  );

  it("takes all fields as context, and sends the browser on", async () => {
    const answer = await pair.hook("form", form({ origin: ORIGIN }));
    expect([answer.status, answer.headers["location"]]).toEqual([303, `${ORIGIN}/thanks`]);
    expect(answer.headers["access-control-allow-origin"]).toBe(ORIGIN);
    await pair.platform.until(() => pair.platform.taken.length === 1);
    const [taken] = pair.platform.taken;
    expect(taken?.id).toMatch(/^agent-1:form:[0-9a-f-]{36}$/);
    const fields = { name: "Ann", task_id: "stolen", asynchronous: "false" };
    expect(JSON.parse(taken?.sent.input.text ?? "")).toEqual(fields);
  });

  it.each([["https://www.evil.test"], ["null"], [""]])("refuses the origin %j", async (origin) => {
    const answer = await pair.hook("form", form(origin === "" ? {} : { origin }));
    expect(refusalOf(answer)).toEqual(refusal(403, "sender_not_allowed", NOT_ALLOWED));
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("answers a preflight", async () => {
    const answer = await pair.hook("form", {
      method: "OPTIONS",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type",
      vary: "Origin",
    });
  });

  it("takes no files unless it says so", async () => {
    const content = pdf("hello");
    const body = multipart([{ name: "f", content, filename: "a.pdf", type: "application/pdf" }]);
    const sent = { body, headers: { "content-type": MULTIPART_TYPE, origin: ORIGIN } };
    const before = pair.gateway.stored();
    expect((await pair.hook("form", sent)).status).toBe(415);
    expect(pair.gateway.stored()).toEqual(before);
    await pair.put("files", { provider: "none", files: true });
    expect((await pair.hook("files", sent)).status).toBe(200);
    expect(pair.gateway.stored().keys.length).toBe(before.keys.length + 1);
  });

  it("says which methods it takes", async () => {
    const answer = await pair.hook("files", { method: "GET" });
    expect([answer.status, answer.headers["allow"]]).toEqual([405, "POST"]);
  });
});

describe("a source that knows its senders' addresses", () => {
  it.each([
    ["192.0.2.77", 200],
    ["2001:db8::1", 200],
    ["::ffff:192.0.2.1", 200],
    ["192.0.3.1", 403],
    ["2001:db9::1", 403],
  ])("answers %s with %i", async (address, status) => {
    const allowed_ips = ["192.0.2.0/24", "2001:db8::/32"];
    await pair.put("addresses", { provider: "none", allowed_ips });
    const answer = await pair.hook("addresses", form({ "cf-connecting-ip": address }));
    expect(answer.status).toBe(status);
  });
});

describe("an address that is no source's", () => {
  it("answers one and the same for an unknown agent and an unknown name", async () => {
    const times: number[] = [];
    for (const path of ["nobody/form", "agent-1/nothing", "agent-1/nothing", "a.b/c"]) {
      const startedAt = performance.now();
      const answer = await send(`${pair.gateway.url}/hooks/${path}`, form());
      times.push(performance.now() - startedAt);
      expect(refusalOf(answer)).toEqual(refusal(404, "source_not_found", "Source not found"));
    }
    expect(Math.min(...times)).toBeGreaterThan(200);
  });
});

describe("the brake", () => {
  it("stops who proves nothing after 120 a minute, and wrong tokens apart from right ones", async () => {
    const token = { provider: "token", secret: "s", header: "x-token" };
    await pair.put("braked", token);
    await roomInMinute();
    const statuses = new Map<number, number>();
    const tries = Array.from({ length: 130 }, () => pair.hook("braked", form({ "x-token": "x" })));
    for (const { status } of await Promise.all(tries)) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: 120, 429: 10 });
    const right = await pair.hook("braked", form({ "x-token": "s" }));
    expect(right.status).toBe(200);
    const wrong = await pair.hook("braked", form());
    expect([wrong.status, wrong.headers["retry-after"]]).toEqual([429, "60"]);
  });
});

/** The local runtime counts by the minutes of the clock: there are ten seconds left of this one. */
async function roomInMinute(): Promise<void> {
  const left = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (left < 10_000) await setTimeout(left);
}
