/** How a task's turn ends, and what is erased then. */
import { objectText, toJsonText } from "../invocation/json-text.ts";
import { ANSWER_FIELDS, SOURCE, type TaskState } from "../invocation/task.ts";
import type { Refusal } from "../refusal.ts";
import { askDelayMs } from "./backoff.ts";
import type { Book } from "./book.ts";
import type { TaskRow } from "./rows.ts";
import type { Seen } from "./messages.ts";
import type { Columns } from "./queue.ts";
import type { Kept } from "./stash.ts";

export interface Endings {
  /** The platform has the task; nothing needs its words and tokens any more. */
  taken(row: TaskRow, now: number): void;
  /** The turn is over if what the platform shows, or has replied, says so. */
  see(row: TaskRow, seen: Seen, when: { now: number; isReply: boolean }): void;
  /** The platform will not take it. Kept, to be sent again by hand. */
  refuse(row: TaskRow, refusal: Refusal, now: number): void;
  /** It was tried too often, or cannot be sent. The same. */
  die(row: TaskRow, why: string, now: number): void;
  /** It is not to be sent. */
  end(row: TaskRow, state: "dropped", now: number): void;
  /** It takes too long: others may have their turn. */
  free(row: TaskRow, now: number): void;
}

const ERASED = { task: null, user_tokens: null, api_key: null } as const;

export function createEndings(
  book: Book,
  discard: (kept: readonly (Kept | null)[]) => void,
): Endings {
  const isOver = (row: TaskRow, columns: Columns, now: number): void => {
    book.dequeue(row.turn, { ...columns, ended_at: now, lease_until: null });
    if (row.callback === null) return;
    const id = `msg_${crypto.randomUUID()}`;
    const { turn, callback } = row;
    book.addCallback({ turn, id, callback, failures: 0, due_at: now });
  };

  const dead = (row: TaskRow, columns: Columns, now: number): void => {
    isOver(row, { ...columns, state: "dead", api_key: null }, now);
    const { agent_id: agent, turn, attempts } = row;
    const reason = columns.last_error;
    const line = { channel: "conversation", event: "task_dead", agent, turn, attempts, reason };
    console.error(JSON.stringify(line));
  };

  return {
    taken(row, now) {
      if (row.state !== "delivering") return;
      book.update(row.turn, {
        ...ERASED,
        // A callback waits for the end, and the platform is asked with this key.
        api_key: row.callback === null ? null : row.api_key,
        state: "delivered",
        last_error: null,
        asked: 0,
        next_at: now + askDelayMs(0),
        lease_until: null,
      });
      discard([row.task, row.user_tokens]);
    },

    see(row, { standing, snapshot, answer }, { now, isReply }) {
      if (standing !== "ended" && standing !== "paused") return;
      const state = standing === "ended" ? "finished" : "delivered";
      const end = { state, answer, snapshot, seen_at: now, is_reply: isReply ? 1 : 0 } as const;
      isOver(row, { ...ERASED, ...end, last_error: null }, now);
      discard([row.task, row.user_tokens]);
    },

    refuse(row, refusal, now) {
      dead(row, { refusal: JSON.stringify(refusal), last_error: refusal.reason }, now);
    },

    die(row, why, now) {
      // What waits was not taken; of anything else that is not known.
      const known = row.state === "waiting" ? { before: null } : {};
      dead(row, { ...known, last_error: why }, now);
    },

    end(row, state, now) {
      isOver({ ...row, callback: null }, { ...ERASED, state }, now);
      discard([row.task, row.user_tokens]);
    },

    free(row, now) {
      const why = "its end was not seen in time";
      const isAlive = (row.lease_until ?? 0) > now;
      // Its Worker still waits for the platform, which has it, for all that is known.
      if (row.state === "delivered" || isAlive) {
        isOver(row, { ...ERASED, state: "delivered", last_error: why }, now);
      } else {
        dead(row, { last_error: why }, now);
      }
    },
  };
}

/** What is told of a task that the platform has not told the end of. */
export function unseenState(
  row: Pick<TaskRow, "task_id" | "agent_id" | "state" | "accepted_at" | "attempts">,
): TaskState {
  return {
    id: toJsonText(row.task_id),
    agent_id: toJsonText(row.agent_id),
    status: toJsonText(STATUS[row.state]),
    result: "null",
    created_at: toJsonText(new Date(row.accepted_at)),
    finished_at: "null",
    source: toJsonText(SOURCE),
    execution_attempts: "0",
  };
}

/** In the platform's words. */
const STATUS: Readonly<Record<TaskRow["state"], string>> = {
  waiting: "pending",
  delivering: "pending",
  delivered: "executing",
  finished: "completed",
  dead: "failed",
  dropped: "stopped",
  merged: "stopped",
};

/** The eight fields as JSON. */
export function answerText(state: TaskState): string {
  return objectText(ANSWER_FIELDS.map((field) => [field, state[field]]));
}
