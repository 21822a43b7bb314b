/** The list of a source's last deliveries: what is added, and what goes for it. */
import { MAX_KEPT_TASKS, MAX_LISTED_DELIVERIES, MAX_LISTED_UNPROVEN } from "../limits.ts";
import { type Day, dayOf } from "./day.ts";
import type { Note } from "./messages.ts";

/**
 * Adds the newest of them, in their order, and removes what the list has no room for. Those that
 * started a task are kept for longer: nothing but as many others that did hides one that has died.
 */
export function noteAll(sql: SqlStorage, notes: readonly Note[]): void {
  for (const source of new Set(notes.map((note) => note.source))) {
    const own = notes.filter((note) => note.source === source);
    // The others would be removed again at once.
    const started = own.filter(hasOwnTask).slice(-MAX_KEPT_TASKS);
    const kept = new Set([...started, ...own.slice(-MAX_LISTED_DELIVERIES)]);
    for (const note of own) if (kept.has(note)) add(sql, note);
    trim(sql, source);
  }
}

/** A repeat has its first one's, and what was dropped has none that runs. */
function hasOwnTask({ outcome, turn }: Note): boolean {
  return outcome === "started" && turn !== null;
}

export interface Runs {
  readonly source: string;
  readonly day: Day;
  readonly runs: number;
}

/** What they add to each day, a batch of a thousand with one entry. */
export function runsIn(notes: readonly Note[]): readonly Runs[] {
  const sums = new Map<string, Runs>();
  for (const { source, at, runs } of notes) {
    const day = dayOf(at);
    const key = `${source} ${day}`;
    sums.set(key, { source, day, runs: runs + (sums.get(key)?.runs ?? 0) });
  }
  return [...sums.values()].filter(({ runs }) => runs !== 0);
}

function add(sql: SqlStorage, note: Note): void {
  sql.exec(
    `INSERT INTO delivery (source, at, delivery_id, outcome, status, task_id, turn, error)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    note.source,
    note.at,
    note.delivery_id,
    note.outcome,
    note.status,
    note.task_id,
    note.turn,
    note.error,
  );
}

function trim(sql: SqlStorage, source: string): void {
  sql.exec(
    `DELETE FROM delivery WHERE source = ?1 AND outcome IN ('unproven', 'handshake') AND number NOT IN (
       SELECT number FROM delivery WHERE source = ?1 AND outcome IN ('unproven', 'handshake')
       ORDER BY number DESC LIMIT ?2)`,
    source,
    MAX_LISTED_UNPROVEN,
  );
  sql.exec(
    `DELETE FROM delivery WHERE source = ?1 AND number NOT IN (
       SELECT number FROM delivery WHERE source = ?1 ORDER BY number DESC LIMIT ?2)
     AND number NOT IN (
       SELECT number FROM delivery WHERE source = ?1 AND outcome = 'started' AND turn IS NOT NULL
       ORDER BY number DESC LIMIT ?3)`,
    source,
    MAX_LISTED_DELIVERIES,
    MAX_KEPT_TASKS,
  );
}
