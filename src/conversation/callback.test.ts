import { describe, expect, it } from "vitest";
import type { TaskState } from "../invocation/task.ts";
import { callbackBody, signatureHeaders } from "./callback.ts";

/** Of the specification's own libraries. */
const vector = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  now: 1_614_265_330_000,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

describe("signatureHeaders", () => {
  it.each(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])(
    "agrees with Standard Webhooks for the secret %s",
    (secret) => {
      const { id, body, now, signature } = vector;
      expect(signatureHeaders({ id, body, now: now + 999, secret })).toEqual({
        "webhook-id": id,
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature,
      });
    },
  );

  it.each([
    ["plain text", "not base64: ä"],
    ["whsec_ and plain text", "whsec_not base64"],
  ])("takes %s as a key", (_, secret) => {
    const { id, body, now } = vector;
    const headers = signatureHeaders({ id, body, now, secret });
    expect(headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    const other = signatureHeaders({ id, body, now, secret: `${secret}.` });
    expect(other["webhook-signature"]).not.toBe(headers["webhook-signature"]);
  });

  it.each([{ id: "msg_2" }, { body: "{}" }, { now: vector.now + 1_000 }, { secret: "other!" }])(
    "signs %j",
    (change) => {
      const given = { ...vector, secret: "secret!" };
      const signed = signatureHeaders(given)["webhook-signature"];
      expect(signatureHeaders({ ...given, ...change })["webhook-signature"]).not.toBe(signed);
    },
  );
});

const getter = (...path: string[]) => ({ path, loc: ["query", "getter"] });

describe("callbackBody", () => {
  const state: TaskState = {
    id: '"t"',
    agent_id: '"agent"',
    status: '"completed"',
    result: '"{\\"n\\":12345678901234567890}"',
    created_at: "null",
    finished_at: "null",
    source: '"webhook"',
    execution_attempts: "1",
  };
  it("is the eight fields", () => {
    expect(Object.keys(JSON.parse(callbackBody(state, { json: false })))).toHaveLength(8);
    expect(JSON.parse(callbackBody(state, { json: false })).result).toBe(JSON.parse(state.result));
  });

  it("has the result as JSON where that is asked for", () => {
    expect(callbackBody(state, { json: true })).toContain('"result":{"n":12345678901234567890}');
  });

  it("is what the getter finds", () => {
    expect(callbackBody(state, { json: false, getter: getter("result", "n") })).toBe(
      "12345678901234567890",
    );
  });

  it("has the whole answer where the getter finds nothing", () => {
    const body = callbackBody(state, { json: false, getter: getter("result", "none") });
    expect(JSON.parse(body)).toMatchObject({
      detail: [{ loc: ["query", "getter"], type: "not_found" }],
      task: { id: "t", status: "completed" },
    });
  });
});
