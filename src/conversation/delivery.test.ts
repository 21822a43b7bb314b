import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  accept,
  close,
  HOUR,
  lost,
  never,
  open,
  ring,
  row,
  rows,
  SECOND,
  standIn,
  status,
  untilAlarm,
} from "./conversation.fixture.ts";

beforeEach(open);
afterEach(close);

describe("an asynchronous task", () => {
  it("is sent by the alarm that was set with it", async () => {
    await accept("one");
    expect(standIn.calls).toEqual([]);
    expect(await untilAlarm()).toBe(0);
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect(await row(1)).toMatchObject({ state: "delivered", attempts: 1, failures: 0 });
  });

  it("survives a platform that is gone for an hour, and runs once", async () => {
    standIn.always = lost;
    const start = Date.now();
    await accept("one");
    while (Date.now() - start < HOUR) await ring();
    standIn.always = undefined;
    expect(standIn.taken).toEqual([]);
    expect(await row(1)).toMatchObject({ state: "waiting", last_error: "platform_unreachable" });
    await ring();
    expect(standIn.taken).toEqual(["one"]);
    expect(await row(1)).toMatchObject({ state: "delivered", last_error: null });
  });

  it("is asked for, and not sent twice, when the answer to it never comes", async () => {
    standIn.starts.push(() => {
      void standIn.take(JSON.stringify({ id: "t", input: { text: "one" } }));
      return never();
    });
    await accept("one");
    await ring();
    expect(await row(1)).toMatchObject({ state: "delivering", last_error: "platform_timeout" });
    expect(await untilAlarm()).toBeGreaterThanOrEqual(5 * SECOND);
    await ring();
    expect(standIn.calls).toEqual(["show", "start", "show"]);
    expect(standIn.taken).toEqual(["one"]);
    expect(await row(1)).toMatchObject({ state: "delivered" });
  });

  it("is sent again when the platform shows what it showed before", async () => {
    standIn.starts.push(lost);
    await accept("one");
    await ring();
    expect(await untilAlarm()).toBe(5 * SECOND);
    await ring();
    expect(standIn.calls).toEqual(["show", "start", "show", "start"]);
    expect(standIn.taken).toEqual(["one"]);
  });

  it("is never sent again while the platform does not say whether it took it", async () => {
    standIn.starts.push(lost);
    await accept("one");
    await ring();
    standIn.shows.push(status(500), status(429), never, status(404), status(404));
    await ring(3);
    expect(standIn.calls).toEqual(["show", "start", "show", "show", "show"]);
    await ring();
    expect(standIn.taken).toEqual(["one"]);
  });

  it.each([401, 403])("is dead at once when it may not even ask: %i", async (code) => {
    standIn.shows.push(status(code));
    await accept("one");
    await ring();
    expect(await row(1)).toMatchObject({ state: "dead", last_error: "api_key_invalid" });
    expect(standIn.calls).toEqual(["show"]);
  });

  it("of an id that the gateway made is not asked for first", async () => {
    await accept("one", { isNew: true });
    await ring();
    expect(standIn.calls).toEqual(["start"]);
  });

  it("waits as long as a Retry-After says", async () => {
    standIn.starts.push(status(429, { "Retry-After": "3600" }));
    await accept("one");
    await ring();
    expect(await untilAlarm()).toBe(HOUR);
    expect(await row(1)).toMatchObject({ state: "waiting", before: null, failures: 1 });
    await ring();
    expect(standIn.taken).toEqual(["one"]);
  });

  it.each([429, 500, 503, 408, 425])("is not given up for a %i", async (code) => {
    standIn.starts.push(status(code));
    await accept("one");
    await ring(2);
    expect(standIn.taken).toEqual(["one"]);
  });

  it.each([
    [401, "api_key_invalid"],
    [403, "api_key_invalid"],
    [404, "agent_not_found"],
    [400, "parameters_invalid"],
    [422, "parameters_invalid"],
  ])("is dead at once when the platform says %i", async (code, reason) => {
    standIn.starts.push(status(code));
    await accept("one");
    await accept("two");
    await ring();
    expect(await rows()).toMatchObject([
      { state: "dead", last_error: reason, attempts: 1, api_key: null },
      { state: "delivered" },
    ]);
    expect(standIn.taken).toEqual(["two"]);
  });
});
