import { DurableObject } from "cloudflare:workers";
import { CLAIM_FOR_GOOD_MS, CLAIM_MS, MAX_SOURCES } from "../limits.ts";
import { type Day, dayOf } from "./day.ts";
import { noteAll, runsIn } from "./deliveries.ts";
import type {
  Changed,
  Note,
  Resealed,
  ShownSource,
  SourceChange,
  StoredSource,
  TokenClaim,
} from "./messages.ts";
import { type DeliveryRow, type SourceRow, TABLES } from "./rows.ts";
import { secretsAfter } from "./secret-change.ts";

/**
 * What is configured for one agent id: its sources, and what happened at each of them lately.
 *
 * A desk belongs to the *organisation* that the platform named when the first source was set; a key
 * of another organisation finds nothing here, whatever the platform says of it. It is empty again
 * when the last source is gone.
 *
 * A *source* is a row: its settings as JSON, the key that its tasks run with, and its secrets. Keys
 * and secrets come here sealed and are never opened here, so that what lies on disk is of no use
 * without the gateway's own secret. A new secret pushes the present one into `previous`, which still
 * counts for a day, unless its owner ends it at once.
 *
 * Workers read a source (`find`) and keep what they read for ten seconds, so a burst of deliveries
 * costs the desk next to nothing. In the path of a delivery it is asked only where it must be exact:
 * where a day has a limit (`take`, before the task is accepted, and `giveBack`, if it is not), and where a token may be used once
 * (`claim`, for a minute; `keepClaim`, once the task is on disk). What became of deliveries is noted
 * afterwards, many at a time (`note`): a crash loses lines of a list, and no task.
 *
 * The claim on a delivery id is not here: it is a row of the conversation, written in the transaction
 * that accepts the task. The tables are made when the first source is set, so that a guessed agent
 * id leaves nothing behind. There is no alarm: what is too old goes with the next write.
 */
export class AgentDesk extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;
  #isMade =
    this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'source'").toArray().length > 0;

  find(name: string): StoredSource | undefined {
    const row = this.#rows<SourceRow>("SELECT * FROM source WHERE name = ?", name)[0];
    return row && { ...row, organisation: this.#organisation() ?? "" };
  }

  /** By name; nothing for another organisation than the desk's. */
  list(organisation: string): StoredSource[] {
    if (this.#organisation() !== organisation) return [];
    const rows = this.#rows<SourceRow>("SELECT * FROM source ORDER BY name");
    return rows.map((row) => ({ ...row, organisation }));
  }

  put(name: string, change: SourceChange): Changed {
    const { organisation } = change;
    if ((this.#organisation() ?? organisation) !== organisation) return { kind: "foreign" };
    const before = this.find(name);
    if (before?.updated_at !== change.basedOn) return { kind: "overtaken" };
    if (before === undefined && this.#count() >= MAX_SOURCES) return { kind: "full" };
    this.#make(organisation);
    // Later than before, whatever the clock says: it tells one setting from another.
    const now = Math.max(Date.now(), (before?.updated_at ?? 0) + 1);
    const source: StoredSource = {
      name,
      organisation,
      settings: change.settings,
      api_key: change.apiKey,
      ...secretsAfter(before, change, now),
      created_at: before?.created_at ?? now,
      updated_at: now,
    };
    this.#write(source);
    return { kind: before === undefined ? "created" : "changed", source };
  }

  /** Whether there was one. Its list and its counts go with it. */
  async remove(name: string, organisation: string): Promise<boolean> {
    if (this.#organisation() !== organisation || this.find(name) === undefined) return false;
    this.#sql.exec("DELETE FROM source WHERE name = ?", name);
    for (const table of ["run_day", "delivery", "claim"]) {
      this.#sql.exec(`DELETE FROM ${table} WHERE source = ?`, name);
    }
    if (this.#count() === 0) {
      this.#isMade = false;
      await this.ctx.storage.deleteAll();
    }
    return true;
  }

  show(name: string, organisation: string): ShownSource | undefined {
    const source = this.find(name);
    if (source === undefined || source.organisation !== organisation) return undefined;
    const deliveries = this.#rows<DeliveryRow>(
      `SELECT at, delivery_id, outcome, status, task_id, turn, error FROM delivery
       WHERE source = ? ORDER BY number DESC`,
      name,
    );
    return { source, deliveries, runsToday: this.#runs(name, dayOf(Date.now())) };
  }

  /** Takes up to `wanted` of the day's `max` runs before they are made; how many there were left. */
  take(name: string, day: Day, { wanted, max }: { wanted: number; max: number }): number {
    if (this.find(name) === undefined) return 0;
    const taken = Math.max(0, Math.min(wanted, max - this.#runs(name, day)));
    if (taken > 0) this.#addRuns(name, day, taken);
    return taken;
  }

  /** Of what was taken, what did not run: repeats, and what met with trouble. */
  giveBack(name: string, day: Day, runs: number): void {
    this.#rows(
      "UPDATE run_day SET runs = max(0, runs - ?) WHERE source = ? AND day = ?",
      runs,
      name,
      day,
    );
  }

  /** Notes what became of deliveries, in their order; those of sources that are gone are dropped. */
  note(notes: readonly Note[]): void {
    if (!this.#isMade) return;
    const names = new Set(notes.map(({ source }) => source));
    const gone = [...names].filter((name) => this.find(name) === undefined);
    const known = notes.filter(({ source }) => !gone.includes(source));
    for (const { source, day, runs } of runsIn(known)) this.#addRuns(source, day, runs);
    noteAll(this.#sql, known);
  }

  /** Whether the token is free, or was used with this very body; then it is taken for a minute. */
  claim(name: string, { token, bodyHash }: TokenClaim): boolean {
    if (this.find(name) === undefined) return false;
    const now = Date.now();
    this.#sql.exec("DELETE FROM claim WHERE until <= ?", now);
    const claimed = this.#sql
      .exec<{ body_hash: string }>(
        `INSERT INTO claim (source, token, body_hash, until) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET until = max(until, excluded.until) RETURNING body_hash`,
        name,
        token,
        bodyHash,
        now + CLAIM_MS,
      )
      .one();
    return claimed.body_hash === bodyHash;
  }

  /** The token's task is on disk. */
  keepClaim(name: string, token: string): void {
    this.#rows(
      "UPDATE claim SET until = ? WHERE source = ? AND token = ?",
      Date.now() + CLAIM_FOR_GOOD_MS,
      name,
      token,
    );
  }

  /** Replaces what was sealed with the gateway's previous secret, unless it has been set anew since. */
  reseal(name: string, replaced: readonly Resealed[]): void {
    for (const { from, to } of replaced) {
      for (const column of ["api_key", "secret", "previous_secret", "verify_token"]) {
        this.#rows(
          `UPDATE source SET ${column} = ? WHERE name = ? AND ${column} = ?`,
          to,
          name,
          from,
        );
      }
    }
  }

  #make(organisation: string): void {
    for (const table of TABLES) this.#sql.exec(table);
    this.#isMade = true;
    this.#sql.exec("INSERT OR IGNORE INTO desk (one, organisation) VALUES (1, ?)", organisation);
  }

  #write(source: StoredSource): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO source (name, settings, api_key, secret, previous_secret,
         previous_until, verify_token, secret_set_at, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      source.name,
      source.settings,
      source.api_key,
      source.secret,
      source.previous_secret,
      source.previous_until,
      source.verify_token,
      source.secret_set_at,
      source.created_at,
      source.updated_at,
    );
  }

  #organisation(): string | undefined {
    return this.#rows<{ organisation: string }>("SELECT organisation FROM desk")[0]?.organisation;
  }

  #count(): number {
    return this.#rows<{ n: number }>("SELECT count(*) AS n FROM source")[0]?.n ?? 0;
  }

  #runs(name: string, day: Day): number {
    const rows = this.#rows<{ runs: number }>(
      "SELECT runs FROM run_day WHERE source = ? AND day = ?",
      name,
      day,
    );
    return rows[0]?.runs ?? 0;
  }

  #addRuns(name: string, day: Day, runs: number): void {
    this.#sql.exec("DELETE FROM run_day WHERE source = ? AND day < ?", name, day);
    this.#sql.exec(
      `INSERT INTO run_day (source, day, runs) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET runs = runs + excluded.runs`,
      name,
      day,
      runs,
    );
  }

  /** Nothing is there before the first write. */
  #rows<Row extends Record<string, SqlStorageValue>>(
    statement: string,
    ...values: SqlStorageValue[]
  ): Row[] {
    return this.#isMade ? this.#sql.exec<Row>(statement, ...values).toArray() : [];
  }
}
