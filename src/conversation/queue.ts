/** The queue as it is read: at every step, so what was read once is remembered until it changes. */
import type { TABLES, TaskRow } from "./rows.ts";

export type Table = keyof typeof TABLES;

/** Reads rows; none where the table was never made. */
export type Read = <Row extends Record<string, SqlStorageValue>>(
  table: Table,
  statement: string,
  ...values: SqlStorageValue[]
) => Row[];

const IN_QUEUE = "SELECT * FROM task WHERE place IS NOT NULL";

/** Some columns of a task, each with its value. */
export type Columns = { readonly [Name in KnownColumn]?: TaskRow[Name] };

type KnownColumn = keyof { [Name in keyof TaskRow as string extends Name ? never : Name]: Name };

/** `null` where there is none, which is remembered as well; `undefined` where it was not read yet. */
type Remembered = TaskRow | null | undefined;

function changedRow(known: Remembered, turn: number, columns: Columns): Remembered {
  return known?.turn === turn ? Object.assign({}, known, columns) : known;
}

/**
 * All writes go through one book, in one object with one thread: nothing changes unnoticed. A class,
 * as the book is: there are as many of them as there are conversations awake, and closures would be
 * made for each.
 */
export class Queue {
  readonly #read: Read;
  #first: Remembered;
  #last: Remembered;
  #withKey: Remembered;

  constructor(read: Read) {
    this.#read = read;
  }

  /** The task whose turn it is. */
  first(): TaskRow | undefined {
    if (this.#first === undefined) this.#first = this.#readOne("ORDER BY place LIMIT 1");
    return this.#first ?? undefined;
  }

  last(): TaskRow | undefined {
    if (this.#last === undefined) this.#last = this.#readOne("ORDER BY place DESC LIMIT 1");
    return this.#last ?? undefined;
  }

  /** The first task that has a key to ask the platform with. */
  withKey(): TaskRow | undefined {
    if (this.#withKey === undefined) {
      this.#withKey = this.#readOne("AND api_key IS NOT NULL ORDER BY place LIMIT 1");
    }
    return this.#withKey ?? undefined;
  }

  /** Whether there is one. Where first and last are known it is most often one of them. */
  hasKey(): boolean {
    return (
      (this.#first?.api_key ?? this.#last?.api_key ?? null) !== null || this.withKey() !== undefined
    );
  }

  /** A task of the queue that was read before, as it is now. */
  known(turn: number): TaskRow | undefined {
    if (this.#first?.turn === turn) return this.#first;
    if (this.#last?.turn === turn) return this.#last;
    return this.#withKey?.turn === turn ? this.#withKey : undefined;
  }

  /** To be told of each change: this task is at the end now. */
  added(row: TaskRow): void {
    if (this.#first === null) this.#first = row;
    if (this.#withKey === null && row.api_key !== null) this.#withKey = row;
    this.#last = row;
  }

  removed(turn: number): void {
    if (this.#first?.turn === turn && this.#last?.turn === turn) {
      this.emptied();
      return;
    }
    if (this.#first?.turn === turn) this.#first = undefined;
    if (this.#last?.turn === turn) this.#last = undefined;
    if (this.#withKey?.turn === turn) this.#withKey = undefined;
  }

  emptied(): void {
    this.#first = null;
    this.#last = null;
    this.#withKey = null;
  }

  changed(turn: number, columns: Columns): void {
    this.#first = changedRow(this.#first, turn, columns);
    this.#last = changedRow(this.#last, turn, columns);
    this.#withKey = "api_key" in columns ? undefined : changedRow(this.#withKey, turn, columns);
  }

  forget(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#withKey = undefined;
  }

  #readOne(which: string): TaskRow | null {
    return this.#read<TaskRow>("task", `${IN_QUEUE} ${which}`)[0] ?? null;
  }
}
