/** The tables of a conversation, and what stands in a row. `docs/storage.md` tells of each. */
import type { Snapshot } from "./snapshot.ts";
import type { Kept } from "./stash.ts";

/** Contract §2.5. */
export type TurnState =
  "waiting" | "delivering" | "delivered" | "finished" | "dead" | "dropped" | "merged";

/** One task. Times are unix milliseconds. */
export interface TaskRow extends Record<string, SqlStorageValue> {
  readonly turn: number;
  /**
   * In the queue; `null` once it is over. Not the turn, since a dead task may go to the end again.
   */
  readonly place: number | null;
  readonly state: TurnState;
  /** Who sends it: the alarm an asynchronous one, the Worker that waits a synchronous one. */
  readonly runs: "alarm" | "worker";
  readonly agent_id: string;
  readonly task_id: string;
  /** `WaitingTask` as JSON, until the platform has it; a synchronous one is its Worker's. */
  readonly task: Kept | null;
  /** Sealed; erased as soon as nothing needs them. */
  readonly api_key: string | null;
  readonly user_tokens: Kept | null;
  /** 1 if the gateway made the id for this task: the platform cannot know it. */
  readonly is_new: number;
  readonly agreement: string | null;
  /** How often its debounce was started again; `null` if it waits for no burst. */
  readonly restarts: number | null;
  /** Snapshots of what the platform showed before it was sent, as a JSON list. */
  readonly before: string | null;
  readonly attempts: number;
  readonly failures: number;
  readonly asked: number;
  readonly last_error: string | null;
  readonly accepted_at: number;
  readonly sent_at: number | null;
  readonly next_at: number;
  readonly lease_until: number | null;
  readonly ended_at: number | null;
  readonly merged_into: number | null;
  /** The eight fields as JSON, once the platform has said how it ended or that it is paused. */
  readonly answer: Kept | null;
  /** What the platform refused it with, as JSON. */
  readonly refusal: string | null;
  /** `Callback` as JSON. */
  readonly callback: string | null;
  /** Until then a Worker waits for it. */
  readonly watched_until: number | null;
  /** What the platform showed, or replied, at its end. */
  readonly snapshot: Snapshot | null;
  /** When that was; before that, when it was sent. `null` until it may have been sent. */
  readonly seen_at: number | null;
  readonly is_reply: number | null;
}

export interface CallbackRow extends Record<string, SqlStorageValue> {
  readonly turn: number;
  readonly id: string;
  readonly callback: string;
  readonly failures: number;
  readonly due_at: number;
}

export interface RepeatRow extends Record<string, SqlStorageValue> {
  readonly hash: string;
  readonly turn: number;
}

export interface Latest extends Record<string, SqlStorageValue> {
  readonly turn: number;
  readonly snapshot: Snapshot | null;
  readonly seen_at: number;
  /** 1 if the snapshot is of a reply, which may be written in another way than what is shown. */
  readonly is_reply: number;
}

export type NewTask = Pick<
  TaskRow,
  | "runs"
  | "agent_id"
  | "task_id"
  | "task"
  | "api_key"
  | "user_tokens"
  | "is_new"
  | "agreement"
  | "restarts"
  | "accepted_at"
  | "next_at"
  | "lease_until"
  | "callback"
>;

export const TABLES = {
  task: `CREATE TABLE task (
    turn INTEGER PRIMARY KEY, place INTEGER, state TEXT NOT NULL, runs TEXT NOT NULL, agent_id TEXT NOT NULL,
    task_id TEXT NOT NULL, task TEXT, api_key TEXT, user_tokens TEXT, is_new INTEGER NOT NULL, agreement TEXT,
    restarts INTEGER, before TEXT, attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0, asked INTEGER NOT NULL DEFAULT 0, last_error TEXT,
    accepted_at INTEGER NOT NULL, sent_at INTEGER, next_at INTEGER NOT NULL,
    lease_until INTEGER, ended_at INTEGER, merged_into INTEGER, answer TEXT, refusal TEXT,
    callback TEXT, watched_until INTEGER, snapshot TEXT, seen_at INTEGER, is_reply INTEGER)`,
  repeat: `CREATE TABLE repeat (
    key TEXT PRIMARY KEY, hash TEXT NOT NULL, turn INTEGER NOT NULL, until INTEGER NOT NULL)`,
  callback: `CREATE TABLE callback (
    turn INTEGER PRIMARY KEY, id TEXT NOT NULL, callback TEXT NOT NULL, failures INTEGER NOT NULL,
    due_at INTEGER NOT NULL)`,
} as const;
