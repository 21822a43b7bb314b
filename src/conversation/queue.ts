/** The queue as it is read: at every step, so what was read once is remembered until it changes. */
import type { TABLES, TaskRow } from "./rows.ts";

export type Table = keyof typeof TABLES;

/** Reads rows; none where the table was never made. */
export type Read = <Row extends Record<string, SqlStorageValue>>(
  table: Table,
  statement: string,
  ...values: SqlStorageValue[]
) => Row[];

export interface Queue {
  /** The task whose turn it is. */
  first(): TaskRow | undefined;
  last(): TaskRow | undefined;
  /** The first task that has a key to ask the platform with. */
  withKey(): TaskRow | undefined;
  /** Whether there is one. */
  hasKey(): boolean;
  /** A task of the queue that was read before, as it is now. */
  known(turn: number): TaskRow | undefined;
  /** To be told of each change: this task is at the end now. */
  added(row: TaskRow): void;
  removed(turn: number): void;
  changed(turn: number, columns: Columns): void;
  forget(): void;
}

const IN_QUEUE = "SELECT * FROM task WHERE place IS NOT NULL";

/** Some columns of a task, each with its value. */
export type Columns = { readonly [Name in KnownColumn]?: TaskRow[Name] };

type KnownColumn = keyof { [Name in keyof TaskRow as string extends Name ? never : Name]: Name };

/** `null` where there is none, which is remembered as well; `undefined` where it was not read yet. */
type Remembered = TaskRow | null | undefined;

function changedRow(known: Remembered, turn: number, columns: Columns): Remembered {
  return known?.turn === turn ? Object.assign({}, known, columns) : known;
}

/** All writes go through one book, in one object with one thread: nothing changes unnoticed. */
export function createQueue(read: Read): Queue {
  let first: Remembered;
  let last: Remembered;
  let withKey: Remembered;
  const readOne = (statement: string): TaskRow | null =>
    read<TaskRow>("task", statement)[0] ?? null;
  const readFirst = () => {
    if (first === undefined) first = readOne(`${IN_QUEUE} ORDER BY place LIMIT 1`);
    return first ?? undefined;
  };
  const readLast = () => {
    if (last === undefined) last = readOne(`${IN_QUEUE} ORDER BY place DESC LIMIT 1`);
    return last ?? undefined;
  };
  const readWithKey = () => {
    if (withKey === undefined) {
      withKey = readOne(`${IN_QUEUE} AND api_key IS NOT NULL ORDER BY place LIMIT 1`);
    }
    return withKey ?? undefined;
  };

  return {
    first: readFirst,
    last: readLast,
    withKey: readWithKey,
    // Where both are known it is most often one of them.
    hasKey: () =>
      [first, last].some((known) => (known?.api_key ?? null) !== null) ||
      readWithKey() !== undefined,

    known: (turn) => [first, last, withKey].find((row) => row?.turn === turn) ?? undefined,

    added(row) {
      if (first === null) first = row;
      if (withKey === null && row.api_key !== null) withKey = row;
      last = row;
    },

    removed(turn) {
      if (first?.turn === turn && last?.turn === turn) {
        first = null;
        last = null;
        withKey = null;
        return;
      }
      if (first?.turn === turn) first = undefined;
      if (last?.turn === turn) last = undefined;
      if (withKey?.turn === turn) withKey = undefined;
    },

    changed(turn, columns) {
      first = changedRow(first, turn, columns);
      last = changedRow(last, turn, columns);
      withKey = "api_key" in columns ? undefined : changedRow(withKey, turn, columns);
    },

    forget() {
      first = undefined;
      last = undefined;
      withKey = undefined;
    },
  };
}
