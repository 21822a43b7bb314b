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
import { type Columns, Queue, type Table } from "./queue.ts";
import type { Kept } from "./stash.ts";

const ROWS_WITHOUT_INDEX = 16;
const INDEXES = `CREATE INDEX IF NOT EXISTS in_queue ON task (place) WHERE place IS NOT NULL;
  CREATE INDEX IF NOT EXISTS when_sent ON task (sent_at, turn) WHERE seen_at IS NOT NULL`;

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
export class Book {
  readonly #sql: SqlStorage;
  readonly #queue = new Queue((table, statement) => this.#read(table, statement));
  /** The tables that there are; read at the first need. */
  #known: Set<string> | undefined;
  /** The newest turn, 0 before the first. */
  #newest: number | undefined;
  #oldest: Oldest | undefined;
  /** `null` where nothing was sent yet. */
  #latest: Latest | null | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Whether anything was ever written. */
  isMade(): boolean {
    return this.#tables().has("task");
  }

  /** Begins a book that is likely to be empty; that it is shows, and need not be read. */
  begin(): void {
    if (this.#known !== undefined) return;
    try {
      this.#sql.exec(TABLES.task);
      this.#known = new Set(["task"]);
      this.#queue.emptied();
      this.#latest = null;
      this.#newest = 0;
    } catch {
      // It was begun before.
      this.#tables();
    }
  }

  /** To be told when everything was deleted. */
  reset(): void {
    this.#known = new Set();
    this.#forget();
  }

  /** Puts a task at the end of the queue, or beside it if `state` says that it is over. */
  insert(task: NewTask, state: TurnState = "waiting"): number {
    const isWaiting = state === "waiting";
    const place = isWaiting ? this.#nextPlace() : null;
    const ended_at = isWaiting ? null : task.accepted_at;
    const turn = this.#newestTurn() + 1;
    this.#write("task").exec(
      `INSERT INTO task (turn, place, state, runs, agent_id, task_id, task, api_key, user_tokens,
         is_new, agreement, restarts, accepted_at, next_at, lease_until, callback, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      turn,
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
    );
    this.#newest = turn;
    // Most conversations are short, and an index costs as much as a table.
    if (turn % ROWS_WITHOUT_INDEX === 0) this.#sql.exec(INDEXES);
    if (isWaiting) this.#queue.added({ ...UNTRIED, ...task, turn, place, state, ended_at });
    if (turn === 1) {
      this.#oldest = { turn, at: ended_at ?? Math.max(task.accepted_at, task.next_at) };
    }
    return turn;
  }

  /** Puts a task that was over at the end of the queue. */
  enqueue(turn: number): void {
    this.update(turn, { place: this.#nextPlace() });
    this.#queue.forget();
  }

  /** Takes a task that is over out of the queue, and sets these columns besides. */
  dequeue(turn: number, columns: Columns): void {
    this.update(turn, { ...columns, place: null });
    this.#queue.removed(turn);
  }

  /** Sets columns of a task. */
  update(turn: number, columns: Columns): void {
    const names = Object.keys(columns);
    const values = Object.values(columns).map((value) => value ?? null);
    this.#sql.exec(
      `UPDATE task SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE turn = ?`,
      ...values,
      turn,
    );
    this.#queue.changed(turn, columns);
    if (this.#oldest?.turn === turn) this.#oldest = oldestAfter(this.#oldest, columns);
    if ("seen_at" in columns) this.#latest = undefined;
  }

  find(turn: number): TaskRow | undefined {
    const waiting = this.#queue.known(turn);
    return waiting ?? this.#read<TaskRow>("task", "SELECT * FROM task WHERE turn = ?", turn)[0];
  }

  newest(): TaskRow | undefined {
    return this.#read<TaskRow>("task", "SELECT * FROM task ORDER BY turn DESC LIMIT 1")[0];
  }

  /** Of those that can be sent again. */
  newestDead(): TaskRow | undefined {
    return this.#read<TaskRow>(
      "task",
      "SELECT * FROM task WHERE state = 'dead' AND task IS NOT NULL ORDER BY turn DESC LIMIT 1",
    )[0];
  }

  /** The task whose turn it is. */
  first(): TaskRow | undefined {
    return this.#queue.first();
  }

  /** The task that has waited for the shortest time. */
  last(): TaskRow | undefined {
    return this.#queue.last();
  }

  /** Whether more than one task is not over. */
  isAwaited(): boolean {
    return this.#queue.first()?.turn !== this.#queue.last()?.turn;
  }

  /** The first task of the queue that has a key to ask the platform with. */
  withKey(): TaskRow | undefined {
    return this.#queue.withKey();
  }

  /** Whether there is one. */
  hasKey(): boolean {
    return this.#queue.hasKey();
  }

  /** Tasks that a later one may replace: they agree, and were never sent. */
  replaceable(agreement: string | null): TaskRow[] {
    return this.#read<TaskRow>(
      "task",
      `SELECT * FROM task WHERE place IS NOT NULL AND agreement = ? AND state = 'waiting'
         AND attempts = 0 ORDER BY place`,
      agreement,
    );
  }

  findRepeat(key: string, now: number): RepeatRow | undefined {
    return this.#read<RepeatRow>(
      "repeat",
      "SELECT hash, turn FROM repeat WHERE key = ? AND until > ?",
      key,
      now,
    )[0];
  }

  addRepeat({ key, hash }: { key: string; hash: string }, turn: number, until: number): void {
    this.#write("repeat").exec(
      "INSERT OR REPLACE INTO repeat (key, hash, turn, until) VALUES (?, ?, ?, ?)",
      key,
      hash,
      turn,
      until,
    );
  }

  forgetRepeats(turn: number): void {
    if (this.#tables().has("repeat")) this.#sql.exec("DELETE FROM repeat WHERE turn = ?", turn);
  }

  /** The task that was sent last, and what the platform showed of it. */
  latest(): Latest | undefined {
    if (this.#latest === undefined) this.#latest = this.#read<Latest>("task", LATEST)[0] ?? null;
    return this.#latest ?? undefined;
  }

  addCallback({ turn, id, callback, failures, due_at }: CallbackRow): void {
    this.#write("callback").exec(
      "INSERT OR REPLACE INTO callback (turn, id, callback, failures, due_at) VALUES (?, ?, ?, ?, ?)",
      turn,
      id,
      callback,
      failures,
      due_at,
    );
  }

  removeCallback(turn: number): void {
    if (this.#tables().has("callback")) {
      this.#sql.exec("DELETE FROM callback WHERE turn = ?", turn);
    }
  }

  findCallback(turn: number): CallbackRow | undefined {
    return this.#read<CallbackRow>("callback", "SELECT * FROM callback WHERE turn = ?", turn)[0];
  }

  /** The callback that is due first. */
  nextCallback(): CallbackRow | undefined {
    return this.#read<CallbackRow>("callback", "SELECT * FROM callback ORDER BY due_at LIMIT 1")[0];
  }

  /** When the oldest task ended, or was last to be sent or asked about. */
  oldestAt(): number | undefined {
    this.#oldest ??= this.#read<Oldest>(
      "task",
      `SELECT turn, ${LAST_AT} AS at FROM task ORDER BY turn LIMIT 1`,
    )[0];
    return this.#oldest?.at;
  }

  /** Removes tasks that are older; returns what they had kept. */
  removeUntil(time: number): (Kept | null)[] {
    if ((this.oldestAt() ?? Number.POSITIVE_INFINITY) > time) return [];
    const old = this.#read<Pick<TaskRow, "task" | "user_tokens" | "answer">>(
      "task",
      `DELETE FROM task WHERE ${LAST_AT} <= ?
       RETURNING task, user_tokens, answer`,
      time,
    );
    this.#forget();
    return old.flatMap(({ task, user_tokens, answer }) => [task, user_tokens, answer]);
  }

  /** Removes keys whose time is over. */
  removeRepeats(now: number): void {
    if (this.#tables().has("repeat")) this.#sql.exec("DELETE FROM repeat WHERE until <= ?", now);
  }

  #newestTurn(): number {
    this.#newest ??=
      this.#read<{ turn: number | null }>("task", "SELECT max(turn) AS turn FROM task")[0]?.turn ??
      0;
    return this.#newest;
  }

  #nextPlace(): number {
    return 1 + (this.#queue.last()?.place ?? 0);
  }

  #tables(): Set<string> {
    this.#known ??= tablesIn(this.#sql);
    return this.#known;
  }

  #write(table: Table): SqlStorage {
    const tables = this.#tables();
    if (!tables.has(table)) {
      this.#sql.exec(TABLES[table]);
      tables.add(table);
    }
    return this.#sql;
  }

  #read<Row extends Record<string, SqlStorageValue>>(
    table: Table,
    statement: string,
    ...values: SqlStorageValue[]
  ): Row[] {
    return this.#tables().has(table) ? this.#sql.exec<Row>(statement, ...values).toArray() : [];
  }

  #forget(): void {
    this.#queue.forget();
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#latest = undefined;
  }
}
