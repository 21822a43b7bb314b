/** What is written down before a task may be sent (contract §2.4): what the platform shows. */
import { LEASE_MS, SNAPSHOT_FRESH_MS } from "../limits.ts";
import type { Book } from "./book.ts";
import type { TaskRow } from "./rows.ts";
import type { Arrival, Go } from "./messages.ts";
import { UNKNOWN_MS } from "./next-step.ts";
import type { Columns } from "./queue.ts";
import { ABSENT, type Snapshot } from "./snapshot.ts";

export interface Sending {
  /** What the platform showed before this task, if the book has it. */
  knownBefore(row: TaskRow, now: number): readonly Snapshot[] | undefined;
  /** From here on it may have been sent. */
  mark(row: TaskRow, shown: readonly Snapshot[], now: number): void;
  /** Gives the turn to the Worker that asks for it, and may have `shown` what the platform shows. */
  claim(row: TaskRow, now: number, shown?: Arrival["shown"]): Go;
}

/** A message is on its way for less than this. */
const CLOCK_MS = 1_000;

export function createSending(book: Book): Sending {
  const knownBefore: Sending["knownBefore"] = (row, now) => {
    if (row.before !== null) return JSON.parse(row.before);
    const latest = book.latest();
    if (latest === undefined) return row.is_new === 1 ? [ABSENT] : undefined;
    const { snapshot, is_reply, seen_at } = latest;
    const isFresh = snapshot !== null && is_reply === 0 && now - seen_at < SNAPSHOT_FRESH_MS;
    return isFresh ? [snapshot] : undefined;
  };

  /** What is written down of a task that may be sent. */
  const marks = (shown: readonly Snapshot[], now: number): Columns => {
    const latest = book.latest();
    // A reply is written in its own way, perhaps: both count as what was before.
    const replied = latest?.is_reply === 1 && latest.snapshot !== null ? [latest.snapshot] : [];
    return {
      state: "delivering",
      before: JSON.stringify([...shown, ...replied]),
      sent_at: now,
      next_at: now + UNKNOWN_MS,
      snapshot: null,
      seen_at: now,
      is_reply: 0,
    };
  };

  /** It was asked when the turn before, if there was one, had been over for a while. */
  const stillTrue = (shown: Arrival["shown"], now: number): readonly Snapshot[] | undefined => {
    const lastAt = book.latest()?.seen_at ?? 0;
    return shown !== null && lastAt < now - shown.ageMs - CLOCK_MS ? [shown.snapshot] : undefined;
  };

  return {
    knownBefore,

    mark(row, shown, now) {
      book.update(row.turn, marks(shown, now));
    },

    claim(row, now, shown = null) {
      const attempt = row.attempts + 1;
      const before = knownBefore(row, now) ?? stillTrue(shown, now);
      book.update(row.turn, {
        state: "delivering",
        attempts: attempt,
        lease_until: now + LEASE_MS,
        sent_at: now,
        ...(before !== undefined && marks(before, now)),
      });
      return { attempt, isReady: before !== undefined };
    },
  };
}
