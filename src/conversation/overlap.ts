/** What becomes of a task whose conversation is busy (contract §2.8). */
import type { Shape } from "../invocation/invocation.ts";
import type { JsonText } from "../invocation/json-text.ts";
import type { Overlap } from "../invocation/parameter-schemas.ts";
import type { Task } from "../invocation/task.ts";
import { fitsRow } from "./stash.ts";

/** What a waiting task is kept as; its `user_tokens` are kept apart, sealed. */
export interface WaitingTask {
  readonly task: Omit<Task, "context" | "userTokens">;
  /** Each one's own; a merged task has several. */
  readonly contexts: readonly JsonText[];
  readonly shape: Shape;
}

export interface ArrivalOverlap {
  readonly overlap: Overlap;
  readonly debounceMs: number;
  /** The same for all tasks that may be merged; `null` where nothing may. */
  readonly agreement: string | null;
}

/** The last task of the queue. */
export interface Tail {
  readonly agreement: string | null;
  readonly isSent: boolean;
  /** It waits for more of its burst. */
  readonly isHeld: boolean;
}

type Decision = "queue" | "drop" | "replace" | "merge";

/** A conversation is busy exactly if there is a `tail`. */
export function decideOverlap(arrival: ArrivalOverlap, tail: Tail | undefined): Decision {
  const { overlap, debounceMs, agreement } = arrival;
  if (tail === undefined) return "queue";
  const agrees = agreement !== null && agreement === tail.agreement && !tail.isSent;
  if (overlap === "latest") return "replace";
  if (agrees && (overlap === "merge" || (debounceMs > 0 && tail.isHeld))) return "merge";
  return overlap === "drop" ? "drop" : "queue";
}

/** A new arrival starts the wait again so often. */
export const MAX_RESTARTS = 3;

/** Both as one task; `undefined` past a limit: then a new one begins. */
export function mergeTasks(
  first: WaitingTask,
  second: WaitingTask,
  maxFiles: number,
): WaitingTask | undefined {
  const prompts = [first.task.prompt, second.task.prompt].filter((prompt) => prompt !== "");
  const files = [...first.task.files, ...second.task.files];
  const merged: WaitingTask = {
    task: { ...first.task, prompt: prompts.join("\n\n"), files },
    contexts: [...first.contexts, ...second.contexts],
    shape: first.shape,
  };
  return files.length <= maxFiles && fitsRow(JSON.stringify(merged)) ? merged : undefined;
}

/** The task as it is sent: of several contexts a list. */
export function taskToSend({ task, contexts }: WaitingTask, userTokens: JsonText | null): Task {
  const [context, ...more] = contexts;
  return {
    ...task,
    ...(context !== undefined && {
      context: more.length === 0 ? context : `[${contexts.join(",")}]`,
    }),
    ...(userTokens !== null && { userTokens }),
  };
}
