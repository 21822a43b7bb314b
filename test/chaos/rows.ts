// What the stand-in platform knows of its tasks: one row an id, as the real one keeps it.
import type { Random } from "./random.ts";

export interface TaskSent {
  readonly taskId: string;
  readonly agentId: string;
  readonly input: unknown;
}

interface Turn {
  readonly input: unknown;
  readonly startsAt: number;
  readonly endsAt: number;
  /** Until then the row shows the turn before. */
  readonly shownFrom: number;
}

interface Row {
  readonly agentId: string;
  readonly createdAt: number;
  readonly latest: Turn;
  readonly before: Turn | undefined;
}

export interface Rows {
  /** Begins a turn; says whether one of the same id was still running. Times are in ms, as `Date.now()` gives them. */
  take(task: TaskSent, now: number): { readonly overlaps: boolean };
  /** The task as the API shows it; `undefined` if there is none to be seen. */
  show(taskId: string, now: number): object | undefined;
}

const MAX_TURN_MS = 1_500;
const MAX_STALE_MS = 1_000;

/** A turn's whole course is drawn when it is taken, so that no timer has to run. */
export function createRows(random: Random): Rows {
  const rows = new Map<string, Row>();

  const turnOf = (input: unknown, now: number): Turn => {
    const endsAt = now + random.between(50, MAX_TURN_MS);
    return {
      input,
      startsAt: random.between(now, endsAt),
      endsAt,
      shownFrom: now + random.between(0, MAX_STALE_MS),
    };
  };

  return {
    take({ taskId, agentId, input }, now) {
      const row = rows.get(taskId);
      rows.set(taskId, {
        agentId,
        createdAt: row?.createdAt ?? now,
        latest: turnOf(input, now),
        before: row?.latest,
      });
      return { overlaps: row !== undefined && row.latest.endsAt > now };
    },

    show(taskId, now) {
      const row = rows.get(taskId);
      const turn = row === undefined || row.latest.shownFrom <= now ? row?.latest : row.before;
      if (row === undefined || turn === undefined) return undefined;
      const isOver = turn.endsAt <= now;
      return {
        id: taskId,
        agent_id: row.agentId,
        organization_id: "org-1",
        status: statusOf(turn, now),
        input: turn.input,
        result: isOver ? "It is done." : null,
        created_at: timeText(row.createdAt),
        started_at: turn.startsAt <= now ? timeText(turn.startsAt) : null,
        finished_at: isOver ? timeText(turn.endsAt) : null,
        source: "webhook",
        execution_attempts: 1,
      };
    },
  };
}

function statusOf({ startsAt, endsAt }: Turn, now: number): string {
  if (now < startsAt) return "pending";
  return now < endsAt ? "executing" : "completed";
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
