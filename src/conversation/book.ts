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
} as const;

interface Oldest extends Record<string, SqlStorageValue> {
  readonly turn: number;
  readonly at: number;
}

/** A table is made at its first write: reading one that is not there finds nothing. */
export type Book = ReturnType<typeof createBook>;

export function createBook(sql: SqlStorage) {
  const tables = new Set(
    sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .map(({ name }) => name),
  );

  const write = (table: Table): SqlStorage => {
    if (!tables.has(table)) {
      sql.exec(TABLES[table]);
      tables.add(table);
    }
    return sql;
  };

  const read: Read = <Row extends Record<string, SqlStorageValue>>(
    table: Table,
    statement: string,
    ...values: SqlStorageValue[]
  ): Row[] => (tables.has(table) ? sql.exec<Row>(statement, ...values).toArray() : []);

  const queue = createQueue(read);
  let oldest: Oldest | undefined;

  const update = (turn: number, columns: Columns): void => {
    const names = Object.keys(columns);
    const values = Object.values(columns).map((value) => value ?? null);
    sql.exec(
      `UPDATE task SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE turn = ?`,
      ...values,
      turn,
    );
    queue.changed(turn, columns);
    if (oldest?.turn === turn) oldest = undefined;
  };

  /** When the oldest task was accepted or ended. */
  const oldestAt = (): number | undefined => {
    oldest ??= read<Oldest>(
      "task",
      "SELECT turn, coalesce(ended_at, accepted_at) AS at FROM task ORDER BY turn LIMIT 1",
    )[0];
    return oldest?.at;
  };

  const nextPlace = (): number => 1 + (queue.last()?.place ?? 0);

  return {
    /** Whether anything was ever written. */
    isMade: () => tables.has("task"),

    /** To be told when everything was deleted. */
    reset: () => {
      tables.clear();
      queue.forget();
      oldest = undefined;
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
      if (turn === 1) oldest = { turn, at: task.accepted_at };
      return turn;
    },

    /** Puts a task that was over at the end of the queue. */
    enqueue(turn: number): void {
      update(turn, { place: nextPlace() });
      queue.forget();
    },

    dequeue(turn: number): void {
      update(turn, { place: null });
      queue.removed(turn);
    },

    /** Sets columns of a task. */
    update,

    find(turn: number): TaskRow | undefined {
      return read<TaskRow>("task", "SELECT * FROM task WHERE turn = ?", turn)[0];
    },

    newest(): TaskRow | undefined {
      return read<TaskRow>("task", "SELECT * FROM task ORDER BY turn DESC LIMIT 1")[0];
    },

    newestDead(): TaskRow | undefined {
      return read<TaskRow>(
        "task",
        "SELECT * FROM task WHERE state = 'dead' ORDER BY turn DESC LIMIT 1",
      )[0];
    },

    /** The task whose turn it is. */
    first: () => queue.first(),

    /** The task that has waited for the shortest time. */
    last: () => queue.last(),

    /** Whether more than one task is not over. */
    isAwaited: () => queue.length() > 1,

    /** The first task of the queue that has a key to ask the platform with. */
    withKey: () => queue.withKey(),

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
      if (tables.has("repeat")) sql.exec("DELETE FROM repeat WHERE turn = ?", turn);
    },

    /** The task that was sent last, and what the platform showed of it. */
    latest(): Latest | undefined {
      return read<Latest>("latest", "SELECT * FROM latest")[0];
    },

    setLatest({ turn, snapshot, seen_at, is_reply }: Latest): void {
      write("latest").exec(
        "INSERT OR REPLACE INTO latest (one, turn, snapshot, seen_at, is_reply) VALUES (1, ?, ?, ?, ?)",
        turn,
        snapshot,
        seen_at,
        is_reply,
      );
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
      write("callback").exec("DELETE FROM callback WHERE turn = ?", turn);
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
        `DELETE FROM task WHERE coalesce(ended_at, accepted_at) <= ?
         RETURNING task, user_tokens, answer`,
        time,
      );
      queue.forget();
      oldest = undefined;
      return old.flatMap(({ task, user_tokens, answer }) => [task, user_tokens, answer]);
    },

    /** Removes keys whose time is over. */
    removeRepeats(now: number): void {
      if (tables.has("repeat")) sql.exec("DELETE FROM repeat WHERE until <= ?", now);
    },
  };
}
