import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf, send } from "../support/http.ts";
import { json, now } from "../support/sender.ts";
import { slack, slackEvent, telegram, zoom } from "../support/senders-chat.ts";
import { paddle, sendgrid, sendgridEvent } from "../support/senders-trade.ts";
import { github } from "../support/senders-work.ts";
import {
  askSources,
  deliver,
  happen,
  makeSource,
  openSource,
  ran,
  ranFor,
  ranOnce,
  sourceOf,
} from "../support/source-orders.ts";
import { madeObjects } from "../support/stored-files.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

describe("what is only asked for", () => {
  it("makes nothing", async () => {
    const before = madeObjects(pair.folder);
    for (const agent of ["agent-a", "agent-b", "agent-c"]) {
      await askSources(pair, "GET", "", { agent });
      await askSources(pair, "GET", "/x", { agent });
      await askSources(pair, "DELETE", "/x", { agent });
      await askSources(pair, "POST", "/x/retry", { agent });
      await askSources(pair, "PUT", "/x", { agent, body: '{"provider":"github"}' });
      await send(`${pair.gateway.url}/hooks/${agent}/x`, json({}));
    }
    expect(madeObjects(pair.folder)).toEqual(before);
  });
});

describe.concurrent("a body of another kind", () => {
  it.each([
    ["text", "text/plain", "Hello & <b>you</b>", "Hello & <b>you</b>"],
    ["XML", "application/xml", "<a>1</a>", "<a>1</a>"],
    ["a list", "application/json", '[1,{"a":2}]', '[1,{"a":2}]'],
    ["JSON of a maker's own", "application/cloudevents+json", '{"id":"1"}', '{"id":"1"}'],
    ["JSON without a type", "", '{"id":"1"}', '{"id":"1"}'],
  ])("is the agent's prompt: %s", async (_, type, body, prompt) => {
    const source = await openSource(pair);
    const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
    expect((await send(source.url, { headers, body })).status).toBe(200);
    expect((await ranOnce(pair, source)).sent.input.text).toBe(prompt);
  });

  it("that says nothing is 422, unless the source has words of its own", async () => {
    const silent = await openSource(pair);
    expect((await send(silent.url)).status).toBe(422);
    const source = await openSource(pair, {
      prompt: "It rang{{constructor}}{{a.__proto__}}{{a.length}}.",
    });
    expect((await send(source.url, json({ a: "b" }))).status).toBe(200);
    expect((await ranOnce(pair, source)).sent.input.text).toBe("It rang.");
    expect(ranFor(pair, silent)).toEqual([]);
  });

  it("that is compressed is signed as it was sent", async () => {
    const settings = { provider: "hmac", secret: "s", header: "X-Sig" };
    const source = await makeSource(pair, settings);
    const plain = '{"a":"b"}';
    const body = gzipSync(plain);
    const post = (signed: string | Uint8Array) => {
      const signature = createHmac("sha256", "s").update(signed).digest("hex");
      const headers = { "content-type": "application/json", "content-encoding": "gzip" };
      return send(source.url, { headers: { ...headers, "x-sig": signature }, body });
    };
    expect((await post(plain)).status).toBe(401);
    expect((await post(body)).status).toBe(200);
    expect((await ranOnce(pair, source)).sent.input.text).toBe(plain);
  });

  it.each([
    ["a line break", "a\nb"],
    ["NUL", "a\u0000b"],
    ["a way up", ".."],
    ["a list", ["a"]],
    ["an object", { a: 1 }],
    ["truth", true],
  ])("is no fault of ours where its conversation is %s", async (_, room) => {
    const prompt = `Said in ${JSON.stringify(room)}`;
    const source = await openSource(pair, { params_mapping: { task_id: "room" }, prompt });
    const answer = await send(source.url, json({ room }));
    expect([200, 422]).toContain(answer.status);
    if (answer.status === 422) return;
    const said = () => pair.platform.taken.filter(({ sent }) => sent.input.text === prompt);
    await pair.platform.until(() => said().length > 0);
    expect(said()[0]?.id).toMatch(/^[^\p{Cc}]{1,256}$/u);
  });

  it("may hold keys of JavaScript's own", async () => {
    const source = await openSource(pair, { prompt: "x" });
    const body = '{"__proto__":{"a":1},"constructor":2,"toString":"3"}';
    await send(source.url, { ...json(null), body });
    expect((await ranOnce(pair, source)).sent.additional_context).toBe(body);
  });
});

describe.concurrent("the senders' own names of events", () => {
  it.each([
    ["message.channels", "channel"],
    ["message.groups", "group"],
    ["message.mpim", "mpim"],
    ["message.im", "im"],
  ])("are those that Slack's settings show: %s", async (name, channelType) => {
    const source = await sourceOf(pair, slack, { events: [name] });
    const message = { type: "message", channel_type: channelType, text: "Hi" };
    await deliver(source, slackEvent(1, message), { key: slack.key });
    await ranOnce(pair, source);
  });

  it("are GitHub's, with and without the action", async () => {
    const source = await sourceOf(pair, github, { events: ["issues"] });
    await happen(github, source, 1);
    await ranOnce(pair, source);
  });
});

describe.concurrent("a tolerance", () => {
  it("can be as narrow as Paddle's own", async () => {
    const source = await sourceOf(pair, paddle, { tolerance_seconds: 5 });
    const { key } = paddle;
    expect((await deliver(source, paddle.happens(1), { key, at: now() - 20 })).status).toBe(401);
    expect((await deliver(source, paddle.happens(1), { key })).status).toBe(200);
  });
});

describe.concurrent("Zoom's validation while the secret changes", () => {
  it("is signed with the one that proved it", async () => {
    const source = await sourceOf(pair, zoom);
    const settings = { provider: "zoom", secret: zoom.nextKey.secret };
    await makeSource(pair, settings, { name: source.name });
    const payload = { plainToken: "abc" };
    const happening = json({ event: "endpoint.url_validation", payload });
    const answer = await deliver(source, happening, { key: zoom.key });
    expect(jsonOf(answer)).toEqual({
      plainToken: "abc",
      encryptedToken: createHmac("sha256", zoom.key.secret).update("abc").digest("hex"),
    });
  });
});

describe.concurrent("a batch", () => {
  it("past the day's limit runs what it may", async () => {
    const source = await sourceOf(pair, sendgrid, { max_runs_per_day: 2 });
    const answer = await deliver(source, json([1, 2, 3, 4].map(sendgridEvent)), {
      key: sendgrid.key,
    });
    expect([200, 429]).toContain(answer.status);
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it("is whole on disk when it is answered", { timeout: 90_000 }, async () => {
    const own = await startTaskPair();
    try {
      const source = await sourceOf(own, sendgrid);
      own.platform.isDown = true;
      const numbers = Array.from({ length: 60 }, (_, n) => n);
      const answer = await deliver(source, json(numbers.map(sendgridEvent)), { key: sendgrid.key });
      expect(answer.status).toBe(200);
      await own.crash();
      own.platform.isDown = false;
      await own.platform.until(() => ranFor(own, source).length >= 60, 60_000);
      expect(new Set(ranFor(own, source).map(({ id }) => id)).size).toBe(60);
      expect(ranFor(own, source)).toHaveLength(60);
    } finally {
      await own.stop();
    }
  });
});

describe.concurrent("every answer", () => {
  it("has an id, and one line in the log that says whose it was", async () => {
    const source = await sourceOf(pair, telegram);
    const answers = [
      await happen(telegram, source, 1),
      await happen(telegram, source, 1),
      await deliver(source, telegram.happens(2), { key: telegram.nextKey }),
      await send(`${pair.gateway.url}/hooks/agent-1/none-such`, json({})),
    ];
    const ids = answers.map(({ headers }) => String(headers["x-request-id"]));
    await vi.waitFor(() => {
      const counts = ids.map((id) => pair.gateway.output().split(id).length - 1);
      expect(counts).toEqual([1, 1, 1, 1]);
    });
    const lines = pair.gateway.output().split("\n");
    const read = ids.map((id) => lines.find((text) => text.includes(id)) ?? "{}");
    expect(read.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { agent: "agent-1", status: 200, ms: expect.any(Number) },
      { agent: "agent-1", status: 200 },
      { status: 401, reason: answers[2]?.headers["x-error-code"] },
      { status: 404, reason: answers[3]?.headers["x-error-code"] },
    ]);
  });
});
