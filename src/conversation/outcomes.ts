/** What a Worker's attempt, or a look at the platform, says about a turn. */
import type { Book } from "./book.ts";
import type { TaskRow } from "./rows.ts";
import type { Endings } from "./endings.ts";
import type { Outcome, Seen } from "./messages.ts";
import { UNKNOWN_MS } from "./next-step.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Kept } from "./stash.ts";

export interface Outcomes {
  settle(turn: number, attempt: number, told: { outcome: Outcome; now: number }): void;
  /** Whether what was seen is of this turn, and not what the platform showed before it. */
  observe(turn: number, seen: Seen, when: { now: number; askedAt: number }): boolean;
  /** It was never sent: its key is free again. */
  drop(row: TaskRow, now: number): void;
}

export interface OutcomesOptions {
  readonly book: Book;
  readonly endings: Endings;
  /** What the object found being delivered may have been sent until then. */
  readonly awakeSince: number;
  readonly isSending: () => boolean;
  readonly discard: (kept: readonly (Kept | null)[]) => void;
}

export function createOutcomes(options: OutcomesOptions): Outcomes {
  const { book, endings, awakeSince, isSending, discard } = options;

  const drop = (row: TaskRow, now: number): void => {
    endings.end(row, "dropped", now);
    book.forgetRepeats(row.turn);
  };

  const replied = (row: TaskRow, seen: Seen, when: { now: number; isReply: boolean }): void => {
    if (seen.standing === "ended" || seen.standing === "paused") endings.see(row, seen, when);
    else endings.taken(row, when.now);
  };

  /** When it was asked, somebody might still send it, or had sent it too short a time ago. */
  const isTooSoon = (row: TaskRow, askedAt: number): boolean =>
    isSending() ||
    (row.runs === "worker" && (row.lease_until ?? 0) > askedAt) ||
    Math.max(row.next_at, awakeSince + UNKNOWN_MS) > askedAt;

  /** An answer that came too late, or twice, lies in R2 for nothing. */
  const discardUnused = (turn: number, { answer }: Seen): void => {
    if (answer !== null && answer !== book.find(turn)?.answer) discard([answer]);
  };

  return {
    drop,

    settle(turn, attempt, { outcome, now }) {
      const row = book.find(turn);
      if (row === undefined || row.attempts !== attempt || !isOnItsWay(row)) {
        if (outcome.kind !== "replied") return;
        // Others may have had their turn meanwhile; the answer is kept all the same.
        if (row?.state === "delivered" && row.answer === null) {
          book.update(turn, { state: "finished", answer: outcome.answer });
        }
        discardUnused(turn, outcome);
        return;
      }
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

    observe(turn, seen, { now, askedAt }) {
      const row = book.find(turn);
      const before: Snapshot[] | null = JSON.parse(row?.before ?? "null");
      const isOfThis = before !== null && !before.includes(seen.snapshot);
      if (row !== undefined && before !== null && isOnItsWay(row)) {
        if (isOfThis) {
          replied(row, seen, { now, isReply: false });
        } else if (row.state === "delivering" && !isTooSoon(row, askedAt)) {
          // Not taken.
          book.update(turn, { state: "waiting", next_at: now, lease_until: row.watched_until });
        }
      }
      discardUnused(turn, seen);
      return isOfThis;
    },
  };
}

/** It may have been sent, and its turn is not over. */
function isOnItsWay({ state, ended_at }: TaskRow): boolean {
  return ended_at === null && (state === "delivering" || state === "delivered");
}
