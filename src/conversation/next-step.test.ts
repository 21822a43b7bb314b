import { describe, expect, it } from "vitest";
import { type First, nextStep, type Situation, type Step } from "./next-step.ts";

const NOW = 1_000_000_000_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NEVER = Number.POSITIVE_INFINITY;

const situation: Situation = {
  now: NOW,
  awakeSince: NOW - 10 * MINUTE,
  maxTurnMs: 20 * MINUTE,
  canAsk: true,
  isAwaited: true,
  isSending: false,
};

const rest = (until: number): Step => ({ do: "rest", until });
const act = (step: "send" | "ask" | "drop" | "unsend" | "free"): Step => ({ do: step, turn: 7 });

type Case = [string, Partial<First>, Partial<Situation>, Step];

function check(base: First) {
  return (_: string, first: Partial<First>, given: Partial<Situation>, step: Step): void => {
    expect(nextStep({ ...base, ...first }, { ...situation, ...given })).toEqual(step);
  };
}

describe("nextStep", () => {
  it("rests where nothing waits", () => {
    expect(nextStep(undefined, situation)).toEqual(rest(NEVER));
  });
});

describe("nextStep of an asynchronous task", () => {
  const alarm = { turn: 7, runs: "alarm", mayBeSent: false, sentAt: 0, leaseUntil: 0 } as const;

  const waiting: First = { ...alarm, state: "waiting", nextAt: NOW };
  it.each<Case>([
    ["that is due", {}, {}, act("send")],
    ["that was due long ago", { nextAt: 0 }, {}, act("send")],
    ["that is due in a moment", { nextAt: NOW + 1 }, {}, rest(NOW + 1)],
    ["that is due, whoever could ask", {}, { canAsk: false, isAwaited: false }, act("send")],
    ["that is at it", {}, { isSending: true }, rest(NOW + 5_000)],
  ])("that waits, %s", check(waiting));

  const delivering: First = {
    ...alarm,
    state: "delivering",
    mayBeSent: true,
    nextAt: NOW,
    sentAt: NOW - 5_000,
  };
  it.each<Case>([
    ["and is at it", {}, { isSending: true }, rest(NOW + 5_000)],
    ["and is to be asked for", {}, {}, act("ask")],
    ["and was sent too short a time ago", { nextAt: NOW + 1 }, {}, rest(NOW + 1)],
    ["and was found so 5 s ago", {}, { awakeSince: NOW - 5_000 }, act("ask")],
    ["and was found so just now", {}, { awakeSince: NOW }, rest(NOW + 5_000)],
    ["and nobody can ask", {}, { canAsk: false }, rest(NOW - 5_000 + 20 * MINUTE)],
    ["and nobody can ask or waits", {}, { canAsk: false, isAwaited: false }, rest(NEVER)],
    ["and is not freed, for it has a schedule", { sentAt: NOW - DAY }, {}, act("ask")],
    ["and is not in the book as sent", { mayBeSent: false }, {}, act("unsend")],
  ])("that is being delivered, %s", check(delivering));
});

describe("nextStep of a synchronous task", () => {
  const worker = { turn: 7, runs: "worker", nextAt: NOW, sentAt: NOW - 1 } as const;

  const waiting: First = { ...worker, state: "waiting", mayBeSent: false, leaseUntil: NOW + 1 };
  it.each<Case>([
    ["whose Worker is alive", {}, {}, rest(NOW + 1)],
    ["whose Worker has gone", { leaseUntil: NOW }, {}, act("drop")],
    [
      "whose Worker has gone while another is sent",
      { leaseUntil: 0 },
      { isSending: true },
      rest(NOW + 5_000),
    ],
  ])("that waits, %s", check(waiting));

  const delivering: First = { ...worker, state: "delivering", mayBeSent: true, leaseUntil: NOW };
  it.each<Case>([
    ["whose Worker is alive", { leaseUntil: NOW + 1 }, {}, rest(NOW + 1)],
    ["whose Worker has gone before it was sent", { mayBeSent: false }, {}, act("unsend")],
    ["whose Worker has gone", {}, {}, act("ask")],
    ["whose Worker has gone just now", { nextAt: NOW + 9 }, {}, rest(NOW + 9)],
    ["found so just now", {}, { awakeSince: NOW - 1 }, rest(NOW + 4_999)],
    ["for too long", { sentAt: NOW - 20 * MINUTE }, {}, act("free")],
    ["for almost too long", { sentAt: NOW - 20 * MINUTE + 1 }, {}, act("ask")],
    ["for too long, unawaited", { sentAt: NOW - DAY + 1 }, { isAwaited: false }, act("ask")],
    ["for a day, unawaited", { sentAt: NOW - DAY }, { isAwaited: false }, act("free")],
    ["with nobody to ask", {}, { canAsk: false }, rest(NOW - 1 + 20 * MINUTE)],
  ])("that is being delivered, %s", check(delivering));
});

describe.each(["alarm", "worker"] as const)("nextStep of what the %s delivered", (runs) => {
  const delivered: First = {
    turn: 7,
    state: "delivered",
    runs,
    mayBeSent: true,
    nextAt: NOW,
    sentAt: NOW - MINUTE,
    leaseUntil: 0,
  };
  it.each<Case>([
    ["when it is time", {}, {}, act("ask")],
    ["before it is time", { nextAt: NOW + 1 }, {}, rest(NOW + 1)],
    ["at the end of its time", { sentAt: NOW - 20 * MINUTE }, {}, act("free")],
    [
      "shortly before the end of its time",
      { sentAt: NOW - 20 * MINUTE + 5, nextAt: NOW + 30_000 },
      {},
      rest(NOW + 5),
    ],
    ["when nobody can ask", {}, { canAsk: false }, rest(NOW + 19 * MINUTE)],
    ["when nobody can ask or waits", {}, { canAsk: false, isAwaited: false }, rest(NEVER)],
    ["for a callback alone", { sentAt: NOW - 60 * MINUTE }, { isAwaited: false }, act("ask")],
    ["for a callback alone, a day long", { sentAt: NOW - DAY }, { isAwaited: false }, act("free")],
    ["while it is asked about nothing else", {}, { isSending: true }, act("ask")],
  ])("%s", check(delivered));
});
