/** What a conversation has to do next: the rules of turns (contract §2.2), without a clock or a store. */

/** The first of the queue: the task whose turn it is. */
export interface First {
  readonly turn: number;
  readonly state: "waiting" | "delivering" | "delivered";
  /** The alarm sends an asynchronous task, a Worker that waits sends a synchronous one. */
  readonly runs: "alarm" | "worker";
  /** What the platform showed before is on disk: it may have been sent. */
  readonly mayBeSent: boolean;
  /** Unix milliseconds, all of them. When it may be sent again, or asked about. */
  readonly nextAt: number;
  readonly sentAt: number;
  /** Until then its Worker is alive. */
  readonly leaseUntil: number;
}

export interface Situation {
  readonly now: number;
  /** When this object woke up: what it finds being delivered may have been sent until then. */
  readonly awakeSince: number;
  readonly maxTurnMs: number;
  /** Somebody waits for this turn's end: a key is at hand to ask with. */
  readonly canAsk: boolean;
  /** More tasks stand behind it. */
  readonly isAwaited: boolean;
  /** This object is at it. */
  readonly isSending: boolean;
}

export type Step =
  | { readonly do: "rest"; readonly until: number }
  | { readonly do: "send" | "ask" | "drop" | "unsend" | "free"; readonly turn: number };

/** After an attempt whose outcome is unknown the platform is asked so much later (contract §2.4). */
export const UNKNOWN_MS = 5_000;

/** So long a callback waits for the end of a task. */
const MAX_WATCH_MS = 24 * 60 * 60 * 1000;

const NEVER = Number.POSITIVE_INFINITY;

export function nextStep(first: First | undefined, situation: Situation): Step {
  if (first === undefined) return rest(NEVER);
  switch (first.state) {
    case "waiting":
      return whileWaiting(first, situation);
    case "delivering":
      return whileDelivering(first, situation);
    case "delivered":
      return whileDelivered(first, situation);
  }
}

function whileWaiting(first: First, situation: Situation): Step {
  const { turn, runs, nextAt, leaseUntil } = first;
  const { now, isSending } = situation;
  if (isSending) return rest(now + UNKNOWN_MS);
  if (runs === "alarm") return nextAt <= now ? { do: "send", turn } : rest(nextAt);
  // Its Worker sends it when it asks again, or has gone.
  return leaseUntil <= now ? { do: "drop", turn } : rest(leaseEnd(first, situation));
}

function whileDelivering(first: First, situation: Situation): Step {
  const { turn, runs, mayBeSent, leaseUntil } = first;
  const { now, awakeSince, isSending, canAsk } = situation;
  // A crash in the middle of it is noticed by then.
  if (isSending) return rest(now + UNKNOWN_MS);
  // Nobody sends it again; what the alarm sends has its own schedule, and an end to it.
  const isOver = runs === "worker" && mayBeSent && isOverdue(first, situation);
  if (isOver) return { do: "free", turn };
  if (runs === "worker" && leaseUntil > now) {
    const end = leaseEnd(first, situation);
    return rest(mayBeSent ? Math.min(end, freedAt(first, situation)) : end);
  }
  if (!mayBeSent) return { do: "unsend", turn };
  const askAt = Math.max(first.nextAt, awakeSince + UNKNOWN_MS);
  if (askAt > now) return rest(askAt);
  return canAsk ? { do: "ask", turn } : rest(freedAt(first, situation));
}

function whileDelivered(first: First, situation: Situation): Step {
  const { turn, nextAt } = first;
  if (isOverdue(first, situation)) return { do: "free", turn };
  if (!situation.canAsk) return rest(freedAt(first, situation));
  return nextAt <= situation.now
    ? { do: "ask", turn }
    : rest(Math.min(nextAt, freedAt(first, situation)));
}

function isOverdue(first: First, situation: Situation): boolean {
  return freedAt(first, situation) <= situation.now;
}

/** While only a callback waits, nobody needs the turn to be free: an agent may take its time. */
function freedAt({ sentAt }: First, { isAwaited, canAsk, maxTurnMs }: Situation): number {
  if (isAwaited) return sentAt + maxTurnMs;
  return canAsk ? sentAt + MAX_WATCH_MS : NEVER;
}

/** A Worker that has gone is nobody's concern until somebody waits behind it: no alarm for that. */
function leaseEnd({ leaseUntil }: First, { isAwaited }: Situation): number {
  return isAwaited ? leaseUntil : NEVER;
}

function rest(until: number): Step {
  return { do: "rest", until };
}
