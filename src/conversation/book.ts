/** The conversation's book: the statements on its tables. */
import {
  type CallbackRow,
  type Latest,
  type NewTask,
  type RepeatRow,
  TABLES,
  type TaskRow,
  type TurnState,
} from "./rows.ts";
import { type Columns, createQueue, type Read, type Table } from "./queue.ts";
import type { Kept } from "./stash.ts";

const ROWS_WITHOUT_INDEX = 16;
const INDEX = "CREATE INDEX IF NOT EXISTS in_queue ON task (place) WHERE place IS NOT NULL";

const LATEST = `SELECT turn, snapshot, seen_at, is_reply FROM task WHERE seen_at IS NOT NULL
  ORDER BY sent_at DESC, turn DESC LIMIT 1`;

/** A task that was sent again by hand may have been accepted long ago. */
const LAST_AT = "coalesce(ended_at, max(accepted_at, next_at))";

/** What a task is inserted with besides. */
const UNTRIED = {
  before: null,
  attempts: 0,
  failures: 0,
  asked: 0,
  last_error: null,
  sent_at: null,
  merged_into: null,
  answer: null,
  refusal: null,
  watched_until: null,
  snapshot: null,
  seen_at: null,
  is_reply: null,
} as const;

interface Oldest extends Record<string, SqlStorageValue> {
  readonly turn: number;
  readonly at: number;
}

/** When the oldest task ended, or was last to be sent, once these columns are written. */
function oldestAfter(known: Oldest, columns: Columns): Oldest | undefined {
  const endedAt = columns.ended_at ?? null;
  if (endedAt !== null) return { ...known, at: endedAt };
  return "ended_at" in columns || "next_at" in columns ? undefined : known;
}

function tablesIn(sql: SqlStorage): Set<string> {
  const rows = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
  return new Set(rows.toArray().map(({ name }) => name));
}

/** A table is made at its first write: reading one that is not there finds nothing. */
export type Book = ReturnType<typeof createBook>;

export function createBook(sql: SqlStorage) {
  let known: Set<string> | undefined;
  const tables = (): Set<string> => (known ??= tablesIn(sql));

  const write = (table: Table): SqlStorage => {
    if (!tables().has(table)) {
      sql.exec(TABLES[table]);
      tables().add(table);
    }
    return sql;
  };

  const read: Read = <Row extends Record<string, SqlStorageValue>>(
    table: Table,
    statement: string,
    ...values: SqlStorageValue[]
  ): Row[] => (tables().has(table) ? sql.exec<Row>(statement, ...values).toArray() : []);

  const queue = createQueue(read);
  let oldest: Oldest | undefined;
  /** `null` where nothing was sent yet. */
  let latest: Latest | null | undefined;

  const update = (turn: number, columns: Columns): void => {
    const names = Object.keys(columns);
    const values = Object.values(columns).map((value) => value ?? null);
    sql.exec(
      `UPDATE task SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE turn = ?`,
      ...values,
      turn,
    );
    queue.changed(turn, columns);
    if (oldest?.turn === turn) oldest = oldestAfter(oldest, columns);
    if ("seen_at" in columns) latest = undefined;
  };

  /** When the oldest task ended, or was last to be sent or asked about. */
  const oldestAt = (): number | undefined => {
    oldest ??= read<Oldest>(
      "task",
      `SELECT turn, ${LAST_AT} AS at FROM task ORDER BY turn LIMIT 1`,
    )[0];
    return oldest?.at;
  };

  const nextPlace = (): number => 1 + (queue.last()?.place ?? 0);

  return {
    /** Whether anything was ever written. */
    isMade: () => tables().has("task"),

    /** Begins a book that is likely to be empty; that it is shows, and need not be read. */
    begin: () => {
      if (known !== undefined) return;
      try {
        sql.exec(TABLES.task);
        known = new Set(["task"]);
      } catch {
        // It was begun before.
        tables();
      }
    },

    /** To be told when everything was deleted. */
    reset: () => {
      known = new Set();
      queue.forget();
      oldest = undefined;
      latest = undefined;
    },

    /** Puts a task at the end of the queue, or beside it if `state` says that it is over. */
    insert(task: NewTask, state: TurnState = "waiting"): number {
      const isWaiting = state === "waiting";
      const place = isWaiting ? nextPlace() : null;
      const ended_at = isWaiting ? null : task.accepted_at;
      const { turn } = write("task")
        .exec<{ turn: number }>(
          `INSERT INTO task (place, state, runs, agent_id, task_id, task, api_key, user_tokens,
             is_new, agreement, restarts, accepted_at, next_at, lease_until, callback, ended_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING turn`,
          place,
          state,
          task.runs,
          task.agent_id,
          task.task_id,
          task.task,
          task.api_key,
          task.user_tokens,
          task.is_new,
          task.agreement,
          task.restarts,
          task.accepted_at,
          task.next_at,
          task.lease_until,
          task.callback,
          ended_at,
        )
        .one();
      // Most conversations are short, and an index costs as much as a table.
      if (turn % ROWS_WITHOUT_INDEX === 0) sql.exec(INDEX);
      if (isWaiting) queue.added({ ...UNTRIED, ...task, turn, place, state, ended_at });
      if (turn === 1) {
        oldest = { turn, at: ended_at ?? Math.max(task.accepted_at, task.next_at) };
      }
      return turn;
    },

    /** Puts a task that was over at the end of the queue. */
    enqueue(turn: number): void {
      update(turn, { place: nextPlace() });
      queue.forget();
    },

    /** Takes a task that is over out of the queue, and sets these columns besides. */
    dequeue(turn: number, columns: Columns): void {
      update(turn, { ...columns, place: null });
      queue.removed(turn);
    },

    /** Sets columns of a task. */
    update,

    find(turn: number): TaskRow | undefined {
      const waiting = queue.known(turn);
      return waiting ?? read<TaskRow>("task", "SELECT * FROM task WHERE turn = ?", turn)[0];
    },

    newest(): TaskRow | undefined {
      return read<TaskRow>("task", "SELECT * FROM task ORDER BY turn DESC LIMIT 1")[0];
    },

    /** Of those that can be sent again. */
    newestDead(): TaskRow | undefined {
      return read<TaskRow>(
        "task",
        "SELECT * FROM task WHERE state = 'dead' AND task IS NOT NULL ORDER BY turn DESC LIMIT 1",
      )[0];
    },

    /** The task whose turn it is. */
    first: () => queue.first(),

    /** The task that has waited for the shortest time. */
    last: () => queue.last(),

    /** Whether more than one task is not over. */
    isAwaited: () => queue.first()?.turn !== queue.last()?.turn,

    /** The first task of the queue that has a key to ask the platform with. */
    withKey: () => queue.withKey(),

    /** Whether there is one. */
    hasKey: () => queue.hasKey(),

    /** Tasks that a later one may replace: they agree, and were never sent. */
    replaceable(agreement: string | null): TaskRow[] {
      return read<TaskRow>(
        "task",
        `SELECT * FROM task WHERE place IS NOT NULL AND agreement = ? AND state = 'waiting'
           AND attempts = 0 ORDER BY place`,
        agreement,
      );
    },

    findRepeat(key: string, now: number): RepeatRow | undefined {
      return read<RepeatRow>(
        "repeat",
        "SELECT hash, turn FROM repeat WHERE key = ? AND until > ?",
        key,
        now,
      )[0];
    },

    addRepeat({ key, hash }: { key: string; hash: string }, turn: number, until: number): void {
      write("repeat").exec(
        "INSERT OR REPLACE INTO repeat (key, hash, turn, until) VALUES (?, ?, ?, ?)",
        key,
        hash,
        turn,
        until,
      );
    },

    forgetRepeats(turn: number): void {
      if (tables().has("repeat")) sql.exec("DELETE FROM repeat WHERE turn = ?", turn);
    },

    /** The task that was sent last, and what the platform showed of it. */
    latest(): Latest | undefined {
      latest ??= read<Latest>("task", LATEST)[0] ?? null;
      return latest ?? undefined;
    },

    addCallback({ turn, id, callback, failures, due_at }: CallbackRow): void {
      write("callback").exec(
        "INSERT OR REPLACE INTO callback (turn, id, callback, failures, due_at) VALUES (?, ?, ?, ?, ?)",
        turn,
        id,
        callback,
        failures,
        due_at,
      );
    },

    removeCallback(turn: number): void {
      if (tables().has("callback")) sql.exec("DELETE FROM callback WHERE turn = ?", turn);
    },

    findCallback(turn: number): CallbackRow | undefined {
      return read<CallbackRow>("callback", "SELECT * FROM callback WHERE turn = ?", turn)[0];
    },

    /** The callback that is due first. */
    nextCallback(): CallbackRow | undefined {
      return read<CallbackRow>("callback", "SELECT * FROM callback ORDER BY due_at LIMIT 1")[0];
    },

    oldestAt,

    /** Removes tasks that are older; returns what they had kept. */
    removeUntil(time: number): (Kept | null)[] {
      if ((oldestAt() ?? Number.POSITIVE_INFINITY) > time) return [];
      const old = read<Pick<TaskRow, "task" | "user_tokens" | "answer">>(
        "task",
        `DELETE FROM task WHERE ${LAST_AT} <= ?
         RETURNING task, user_tokens, answer`,
        time,
      );
      queue.forget();
      oldest = undefined;
      latest = undefined;
      return old.flatMap(({ task, user_tokens, answer }) => [task, user_tokens, answer]);
    },

    /** Removes keys whose time is over. */
    removeRepeats(now: number): void {
      if (tables().has("repeat")) sql.exec("DELETE FROM repeat WHERE until <= ?", now);
    },
  };
}
