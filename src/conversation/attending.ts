/** What a Worker that waits is told. */
import { LEASE_MS } from "../limits.ts";
import { askDelayMs } from "./backoff.ts";
import type { Book } from "./book.ts";
import type { View } from "./messages.ts";
import { nextStep, type Situation } from "./next-step.ts";
import type { TaskRow } from "./rows.ts";
import type { Sending } from "./sending.ts";
import { firstOf } from "./view.ts";

export interface Attending {
  /** For a task that is not over: to go, to ask, or to go on waiting. */
  attend(row: TaskRow, now: number): View;
}

export interface AttendingOptions {
  readonly book: Book;
  readonly sending: Sending;
  readonly situation: (now: number) => Situation;
}

export function createAttending({ book, sending, situation }: AttendingOptions): Attending {
  /** When Workers may ask again whether this turn was taken: `next_at` says from when that counts. */
  let askAgain = { turn: 0, at: 0 };

  return {
    attend(row, now) {
      const lease = now + LEASE_MS;
      const isWorkers = row.runs === "worker" && row.state === "waiting";
      book.update(row.turn, { watched_until: lease, ...(isWorkers && { lease_until: lease }) });
      const first = book.first();
      if (isWorkers && first?.turn === row.turn) {
        return { kind: "go", go: sending.claim(first, now) };
      }
      const step = nextStep(first && firstOf(first), { ...situation(now), canAsk: true });
      const again = first?.state === "delivering" && askAgain.turn === first.turn;
      const askAt = Math.max(step.do === "rest" ? step.until : now, again ? askAgain.at : 0);
      if (first === undefined || step.do !== "ask" || askAt > now) {
        return { kind: "wait", state: row.state, ask: null, isUnsettled: false, askAt };
      }
      const asked = first.asked + 1;
      const at = now + askDelayMs(asked);
      askAgain = { turn: first.turn, at };
      book.update(first.turn, { asked, ...(first.state === "delivered" && { next_at: at }) });
      const isUnsettled = first.state === "delivering";
      return { kind: "wait", state: row.state, ask: first.turn, isUnsettled, askAt };
    },
  };
}
