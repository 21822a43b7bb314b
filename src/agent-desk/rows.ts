/** The tables of an agent's desk, and what stands in a row. `docs/storage.md` tells of each. */

/** Times are unix milliseconds. What is sealed is sealed by the Worker; the desk cannot open it. */
export interface SourceRow extends Record<string, SqlStorageValue> {
  readonly name: string;
  /** `SourceSettings` as JSON. */
  readonly settings: string;
  readonly api_key: string;
  readonly secret: string | null;
  readonly previous_secret: string | null;
  /** Until then the previous one counts beside the present one. */
  readonly previous_until: number | null;
  readonly verify_token: string | null;
  readonly secret_set_at: number | null;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface DeliveryRow extends Record<string, SqlStorageValue> {
  readonly at: number;
  readonly delivery_id: string | null;
  readonly outcome: string;
  readonly status: number;
  readonly task_id: string | null;
  readonly turn: number | null;
  readonly error: string | null;
}

export const TABLES = [
  `CREATE TABLE IF NOT EXISTS desk (one INTEGER PRIMARY KEY, organisation TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS source (
    name TEXT PRIMARY KEY, settings TEXT NOT NULL, api_key TEXT NOT NULL, secret TEXT,
    previous_secret TEXT, previous_until INTEGER, verify_token TEXT, secret_set_at INTEGER,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS run_day (
    source TEXT NOT NULL, day TEXT NOT NULL, runs INTEGER NOT NULL,
    PRIMARY KEY (source, day)) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, at INTEGER NOT NULL,
    delivery_id TEXT, outcome TEXT NOT NULL, status INTEGER NOT NULL, task_id TEXT, turn INTEGER,
    error TEXT)`,
  `CREATE INDEX IF NOT EXISTS delivery_of ON delivery (source, number)`,
  `CREATE TABLE IF NOT EXISTS claim (
    source TEXT NOT NULL, token TEXT NOT NULL, body_hash TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (source, token)) WITHOUT ROWID`,
] as const;
