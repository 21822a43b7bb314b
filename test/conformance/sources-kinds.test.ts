import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../support/http.ts";
import { hmac, JSON_TYPE, now } from "../support/sender.ts";
import { makeSource, ran, ranFor, ranOnce, type Source } from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const SECRET = "hush7q4z-kind";
const BODY = '{"a": "é 1"}';

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function post({ url }: Pick<Source, "url">, headers: Readonly<Record<string, string>> = {}) {
  return send(url, { headers: { "content-type": JSON_TYPE, ...headers }, body: BODY });
}

function statuses(answers: readonly { readonly status: number }[]): number[] {
  return answers.map(({ status }) => status);
}

describe.concurrent("hmac", () => {
  const HMAC = { provider: "hmac", secret: SECRET, header: "X-Signature" };

  it.each([
    ["what is not said", {}, "sha256", "hex", ""],
    ["sha1", { algorithm: "sha1" }, "sha1", "hex", ""],
    ["sha512 in base64", { algorithm: "sha512", encoding: "base64" }, "sha512", "base64", ""],
    ["a prefix", { prefix: "sha256=" }, "sha256", "hex", "sha256="],
    ["the body, said", { signed: "{body}" }, "sha256", "hex", ""],
  ] as const)("is checked with %s", async (_, settings, algorithm, encoding, prefix) => {
    const source = await makeSource(pair, { ...HMAC, ...settings });
    const signature = hmac(algorithm, SECRET, BODY, encoding);
    const others = [
      prefix + hmac(algorithm, "other", BODY, encoding),
      prefix + hmac(algorithm, SECRET, BODY.replace(" ", ""), encoding),
      prefix + hmac(algorithm === "sha1" ? "sha256" : "sha1", SECRET, BODY, encoding),
      `x${prefix}${signature}`,
    ];
    const wrong = await Promise.all(others.map((text) => post(source, { "x-signature": text })));
    expect(statuses(wrong)).toEqual([401, 401, 401, 401]);
    const right = await post(source, { "x-signature": prefix + signature });
    expect([right.status, right.text]).toEqual([200, '{"status":"Started"}']);
    expect((await ranOnce(pair, source)).sent.input.text).toBe('{"a":"é 1"}');
  });

  it("is checked over time, id and address, where they are signed", async () => {
    const source = await makeSource(pair, {
      ...HMAC,
      signed: "{id}.{timestamp}.{address}.{body}",
      timestamp_header: "X-Time",
      tolerance_seconds: 60,
      id_header: "X-Id",
    });
    const signed = (id: string, at: number, address = source.url, sent = String(at)) =>
      post(source, {
        "x-id": id,
        "x-time": sent,
        "x-signature": hmac("sha256", SECRET, `${id}.${at}.${address}.${BODY}`, "hex"),
      });
    const wrong = [
      await signed("1", now() - 90),
      await signed("1", now() + 90),
      await signed("1", now() - 90, source.url, String(now())),
      await signed("1", now(), "https://other.example/"),
      await signed("1", now(), source.url, "soon"),
    ];
    expect(statuses(wrong)).toEqual([401, 401, 401, 401, 401]);
    const right = [
      await signed("1", now()),
      await signed("1", now() - 30),
      await signed("2", now()),
    ];
    expect(statuses(right)).toEqual([200, 200, 200]);
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it("takes a query of the sender's as part of the address", async () => {
    const source = await makeSource(pair, { ...HMAC, signed: "{address}{body}" });
    const url = `${source.url}?a=1&b=%20`;
    const signature = hmac("sha256", SECRET, url + BODY, "hex");
    expect(statuses([await post(source, { "x-signature": signature })])).toEqual([401]);
    expect(statuses([await post({ url }, { "x-signature": signature })])).toEqual([200]);
  });

  it("is checked over the bytes as sent, also where they are compressed or no UTF-8", async () => {
    const source = await makeSource(pair, HMAC);
    const signature = hmac("sha256", SECRET, BODY, "hex");
    const headers = { "content-type": JSON_TYPE, "x-signature": signature };
    const bytes = Buffer.concat([Buffer.from(BODY), Buffer.from([0xff])]);
    expect(statuses([await send(source.url, { headers, body: bytes })])).toEqual([401]);
    const bom = `\uFEFF${BODY}`;
    expect(statuses([await send(source.url, { headers, body: bom })])).toEqual([401]);
    const chunks = [BODY.slice(0, 5), BODY.slice(5)];
    expect(statuses([await send(source.url, { headers, body: chunks })])).toEqual([200]);
  });
});

describe.concurrent("token", () => {
  it.each([
    ["a header", { header: "X-Token" }, { "x-token": SECRET }, ""],
    ["the query", { query: "key" }, {}, `?key=${SECRET}`],
  ])("is looked for in %s", async (_, settings, headers, query) => {
    const source = await makeSource(pair, { provider: "token", secret: SECRET, ...settings });
    const url = source.url + query;
    const wrong = [
      await post(source),
      await post(source, { "x-token": "" }),
      await post(source, { "x-token": SECRET.slice(0, -1) }),
      await post(source, { "x-token": `${SECRET}x` }),
      await post(source, { "x-token": SECRET.toUpperCase() }),
      await post(source, { authorization: `Bearer ${SECRET}` }),
      await post({ url: `${source.url}?key=` }),
      await post({ url: `${source.url}?key=${SECRET.slice(1)}` }),
      await post({ url: `${source.url}?KEY=${SECRET}` }),
    ];
    expect(statuses(wrong)).toEqual(wrong.map(() => 401));
    expect(new Set(wrong.map(({ text }) => text)).size).toBe(1);
    expect(statuses([await post({ url }, headers)])).toEqual([200]);
    const task = await ranOnce(pair, source);
    expect(JSON.stringify(task.sent)).not.toContain(SECRET);
  });
});

function basic(text: string) {
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` };
}

describe.concurrent("basic", () => {
  it("takes the username and the secret alone", async () => {
    const secret = "päss:word";
    const source = await makeSource(pair, { provider: "basic", username: "zoë", secret });
    const wrong = [
      await post(source),
      await post(source, basic("zoë")),
      await post(source, basic("zoë:")),
      await post(source, basic(`:${secret}`)),
      await post(source, basic(`zoë:${secret}x`)),
      await post(source, basic(`Zoë:${secret}`)),
      await post(source, basic(`x:zoë:${secret}`)),
      await post(source, { authorization: `Bearer ${secret}` }),
      await post(source, { authorization: "Basic !!!" }),
    ];
    expect(statuses(wrong)).toEqual(wrong.map(() => 401));
    expect(new Set(wrong.map(({ text }) => text)).size).toBe(1);
    expect(statuses([await post(source, basic(`zoë:${secret}`))])).toEqual([200]);
    await ranOnce(pair, source);
  });
});

describe.concurrent("hmac, token and basic", () => {
  it.each([
    ["hmac", { header: "X-Sig" }],
    ["token", { header: "X-Token" }],
    ["basic", { username: "u" }],
    ["none", {}],
  ])("run what has neither conversation nor id each time: %s", async (provider, settings) => {
    const secret = provider === "none" ? {} : { secret: SECRET };
    const source = await makeSource(pair, { provider, ...secret, ...settings });
    const headers = {
      "x-sig": hmac("sha256", SECRET, BODY, "hex"),
      "x-token": SECRET,
      ...basic(`u:${SECRET}`),
    };
    expect(statuses([await post(source, headers), await post(source, headers)])).toEqual([
      200, 200,
    ]);
    expect(new Set((await ran(pair, source, 2)).map(({ id }) => id)).size).toBe(2);
  });

  it("are refused where the source is another provider's", async () => {
    const source = await makeSource(pair, { provider: "github", secret: SECRET });
    const answers = [
      await post(source, { "x-gitlab-token": SECRET }),
      await post(source, { "x-telegram-bot-api-secret-token": SECRET }),
      await post(source, { "x-hub-signature": `sha1=${hmac("sha1", SECRET, BODY, "hex")}` }),
      await post(source, { "x-hub-signature-256": hmac("sha256", SECRET, BODY, "hex") }),
    ];
    expect(statuses(answers)).toEqual([401, 401, 401, 401]);
    expect(ranFor(pair, source)).toEqual([]);
  });
});
