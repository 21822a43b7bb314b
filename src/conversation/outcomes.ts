/** What a Worker's attempt, or a look at the platform, says about a turn. */
import type { Book } from "./book.ts";
import type { TaskRow } from "./rows.ts";
import type { Endings } from "./endings.ts";
import type { Outcome, Seen } from "./messages.ts";
import { UNKNOWN_MS } from "./next-step.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Outcomes {
  settle(turn: number, attempt: number, told: { outcome: Outcome; now: number }): void;
  observe(turn: number, seen: Seen, now: number): void;
  /** It was never sent: its key is free again. */
  drop(row: TaskRow, now: number): void;
}

export interface OutcomesOptions {
  readonly book: Book;
  readonly endings: Endings;
  /** What the object found being delivered may have been sent until then. */
  readonly awakeSince: number;
  readonly isSending: () => boolean;
}

export function createOutcomes(options: OutcomesOptions): Outcomes {
  const { book, endings, awakeSince, isSending } = options;

  const drop = (row: TaskRow, now: number): void => {
    endings.end(row, "dropped", now);
    book.forgetRepeats(row.turn);
  };

  const replied = (row: TaskRow, seen: Seen, when: { now: number; isReply: boolean }): void => {
    endings.taken(row, when.now);
    endings.see(row, seen, when);
  };

  /** Somebody may still be about to send it, or it was sent too short a time ago. */
  const isTooSoon = (row: TaskRow, now: number): boolean =>
    isSending() ||
    (row.runs === "worker" && (row.lease_until ?? 0) > now) ||
    Math.max(row.next_at, awakeSince + UNKNOWN_MS) > now;

  return {
    drop,

    settle(turn, attempt, { outcome, now }) {
      const row = book.find(turn);
      if (row === undefined || row.attempts !== attempt || !isOnItsWay(row)) return;
      switch (outcome.kind) {
        case "replied":
          replied(row, outcome, { now, isReply: true });
          return;
        case "refused":
          endings.refuse(row, outcome.refusal, now);
          if (!outcome.isFinal) book.forgetRepeats(turn);
          return;
        case "not_sent":
          drop(row, now);
          return;
        case "unknown":
          book.update(turn, {
            lease_until: null,
            last_error: outcome.why,
            next_at: now + UNKNOWN_MS,
          });
          return;
      }
    },

    observe(turn, seen, now) {
      const row = book.find(turn);
      if (row === undefined || row.before === null || !isOnItsWay(row)) return;
      const before: Snapshot[] = JSON.parse(row.before);
      if (!before.includes(seen.snapshot)) {
        replied(row, seen, { now, isReply: false });
      } else if (row.state === "delivering" && !isTooSoon(row, now)) {
        // Not taken.
        book.update(turn, { state: "waiting", next_at: now, lease_until: row.watched_until });
      }
    },
  };
}

/** It may have been sent, and its turn is not over. */
function isOnItsWay({ state, ended_at }: TaskRow): boolean {
  return ended_at === null && (state === "delivering" || state === "delivered");
}
