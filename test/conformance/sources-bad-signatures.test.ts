import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Answer, send } from "../support/http.ts";
import { refusalOf } from "../support/refusal.ts";
import { type HeaderFields, now, type Sender } from "../support/sender.ts";
import { senders } from "../support/senders.ts";
import { linear, pagerduty } from "../support/senders-work.ts";
import { slack, telegram } from "../support/senders-chat.ts";
import {
  deliver,
  happen,
  makeSource,
  ranFor,
  ranOnce,
  type Source,
  sourceOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

const signing = senders.filter(([, { encoding }]) => encoding !== "token");
const timed = senders.filter(([, { toleranceSeconds }]) => toleranceSeconds !== undefined);
/** Those whose time stands in a header; Linear's is in the body. */
const timedByHeader = timed.filter(([name]) => name !== "linear");

/** Sends the first happening with its right headers, changed like this. */
async function sendChanged(
  sender: Sender,
  source: Source,
  change: (right: string) => string | string[] | undefined,
): Promise<Answer> {
  const { body, headers } = sender.happens(1);
  const letter = { body, address: source.url, at: now(), id: "msg_bad" };
  const signed: HeaderFields = await sender.key.sign(letter);
  const { [sender.signature]: right = "", ...others } = signed;
  const wrong = change(right);
  const changed = wrong === undefined ? {} : { [sender.signature]: wrong };
  return send(source.url, { headers: { ...headers, ...others, ...changed }, body });
}

/** Where the encoded bytes begin: behind `sha256=`, `v1,`, the last `v1=` and so on. */
function split(right: string): [string, string] {
  const [before = ""] = /^.*(?:=(?=.{8})|,)/.exec(right) ?? [];
  return [before, right.slice(before.length)];
}

function onBytes(change: (encoded: string) => string): (right: string) => string {
  return (right) => {
    const [before, encoded] = split(right);
    return before + change(encoded);
  };
}

const flipFirst = (text: string): string => (text.startsWith("a") ? "b" : "a") + text.slice(1);
const flipMiddle = (text: string): string =>
  text.slice(0, 20) + (text[20] === "a" ? "b" : "a") + text.slice(21);

/** Nothing of this source ran but what comes now. */
async function onlyRightOnesRun(sender: Sender, source: Source): Promise<void> {
  expect((await happen(sender, source, 9)).status).toBe(200);
  await ranOnce(pair, source);
}

describe.concurrent("a signature", () => {
  it.each(senders)(
    "that is none, empty, too short, too long, or altered: %s",
    async (_, sender) => {
      const source = await sourceOf(pair, sender);
      const changes: ((right: string) => string | undefined)[] = [
        () => undefined,
        () => "",
        () => "x",
        () => "sha256=",
        (right) => right.slice(0, -2),
        (right) => `${right}00`,
        onBytes(() => ""),
        onBytes(flipFirst),
        onBytes(flipMiddle),
        onBytes((encoded) => "z!".repeat(encoded.length / 2)),
        onBytes((encoded) => encoded.toUpperCase()),
      ];
      const answers: Answer[] = [];
      for (const change of changes) answers.push(await sendChanged(sender, source, change));
      expect(answers.map(({ status }) => status)).toEqual(changes.map(() => 401));
      // One sentence for all of them.
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(new Set(answers.map(({ headers }) => Object.keys(headers).join())).size).toBe(1);
      const [first] = answers.map(refusalOf);
      expect(first).toMatchObject({
        code: expect.any(String),
        body: { detail: expect.any(String) },
      });
      await onlyRightOnesRun(sender, source);
    },
  );

  it.each(senders.filter(([, sender]) => sender !== pagerduty))(
    "that comes twice: %s",
    async (_, sender) => {
      const source = await sourceOf(pair, sender);
      const answers = [
        await sendChanged(sender, source, (right) => [right, right]),
        await sendChanged(sender, source, (right) => [onBytes(flipFirst)(right), right]),
        await sendChanged(sender, source, (right) => [right, onBytes(flipFirst)(right)]),
      ];
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
      await onlyRightOnesRun(sender, source);
    },
  );

  it.each(signing)("of another body, or of white space: %s", async (_, sender) => {
    const source = await sourceOf(pair, sender);
    const { body, headers } = sender.happens(1);
    const others = [
      sender.happens(2).body,
      `${body} `,
      ` ${body}`,
      "",
      body.replace(/[:=]/, "$& "),
    ];
    const answers: Answer[] = [];
    for (const other of others) {
      const happening = { body: other, headers };
      answers.push(await deliver(source, happening, { key: sender.key, body }));
    }
    expect(answers.map(({ status }) => status)).toEqual(others.map(() => 401));
    await onlyRightOnesRun(sender, source);
  });

  it.each(senders)("by another's secret, or by the one before it: %s", async (_, sender) => {
    const source = await sourceOf(pair, sender);
    const { provider, nextKey, key } = sender;
    expect((await deliver(source, sender.happens(1), { key: nextKey })).status).toBe(401);
    const settings = { provider, secret: nextKey.secret, revoke_previous: true };
    await makeSource(pair, settings, { name: source.name });
    const inForce = { timeout: 13_000, interval: 500 };
    await vi.waitFor(async () => {
      expect((await deliver(source, sender.happens(9), { key: nextKey })).status).toBe(200);
    }, inForce);
    expect((await deliver(source, sender.happens(2), { key })).status).toBe(401);
    await ranOnce(pair, source);
  });

  it.each(timed)("of a time that is over, or yet to come: %s", async (_, sender) => {
    const source = await sourceOf(pair, sender);
    const { toleranceSeconds = 0, key } = sender;
    const far = toleranceSeconds + 30;
    const times = [now() - far, now() + far, now() - 86_400, 1, -1];
    const answers: Answer[] = [];
    for (const at of times) {
      answers.push(await deliver(source, sender.happens(1, at), { key, at }));
    }
    expect(answers.map(({ status }) => status)).toEqual(times.map(() => 401));
    const near = now() - toleranceSeconds + 30;
    const answer = await deliver(source, sender.happens(1, near), { key, at: near });
    expect(answer.status).toBe(200);
    await ranOnce(pair, source);
  });

  it.each(timedByHeader)(
    "of a time that is no number, or is not the signed one: %s",
    async (_, sender) => {
      const source = await sourceOf(pair, sender);
      const { body, headers } = sender.happens(1);
      const at = now();
      const letter = { body, address: source.url, at, id: "msg_time" };
      const signed = await sender.key.sign(letter);
      const unit = Object.values(signed).some((value) => value.includes(`${at}000`))
        ? `${at}000`
        : `${at}`;
      const others = [
        "",
        "soon",
        "NaN",
        `${at}.5`,
        ` ${at}x`,
        `0x${at.toString(16)}`,
        `1${unit}`,
        unit.slice(1),
        String(Number(unit) + 1),
      ];
      const answers: Answer[] = [];
      for (const other of others) {
        const changed = Object.entries(signed).map(([name, value]) => [
          name,
          value.replace(unit, other),
        ]);
        answers.push(
          await send(source.url, { headers: { ...headers, ...Object.fromEntries(changed) }, body }),
        );
      }
      expect(answers.map(({ status }) => status)).toEqual(others.map(() => 401));
      await onlyRightOnesRun(sender, source);
    },
  );

  it.each(signing)("that is right, of a body that is no JSON: %s", async (_, sender) => {
    const source = await sourceOf(pair, sender);
    const { headers } = sender.happens(1);
    // A form has no body that cannot be read, and one without fields says nothing.
    const answer = await deliver(source, { body: '{"a":', headers }, { key: sender.key });
    expect([200, 204, 400, 401]).toContain(answer.status);
    expect(answer.status === 401).toBe(sender === linear);
    await onlyRightOnesRun(sender, source);
  });
});

describe.concurrent("a bad signature", () => {
  it("tells Slack not to send it again", async () => {
    const source = await sourceOf(pair, slack);
    const answer = await sendChanged(slack, source, () => undefined);
    expect(answer.headers["x-slack-no-retry"]).toBe("1");
  });

  it("is refused before the body has come", async () => {
    const source = await sourceOf(pair, telegram);
    const started = Date.now();
    const answer = await fetch(source.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode("{")) }),
      duplex: "half",
      signal: AbortSignal.timeout(10_000),
    });
    expect(answer.status).toBe(401);
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(ranFor(pair, source)).toEqual([]);
  });

  it("of Linear's is not saved by a fresh time that is not signed", async () => {
    const source = await sourceOf(pair, linear);
    const stale = linear.happens(1, now() - 600);
    const headers = {
      ...stale.headers,
      "Linear-Timestamp": `${now()}000`,
      webhookTimestamp: `${now()}000`,
    };
    const answer = await deliver(source, { ...stale, headers }, { key: linear.key });
    expect(answer.status).toBe(401);
    await onlyRightOnesRun(linear, source);
  });
});
