/** What tells one turn of a conversation from another, on a platform that shows the latest alone. */
import { createHash } from "node:crypto";
import { type JsonText, kindOf, textOf } from "../invocation/json-text.ts";
import type { Shown } from "../invocation/task.ts";

/**
 * `absent`, or status and times as the platform wrote them and the SHA-256 of the input. Two are of
 * the same turn in the same state exactly if they are the same text.
 */
export type Snapshot = string;

export const ABSENT: Snapshot = "absent";

export function snapshotOf(shown: Shown | undefined): Snapshot {
  if (shown === undefined) return ABSENT;
  const { status, created_at, started_at, finished_at, input } = shown;
  const digest = createHash("sha256").update(input).digest("base64url");
  return JSON.stringify([status, time(created_at), time(started_at), time(finished_at), digest]);
}

/** Times come with `Z` or `+00:00`. */
function time(json: JsonText): string {
  return json.replace(/\+00:00"$/, 'Z"');
}

const ENDS: ReadonlySet<string> = new Set(["completed", "error", "failed", "stopped"]);
const ON_ITS_WAY: ReadonlySet<string> = new Set(["pending", "executing"]);

/** Whether a task is over. A word that nobody knows counts as an end if it has a time of its own. */
export function standingOf({ status, finished_at }: Shown): "running" | "paused" | "ended" {
  const word = kindOf(status) === "text" ? textOf(status) : "";
  if (word === "paused") return "paused";
  if (ENDS.has(word)) return "ended";
  return ON_ITS_WAY.has(word) || finished_at === "null" ? "running" : "ended";
}
