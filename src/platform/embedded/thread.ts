import { DurableObject } from "cloudflare:workers";
import { agents } from "../../agents/registry.ts";
import type { TaskFile, User } from "../../invocation/task.ts";
import {
  MAX_EARLIER_BYTES,
  MAX_EARLIER_TURNS,
  LEASE_MS,
  MAX_EXECUTION_ATTEMPTS,
  THREAD_RETENTION_MS,
} from "../../limits.ts";
import type { EarlierTurn } from "./agent.ts";
import { type Outcome, opensFrom, runAgent } from "./run.ts";
import { createTexts, type Texts } from "./texts.ts";

/** What a turn is begun with: the parts of a task that an agent gets to see. */
export interface TurnTask {
  readonly agentId: string;
  readonly id: string;
  readonly prompt: string;
  readonly contextText: string;
  readonly files: readonly TaskFile[];
  readonly user: User | null;
}

/** A turn that has begun. */
export interface BegunTurn {
  readonly turn: number;
  readonly createdAt: number;
  readonly earlierTurns: EarlierTurn[];
}

/** A turn as it stands. */
export interface ShownTurn {
  readonly turn: number;
  readonly agentId: string;
  readonly status: string;
  /** `null` until it has ended, and if the agent returned nothing. */
  readonly result: string | null;
  readonly attempts: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

type State = "pending" | "executing" | "completed" | "error";

interface TurnRow extends Record<string, SqlStorageValue> {
  readonly turn: number;
  readonly agent_id: string;
  readonly state: State;
  readonly attempts: number;
  readonly created_at: number;
  readonly finished_at: number | null;
  readonly run_by: "alarm" | "worker";
  /** Until then the Worker that runs it is alive. */
  readonly lease_until: number;
}

/**
 * One conversation of the embedded platform: its turns, what was said in them, and the async runs
 * that are still to be made.
 *
 * A *sync* turn is run by the Worker, which waits for free: `begin` commits it and hands out what
 * was said before, `finish` commits its end. An *async* turn is committed as `pending` by `start`,
 * together with the alarm that runs it, before the caller hears of it; so a process that dies the
 * next instant loses nothing. The alarm runs the pending turns one after another. A run that a
 * crash interrupts is still `executing` when the alarm comes again: it runs anew, its attempts one
 * higher, and after the third ends in `error`. A sync turn whose Worker has gone ends in `error` when
 * somebody asks for it.
 *
 * Times are unix milliseconds. Everything goes when the conversation was silent for 30 days: the
 * one alarm stands at the next run that is due, or else at that day. The tables are made at the
 * first write, so that a question about an unknown id leaves nothing behind.
 */
export class Thread extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  readonly #texts: Texts = createTexts(this.#sql);

  /** The Worker is still at it. */
  renew(turn: number): void {
    this.#sql.exec("UPDATE turn SET lease_until = ? WHERE turn = ?", Date.now() + LEASE_MS, turn);
  }

  /** Commits a turn that the Worker is about to run. */
  async begin(task: TurnTask): Promise<BegunTurn> {
    const createdAt = Date.now();
    const turn = this.#insert(task, "executing", createdAt);
    await this.#wakeNoEarlierThan(createdAt + THREAD_RETENTION_MS);
    return { turn, createdAt, earlierTurns: this.#earlierTurns(turn) };
  }

  /** Commits the end of a turn, at the object's own clock; returns that time. */
  finish(turn: number, outcome: Outcome): number {
    const finishedAt = Date.now();
    if (outcome.result !== null) this.#texts.put(turn, "result", outcome.result);
    this.#texts.remove(turn, "task");
    this.#sql.exec(
      "UPDATE turn SET state = ?, finished_at = ? WHERE turn = ?",
      outcome.status,
      finishedAt,
      turn,
    );
    return finishedAt;
  }

  /** Commits a turn that the alarm runs; when this has come back, it will run. */
  async start(task: TurnTask): Promise<void> {
    this.#insert(task, "pending", Date.now());
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** The newest turn, without a trace of the question if there is none. */
  newest(): ShownTurn | undefined {
    if (!this.#hasTables()) return undefined;
    const row = this.#sql
      .exec<TurnRow>("SELECT * FROM turn ORDER BY turn DESC LIMIT 1")
      .toArray()[0];
    if (row === undefined) return undefined;
    if (row.state === "executing" && row.run_by === "worker" && row.lease_until < Date.now()) {
      this.finish(row.turn, { status: "error", result: "interrupted" });
      return this.newest();
    }
    const { turn, agent_id: agentId, state, attempts, created_at, finished_at } = row;
    const result = this.#texts.find(turn, "result") ?? null;
    return {
      turn,
      agentId,
      status: state,
      result,
      attempts,
      createdAt: created_at,
      finishedAt: finished_at,
    };
  }

  override async alarm(): Promise<void> {
    this.#makeTables();
    for (let due = this.#nextDue(); due !== undefined; due = this.#nextDue()) {
      await this.#runDue(due);
    }
    const silentSince = this.#lastCreatedAt();
    if (Date.now() < silentSince + THREAD_RETENTION_MS) {
      await this.ctx.storage.setAlarm(silentSince + THREAD_RETENTION_MS);
    } else {
      await this.ctx.storage.deleteAll();
    }
  }

  #hasTables(): boolean {
    const table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'turn'";
    return this.#sql.exec(table).toArray().length > 0;
  }

  #makeTables(): void {
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS turn (
      turn INTEGER PRIMARY KEY,
      agent_id TEXT NOT NULL,
      run_by TEXT NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      finished_at INTEGER,
      lease_until INTEGER NOT NULL
    )`);
    this.#texts.makeTable();
  }

  #insert(task: TurnTask, state: "pending" | "executing", createdAt: number): number {
    this.#makeTables();
    const { turn } = this.#sql
      .exec<{ turn: number }>(
        `INSERT INTO turn (turn, agent_id, run_by, state, attempts, created_at, lease_until)
         VALUES ((SELECT 1 + coalesce(max(turn), 0) FROM turn), ?, ?, ?, ?, ?, ?) RETURNING turn`,
        task.agentId,
        state === "pending" ? "alarm" : "worker",
        state,
        state === "pending" ? 0 : 1,
        createdAt,
        createdAt + LEASE_MS,
      )
      .one();
    this.#texts.put(turn, "prompt", task.prompt);
    if (state === "pending") this.#texts.put(turn, "task", JSON.stringify(task));
    return turn;
  }

  /** The oldest run that is the alarm's and not over; what a crash interrupted is among them. */
  #nextDue(): TurnRow | undefined {
    return this.#sql
      .exec<TurnRow>(
        `SELECT * FROM turn WHERE run_by = 'alarm' AND state IN ('pending', 'executing') ORDER BY turn LIMIT 1`,
      )
      .toArray()[0];
  }

  async #runDue({ turn, attempts }: TurnRow): Promise<void> {
    if (attempts >= MAX_EXECUTION_ATTEMPTS) {
      this.finish(turn, { status: "error", result: `interrupted ${attempts} times` });
      return;
    }
    const task: TurnTask = JSON.parse(this.#texts.get(turn, "task"));
    this.#sql.exec(
      "UPDATE turn SET state = 'executing', attempts = ? WHERE turn = ?",
      attempts + 1,
      turn,
    );
    // The attempt is on disk before the agent runs: a run that kills the process is counted.
    await this.ctx.storage.sync();
    const agent = agents.get(task.agentId);
    const earlierTurns = this.#earlierTurns(turn);
    const openFile = opensFrom(this.env.FILES);
    this.finish(turn, await runAgent(agent, task, { turn, earlierTurns, openFile }));
  }

  #earlierTurns(before: number): EarlierTurn[] {
    const rows = this.#sql
      .exec<TurnRow>(
        `SELECT * FROM turn WHERE turn < ? ORDER BY turn DESC LIMIT ?`,
        before,
        MAX_EARLIER_TURNS,
      )
      .toArray();
    const earlier: EarlierTurn[] = [];
    let bytes = 0;
    for (const { turn, state } of rows) {
      bytes += this.#texts.bytes(turn);
      if (bytes > MAX_EARLIER_BYTES) break;
      const result = this.#texts.find(turn, "result") ?? null;
      earlier.unshift({ turn, prompt: this.#texts.get(turn, "prompt"), result, status: state });
    }
    return earlier;
  }

  #lastCreatedAt(): number {
    return this.#sql
      .exec<{ at: number }>("SELECT coalesce(max(created_at), 0) AS at FROM turn")
      .one().at;
  }

  /** An alarm for a run that is due sooner stays. */
  async #wakeNoEarlierThan(at: number): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(at);
  }
}
