import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pdf } from "../support/files.ts";
import { type Answer, jsonOf, type Sent } from "../support/http.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import {
  githubEvent,
  hexHmac,
  slackRequest,
  type SourcePair,
  startSourcePair,
  telegramUpdate,
  whatsappBatch,
} from "../support/sources.ts";

let pair: SourcePair;

beforeAll(async () => {
  pair = await startSourcePair();
});
afterAll(() => pair.stop());

const UNSIGNED = refusal(401, "signature_invalid", "The signature is missing or wrong");
const STARTED = '{"status":"Started"}';

/** The newest first. */
async function outcomes(name: string): Promise<string[]> {
  const { deliveries } = await pair.shown(name);
  return deliveries.map(({ outcome }) => String(outcome));
}

/** In no order. */
async function counts(name: string): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const outcome of await outcomes(name)) counted[outcome] = 1 + (counted[outcome] ?? 0);
  return counted;
}

/** What somebody says to a Slack app. */
function mention(id: string, more: object): object {
  const event = { type: "app_mention", channel: "C1", user: "U1", ts: "1.0", text: id, ...more };
  return { type: "event_callback", event_id: id, event };
}

function githubProof(content: string | Uint8Array) {
  return { "x-hub-signature-256": `sha256=${hexHmac("s", content)}` };
}

function push(id: string): Sent {
  return githubEvent("s", { zen: id }, { id, name: "push" });
}

function formHeaders(signature: string) {
  return { "content-type": MULTIPART_TYPE, "x-signature": `v=${signature}` };
}

/** A Mailgun event, whose token is signed and whose subject is not. */
function mail(token: string, subject: string) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = hexHmac("s", timestamp + token);
  const event = { event: "delivered", message: { headers: { subject } } };
  return {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ signature: { timestamp, token, signature }, "event-data": event }),
  };
}

describe("a Slack source", () => {
  beforeAll(() => pair.put("slack", { provider: "slack", secret: "shh" }));

  it("echoes the challenge of a signed handshake alone", async () => {
    const handshake = { type: "url_verification", challenge: "3eZbrw1a" };
    const answer = await pair.hook("slack", slackRequest("shh", handshake));
    expect([answer.status, jsonOf(answer)]).toEqual([200, { challenge: "3eZbrw1a" }]);
    const forged = await pair.hook("slack", slackRequest("other", handshake));
    expect([forged.status, forged.headers["x-slack-no-retry"]]).toEqual([401, "1"]);
    const stale = slackRequest("shh", handshake, Date.now() / 1000 - 400);
    expect((await pair.hook("slack", stale)).status).toBe(401);
    expect(await outcomes("slack")).toEqual(["unproven", "unproven", "handshake"]);
  });

  it("answers nothing, and does not run what a bot said", async () => {
    const answers = [
      await pair.hook("slack", slackRequest("shh", mention("said", {}))),
      await pair.hook("slack", slackRequest("shh", mention("echoed", { bot_id: "B1" }))),
    ];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, ""],
      [200, ""],
    ]);
    expect(await pair.platform.prompted(pair.taskId("slack", "C1"), 1)).toEqual(["said"]);
  });
});

describe("a WhatsApp source", () => {
  it("runs each message of a batch once, in the order of its conversation", async () => {
    await pair.put("wa", { provider: "whatsapp", secret: "meta" });
    const first = whatsappBatch("meta", [["m1", "41", "one"]]);
    const batch = whatsappBatch("meta", [
      ["m1", "41", "one"],
      null,
      ["m2", "41", "two"],
      ["m3", "42", "three"],
    ]);
    const answers = [await pair.hook("wa", first), await pair.hook("wa", batch)];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, ""],
      [200, ""],
    ]);
    expect(await pair.platform.prompted(pair.taskId("wa", "41"), 2)).toEqual(["one", "two"]);
    expect(await pair.platform.prompted(pair.taskId("wa", "42"), 1)).toEqual(["three"]);
    expect((await pair.shown("wa")).runs_today).toBe(3);
    expect(await counts("wa")).toEqual({ malformed: 1, repeat: 1, started: 3 });
  });

  it("takes a thousand messages in one delivery", async () => {
    await pair.put("many", { provider: "whatsapp", secret: "meta" });
    const messages = Array.from(
      { length: 1_000 },
      (_, n) => [`x${n}`, `c${n % 50}`, "hi"] as const,
    );
    const answer = await pair.hook("many", whatsappBatch("meta", messages));
    expect([answer.status, answer.text]).toEqual([200, ""]);
    const { runs_today: runs, deliveries } = await pair.shown("many");
    expect([runs, deliveries.length]).toEqual([1_000, 50]);
  });
});

describe("a Stripe source", () => {
  const event = { id: "evt_1", type: "invoice.paid", data: { object: { customer: "cus_1" } } };
  const signed = (secret: string, body = JSON.stringify(event), at = Date.now() / 1000) => {
    const time = Math.floor(at);
    const v1 = hexHmac(secret, `${time}.${body}`);
    const headers = {
      "content-type": "application/json",
      "stripe-signature": `t=${time},v1=${v1}`,
    };
    return { body, headers };
  };

  it("takes a fresh signature over the bytes as they were sent", async () => {
    await pair.put("stripe", { provider: "stripe", secret: "whsec_1", events: ["invoice.paid"] });
    const good = signed("whsec_1");
    const answers = [
      await pair.hook("stripe", { ...good, body: `${good.body} ` }),
      await pair.hook("stripe", signed("whsec_1", good.body, Date.now() / 1000 - 301)),
      await pair.hook("stripe", signed("whsec_1", "{broken")),
      await pair.hook("stripe", good),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 400, 200]);
  });

  it("verifies what is compressed as it was sent", async () => {
    await pair.put("zipped", { provider: "github", secret: "s" });
    const body = gzipSync('{"zen":"it fits"}');
    const headers = {
      "content-type": "application/json",
      "content-encoding": "gzip",
      "x-github-event": "push",
      "x-github-delivery": "zipped",
    };
    const inflated = githubProof('{"zen":"it fits"}');
    const wrong = await pair.hook("zipped", { body, headers: { ...headers, ...inflated } });
    expect(refusalOf(wrong)).toEqual(UNSIGNED);
    const right = await pair.hook("zipped", {
      body,
      headers: { ...headers, ...githubProof(body) },
    });
    expect([right.status, right.text]).toEqual([200, STARTED]);
  });
});

describe("a source with an HMAC of its own", () => {
  const FORM = multipart([
    { name: "prompt", content: "not a parameter" },
    { name: "report", content: pdf("hello"), filename: "report.pdf", type: "application/pdf" },
  ]);
  const base64 = (secret: string) => createHmac("sha512", secret).update(FORM).digest("base64");
  beforeAll(() =>
    pair.put("signed", {
      provider: "hmac",
      secret: "s",
      header: "X-Signature",
      algorithm: "sha512",
      encoding: "base64",
      prefix: "v=",
    }),
  );

  it("stores no file of a form whose signature is wrong", async () => {
    const before = pair.gateway.stored();
    for (const body of [FORM, [FORM.subarray(0, 300), FORM.subarray(300)]]) {
      const answer = await pair.hook("signed", { body, headers: formHeaders(base64("other")) });
      expect(refusalOf(answer)).toEqual(UNSIGNED);
    }
    expect(pair.gateway.stored()).toEqual(before);
    expect(await outcomes("signed")).toEqual(["unproven", "unproven"]);
  });

  it("hands on the files of one that is right, and takes no parameter from it", async () => {
    const answer = await pair.hook("signed", { body: FORM, headers: formHeaders(base64("s")) });
    expect([answer.status, answer.text]).toEqual([200, STARTED]);
    await pair.platform.until(() => pair.platform.taken.some(({ sent }) => sent.input.files));
    const sent = pair.platform.taken.find((each) => each.sent.input.files)?.sent;
    expect(sent?.input.files).toEqual([expect.stringContaining("/report.pdf?token=")]);
    expect(JSON.parse(sent?.input.text ?? "")).toEqual({ prompt: "not a parameter" });
  });

  it("verifies before it says what is wrong with the form", async () => {
    const bad = multipart([{ name: "f", content: "MZ", filename: "a.exe" }]);
    const signature = createHmac("sha512", "s").update(bad).digest("base64");
    const right = await pair.hook("signed", { body: bad, headers: formHeaders(signature) });
    const wrong = await pair.hook("signed", { body: bad, headers: formHeaders(base64("s")) });
    expect([right.status, wrong.status]).toEqual([415, 401]);
  });
});

describe("a Mailgun source", () => {
  it("takes a token once, and again with the same body alone", async () => {
    await pair.put("mail", { provider: "mailgun", secret: "s" });
    const first = mail("token-1", "hello");
    const answers = [
      await pair.hook("mail", first),
      await pair.hook("mail", first),
      await pair.hook("mail", { ...first, body: first.body.replace("hello", "HELLO") }),
      await pair.hook("mail", mail("token-2", "hello")),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 406, 200]);
    expect((await pair.shown("mail")).runs_today).toBe(2);
  });
});

describe("what a source says of its tasks", () => {
  it("fills prompt, person and conversation from the body, and counts before the provider", async () => {
    await pair.put("mapped", {
      provider: "telegram",
      secret: "t",
      prompt: "{{message.from.first_name}} wrote: {{message.text}}",
      params_mapping: { task_id: "message.from.id", user_email: "message.mail" },
      agent_version: "draft",
    });
    await pair.hook("mapped", telegramUpdate("t", 1, 42, "hi"));
    const id = pair.taskId("mapped", "7");
    expect(await pair.platform.prompted(id, 1)).toEqual(["Ann wrote: hi"]);
    expect(pair.platform.taken.find((each) => each.id === id)?.path).toContain("version=draft");
  });

  it("answers who waits for the agent", async () => {
    await pair.put("sync", { provider: "none", asynchronous: false, getter: "result" });
    const sent = { body: "What now?", headers: { "content-type": "text/plain" } };
    const answer = await pair.hook("sync", sent);
    expect([answer.status, jsonOf(answer)]).toEqual([200, "Re: What now?"]);
  });

  it("shares conversations where it says so", async () => {
    const source = { provider: "telegram", secret: "t", shared_conversations: true };
    await pair.put("shared", source);
    await pair.hook("shared", telegramUpdate("t", 1, 4711, "hi"));
    expect(await pair.platform.prompted("4711", 1)).toEqual(["hi"]);
  });

  it("deduplicates by its own selectors, for its own time", async () => {
    const deduplicate = { selectors: ["uid"], ttl_minutes: 10 };
    await pair.put("dedup", { provider: "none", deduplicate });
    const headers = { "content-type": "application/json" };
    for (const body of ['{"uid":1,"at":1}', '{"uid":1,"at":2}', '{"uid":2}', '{"at":3}']) {
      expect((await pair.hook("dedup", { body, headers })).status).toBe(200);
    }
    expect(await counts("dedup")).toEqual({ repeat: 1, started: 3 });
  });

  it("runs no more than so many a day, and tells a repeat as one all the same", async () => {
    await pair.put("day", { provider: "github", secret: "s", max_runs_per_day: 2 });
    const answers: Answer[] = [];
    for (const id of ["1", "1", "2", "3", "1"]) answers.push(await pair.hook("day", push(id)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 200]);
    expect(Number(answers[3]?.headers["retry-after"])).toBeGreaterThan(0);
    expect(await outcomes("day")).toEqual(["repeat", "day_full", "started", "repeat", "started"]);
    expect((await pair.shown("day")).runs_today).toBe(2);
  });
});

describe("POST …/sources/{name}/retry", () => {
  it("sends what died with a bad key out again with the present one", async () => {
    await pair.put("dead", { provider: "telegram", secret: "t" }, { apiKey: "old-key" });
    const id = pair.taskId("dead", "1");
    pair.platform.refuses("POST", id, { status: 403, body: { detail: "Invalid API key" } });
    await pair.hook("dead", telegramUpdate("t", 1, 1, "hi"));
    await pair.platform.until(() => pair.platform.calls("POST", id).length === 1);
    const isDead = async () => (await pair.shown("dead")).dead === 1;
    await expect.poll(isDead).toBe(true);
    expect(await outcomes("dead")).toEqual(["dead"]);
    await pair.put("dead", { provider: "telegram" }, { apiKey: "new-key" });
    const answer = await pair.call("/v1/agents/agent-1/sources/dead/retry", { body: "" });
    expect([answer.status, jsonOf(answer)]).toEqual([200, { status: "Started", retried: 1 }]);
    expect(await pair.platform.prompted(id, 1)).toEqual(["hi"]);
    expect(pair.platform.taken.find((each) => each.id === id)?.apiKey).toBe("new-key");
  });
});
