/** A task's row as others see it. */
import type { Refusal } from "../refusal.ts";
import type { DeadTask, Status, View } from "./messages.ts";
import type { First } from "./next-step.ts";
import type { TaskRow } from "./rows.ts";

/** There is no such task any more. */
export const LOST: View = { kind: "lost", state: "dropped" };

/** The end that a waiting Worker is told; `undefined` while there is none. */
export function endOf(row: TaskRow): View | undefined {
  if (row.ended_at === null) return undefined;
  if (row.answer !== null) return { kind: "answered", answer: row.answer };
  const refusal = refusalOf(row);
  return refusal === undefined ? { kind: "lost", state: row.state } : { kind: "refused", refusal };
}

/** The row as the rules of turns see it. */
export function firstOf(row: TaskRow): First {
  const { turn, state, runs, before, next_at, sent_at, lease_until } = row;
  if (state !== "waiting" && state !== "delivering" && state !== "delivered") {
    throw new Error(`a task that is ${state} stands in the queue`);
  }
  return {
    turn,
    state,
    runs,
    mayBeSent: before !== null,
    nextAt: next_at,
    sentAt: sent_at ?? 0,
    leaseUntil: lease_until ?? 0,
  };
}
/** The refusal that a task ended with. */
function refusalOf({ refusal }: Pick<TaskRow, "refusal">): Refusal | undefined {
  return refusal === null ? undefined : JSON.parse(refusal);
}

/** `isLatest`: no other task was sent since. */
export function statusOf(row: TaskRow, isLatest: boolean): Status {
  const isOnItsWay = row.state === "delivering" || row.state === "delivered";
  return {
    turn: row.turn,
    state: row.state,
    agentId: row.agent_id,
    attempts: row.attempts,
    nextAttemptAt: row.state === "waiting" && row.runs === "alarm" ? row.next_at : null,
    lastError: row.last_error,
    mergedInto: row.merged_into,
    acceptedAt: row.accepted_at,
    endedAt: row.ended_at,
    answer: row.answer,
    isShown: isOnItsWay && isLatest,
  };
}

/** The dead ones, each once. */
export function deadOf(rows: readonly (TaskRow | undefined)[]): DeadTask[] {
  const dead = new Map<number, DeadTask>();
  for (const row of rows) {
    if (row?.state !== "dead") continue;
    dead.set(row.turn, { turn: row.turn, lastError: row.last_error });
  }
  return [...dead.values()];
}
