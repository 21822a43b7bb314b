/** The port to whatever runs agents. Its adapters: `remote/` and `embedded/`. */
import type { Task, TaskState } from "../invocation/task.ts";
import type { Result } from "../refusal.ts";

/** Who asks. The platform alone decides what a key may do. */
export interface Caller {
  readonly apiKey: string;
}

/**
 * Refusals (key, agent, parameters, rate) are values. A platform that fails, cannot be reached or
 * takes too long throws `PlatformOutage`.
 */
export interface Platform {
  /** Runs the task and waits for its end, or for the platform to say that it is paused. */
  run(task: Task, caller: Caller): Promise<Result<TaskState>>;
  /** Comes back once the platform has taken the task, not before. */
  start(task: Task, caller: Caller): Promise<Result<"started">>;
}

/** The platform could not do its part. `why` is for the log alone. */
export class PlatformOutage extends Error {
  override readonly name = "PlatformOutage";
  readonly reason: "platform_failed" | "platform_unreachable" | "platform_timeout";

  readonly why: string;

  constructor(reason: PlatformOutage["reason"], cause: unknown) {
    super(reason, { cause });
    this.reason = reason;
    this.why = cause instanceof Error ? cause.message : String(cause);
  }
}
