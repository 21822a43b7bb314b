import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, send, type Sent } from "../support/http.ts";
import { formOf, hmac, json } from "../support/sender.ts";
import { github } from "../support/senders-work.ts";
import {
  contextOf,
  happen,
  makeSource,
  openSource,
  ran,
  ranFor,
  ranOnce,
  type Source,
  sourceOf,
  userOf,
} from "../support/source-orders.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair();
});
afterAll(() => pair.stop());

function post({ url }: Source, { headers, ...sent }: Sent = formOf({ a: "1" })) {
  return send(url, { ...sent, headers: { "content-type": "text/plain", ...headers } });
}

describe.concurrent("an open form", () => {
  it("is the agent's context", async () => {
    const source = await openSource(pair);
    const answer = await post(source, formOf({ name: "Zoë", message: "5% off & more" }));
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    const task = await ranOnce(pair, source);
    expect(JSON.parse(task.sent.input.text ?? "")).toEqual({
      name: "Zoë",
      message: "5% off & more",
    });
    expect(task.id).toMatch(new RegExp(`^agent-1:${source.name}:\\S+$`));
  });

  it("is another conversation each time", async () => {
    const source = await openSource(pair);
    await post(source);
    await post(source);
    expect(new Set((await ran(pair, source, 2)).map(({ id }) => id)).size).toBe(2);
  });

  it("is mapped, and put into the source's own words", async () => {
    const source = await openSource(pair, {
      params_mapping: { task_id: "mail.address", user_email: "mail.address", user_id: "id" },
      prompt: "{{mail.name}} wrote: {{text}}{{nothing}} ({{mail.tags[0]}}, {{id}})",
    });
    const mail = { address: "zoe@example.com", name: "{{text}}", tags: ["a", "b"] };
    const body = { mail, text: "Hello\n$& {{id}}", id: 7 };
    await post(source, {
      ...json(body),
      body: JSON.stringify(body).replace("7", "9007199254740993"),
    });
    const task = await ranOnce(pair, source);
    expect(task.id).toBe(`${source.prefix}zoe@example.com`);
    expect(userOf(task)).toEqual({ id: "9007199254740993", email: "zoe@example.com" });
    // What a caller wrote is never read as a template.
    expect(task.sent.input.text).toBe("{{text}} wrote: Hello\n$& {{id}} (a, 9007199254740993)");
  });

  it("can be waited for", async () => {
    const source = await openSource(pair, {
      asynchronous: false,
      prompt: "Say {{a}}",
      getter: "result",
    });
    const answer = await post(source);
    expect([answer.status, jsonOf(answer)]).toEqual([200, "Re: Say 1"]);
  });

  it("sends its browser on", async () => {
    const source = await openSource(pair, { redirect: "https://shop.example/thanks?a=1" });
    const answer = await post(source);
    expect(answer.status).toBe(303);
    expect(answer.headers["location"]).toBe("https://shop.example/thanks?a=1");
    await ranOnce(pair, source);
  });
});

describe.concurrent("a caller of a source", () => {
  const parameters = {
    agent_id: "agent-2",
    task_id: "mine",
    user_id: "u",
    user_email: "admin@example.com",
    prompt: "Do as I say",
    asynchronous: "false",
    getter: "result",
    json: "true",
    user_tokens: '{"a":"b"}',
    disable_attachment_injection: "true",
    agent_version: "9",
    wait: "5",
    callback_url: "https://evil.example/",
    overlap: "drop",
    debounce: "9",
    params_mapping: '{"task_id":"a"}',
    "map.task_id": "a",
    "x-api-key": "wrong-key",
  };

  it("sets no parameter in the body", async () => {
    const source = await openSource(pair, { prompt: "The source's words" });
    const answer = await post(source, json({ ...parameters, a: "1" }));
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    const task = await ranOnce(pair, source);
    expect(task).toMatchObject({ agentId: "agent-1", apiKey: "test-key", route: "async" });
    expect(task.path).not.toContain("version");
    expect(task.sent.input).toEqual({ text: "The source's words" });
    expect(task.sent.user_tokens).toBeUndefined();
    expect(task.sent).not.toHaveProperty("disable_attachment_injection");
    const { "x-api-key": _, ...context } = parameters;
    expect(contextOf(task)).toMatchObject(context);
    expect(task.id).not.toContain("mine");
  });

  it("sets no parameter in the query or in a header", async () => {
    const source = await openSource(pair);
    const query = new URLSearchParams(parameters).toString();
    const answer = await send(`${source.url}?${query}`, {
      ...json({ a: "1" }),
      headers: {
        "content-type": "application/json",
        "x-api-key": "wrong-key",
        prefer: "wait=5",
        "idempotency-key": "k",
      },
    });
    expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    const task = await ranOnce(pair, source);
    expect(task).toMatchObject({ agentId: "agent-1", apiKey: "test-key", route: "async" });
    expect(task.sent.input).toEqual({ text: '{"a":"1"}' });
    expect(task.sent.user_tokens).toBeUndefined();
  });

  it("gives no files by address", async () => {
    const source = await openSource(pair, { files: true, prompt: "Read it" });
    const files = ["https://evil.example/a.pdf"];
    await post(source, json({ files }));
    const task = await ranOnce(pair, source);
    expect(task.sent.input.files).toBeUndefined();
    expect(contextOf(task)).toEqual({ files });
  });

  it("gets the agent's answer in no other shape than the source's", async () => {
    const source = await openSource(pair, { asynchronous: false });
    const answer = await send(`${source.url}?getter=id&json=true`, formOf({ a: "1" }));
    expect(jsonOf(answer)).toMatchObject({ agent_id: "agent-1", status: "completed" });
  });
});

describe.concurrent("deduplicate", () => {
  it("knows a repeat by its selectors", async () => {
    const deduplicate = { selectors: ["payload.uid", "kind"], ttl_minutes: 10 };
    const source = await openSource(pair, { deduplicate, prompt: "{{n}}" });
    const uids = [
      ["a", "x"],
      ["a", "x"],
      ["a", "y"],
      ["b", "x"],
      ["a", "x"],
    ];
    for (const [n, [uid, kind]] of uids.entries()) {
      const answer = await post(source, json({ n, kind, payload: { uid } }));
      expect([answer.status, answer.text]).toEqual([200, '{"status":"Started"}']);
    }
    const prompts = (await ran(pair, source, 3)).map(({ sent }) => sent.input.text);
    expect(new Set(prompts)).toEqual(new Set(["0", "2", "3"]));
  });

  it("takes the place of the sender's own id", async () => {
    const source = await sourceOf(pair, github, { deduplicate: { selectors: ["repository.id"] } });
    await happen(github, source, 1);
    await happen(github, source, 2);
    expect(await ran(pair, source)).toHaveLength(1);
  });

  it("does not take two for one where a selector finds nothing", async () => {
    const source = await openSource(pair, { deduplicate: { selectors: ["uid"] }, prompt: "{{n}}" });
    await post(source, json({ n: 1 }));
    await post(source, json({ n: 2 }));
    expect(await ran(pair, source, 2)).toHaveLength(2);
  });

  it("is its sender's id by default, over another conversation too", async () => {
    const hmacSource = await makeSource(pair, {
      provider: "hmac",
      secret: "s",
      header: "X-Sig",
      id_header: "X-Id",
      params_mapping: { task_id: "room" },
    });
    for (const room of ["a", "a", "b"]) {
      const body = JSON.stringify({ room });
      const signed = { "x-sig": hmac("sha256", "s", body, "hex"), "x-id": "1" };
      const answer = await post(hmacSource, { headers: signed, body });
      expect(answer.status).toBe(200);
    }
    expect(ranFor(pair, hmacSource).length).toBeLessThanOrEqual(2);
    expect((await ran(pair, hmacSource))[0]?.id).toBe(`${hmacSource.prefix}a`);
  });
});
