/** Where a task that arrives has its place: in the queue, in another task, or nowhere. */
import { LEASE_MS, REPEAT_MS } from "../limits.ts";
import type { Book } from "./book.ts";
import type { NewTask, TaskRow } from "./rows.ts";
import type { Endings } from "./endings.ts";
import type { Accepted, Arrival } from "./messages.ts";
import { decideOverlap, MAX_RESTARTS, mergeTasks, type Tail } from "./overlap.ts";
import { inRow } from "./stash.ts";

export interface Placing {
  /** A repeat of what was accepted before, if it is one. */
  repeated(arrival: Arrival, now: number): Accepted | undefined;
  place(arrival: Arrival, now: number): Exclude<Accepted, { kind: "conflict" | "ask_first" }>;
}

export interface PlacingOptions {
  readonly book: Book;
  readonly endings: Endings;
  /** Of a merged task. */
  readonly maxFiles: () => number;
}

export function createPlacing({ book, endings, maxFiles }: PlacingOptions): Placing {
  const queued = (task: NewTask) =>
    ({ kind: "accepted", turn: book.insert(task), go: null }) as const;

  /** Joins what has arrived with the last task; `undefined` if they are too much for one. */
  const merge = (last: TaskRow, arrival: Arrival, now: number): number | undefined => {
    const [kept, added] = [last.task, arrival.task].map((task) => inRow(task ?? "@"));
    if (kept === undefined || added === undefined) return undefined;
    const merged = mergeTasks(JSON.parse(kept), JSON.parse(added), maxFiles());
    if (merged === undefined) return undefined;
    book.update(last.turn, {
      task: `=${JSON.stringify(merged)}`,
      ...restarted(last, arrival.debounceMs, now),
    });
    const turn = book.insert({ ...newTaskOf(arrival, now), ...NOTHING }, "merged");
    book.update(turn, { merged_into: last.turn });
    return turn;
  };

  const place: Placing["place"] = (arrival, now) => {
    const last = book.last();
    const tail = last && tailOf(last, now);
    const newTask = newTaskOf(arrival, now);
    /** Any other arrival ends a debounce. */
    const release = (): void => {
      if (last === undefined || tail?.isHeld !== true) return;
      book.update(last.turn, { restarts: null, next_at: now });
    };
    switch (decideOverlap(arrival, tail)) {
      case "drop":
        release();
        return { kind: "dropped", turn: book.insert({ ...newTask, ...NOTHING }, "dropped") };
      case "merge": {
        const turn = last && merge(last, arrival, now);
        if (turn !== undefined) return { kind: "accepted", turn, go: null };
        break;
      }
      case "replace": {
        const replaced = book.replaceable(arrival.agreement);
        if (!replaced.some(({ turn }) => turn === last?.turn)) release();
        for (const row of replaced) endings.end(row, "dropped", now);
        return queued({ ...newTask, ...restarted(replaced.at(-1), arrival.debounceMs, now) });
      }
      case "queue":
        break;
    }
    release();
    return queued(newTask);
  };

  return {
    repeated({ repeat }, now) {
      const known = repeat === null ? undefined : book.findRepeat(repeat.key, now);
      const earlier = known && book.find(known.turn);
      if (known === undefined || earlier === undefined) return undefined;
      if (known.hash !== repeat?.hash) return { kind: "conflict" };
      return { kind: "repeated", turn: known.turn, state: earlier.state };
    },

    place(arrival, now) {
      const placed = place(arrival, now);
      const { repeat } = arrival;
      if (repeat !== null) book.addRepeat(repeat, placed.turn, now + (repeat.ttlMs ?? REPEAT_MS));
      return placed;
    },
  };
}

/** What is kept of a task that will not be sent as itself. */
const NOTHING = { task: null, api_key: null, user_tokens: null, callback: null } as const;

function tailOf({ agreement, attempts, restarts, next_at }: TaskRow, now: number): Tail {
  return { agreement, isSent: attempts > 0, isHeld: restarts !== null && next_at > now };
}

function newTaskOf(arrival: Arrival, now: number): NewTask {
  const { runs, agentId, taskId, task, apiKey, userTokens, isNew, agreement } = arrival;
  return {
    runs,
    agent_id: agentId,
    task_id: taskId,
    task,
    api_key: apiKey,
    user_tokens: userTokens,
    is_new: isNew ? 1 : 0,
    agreement,
    restarts: arrival.debounceMs > 0 ? 0 : null,
    accepted_at: now,
    next_at: now + arrival.debounceMs,
    lease_until: runs === "worker" ? now + LEASE_MS : null,
    callback: arrival.callback,
  };
}

/** A debounce starts again with each arrival, three times at most. */
function restarted(
  held: TaskRow | undefined,
  debounceMs: number,
  now: number,
): Pick<TaskRow, "restarts" | "next_at"> {
  if (debounceMs === 0) return { restarts: null, next_at: now };
  const restarts = (held?.restarts ?? -1) + 1;
  const next_at = held !== undefined && restarts > MAX_RESTARTS ? held.next_at : now + debounceMs;
  return { restarts, next_at };
}
