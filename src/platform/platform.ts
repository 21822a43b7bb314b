/** The port to whatever runs agents. Its adapters: `remote/` and `embedded/`. */
import type { Shown, Task } from "../invocation/task.ts";
import type { Result } from "../refusal.ts";

/** Who asks. The platform alone decides what a key may do. */
export interface Caller {
  readonly apiKey: string;
}

export interface Admission {
  /** The key's owner: 1–128 of `A-Z a-z 0-9 _ -`. */
  readonly organisation: string;
}

/**
 * Refusals (key, agent, parameters, rate) are values. A platform that fails, cannot be reached or
 * takes too long throws `PlatformOutage`.
 */
export interface Platform {
  /**
   * Whether the key may run this agent, or is a key at all where none is named yet: asked before
   * anything is stored for a caller. What was accepted is remembered (contract §2.1).
   */
  admit(agentId: string | undefined, caller: Caller): Promise<Result<Admission>>;
  /** Runs the task and waits for its end, or for the platform to say that it is paused. */
  run(task: Task, caller: Caller): Promise<Result<Shown>>;
  /** Comes back once the platform has taken the task, not before. */
  start(task: Task, caller: Caller): Promise<Result<"started">>;
  /** How the task of this id stands: its latest turn; `undefined` if there is none. */
  show(taskId: string, caller: Caller): Promise<Result<Shown | undefined>>;
}

/** The platform could not do its part. `why` is for the log alone. */
export class PlatformOutage extends Error {
  override readonly name = "PlatformOutage";
  readonly reason: "platform_failed" | "platform_unreachable" | "platform_timeout";

  readonly why: string;
  /** `Retry-After`, if the platform said so. */
  readonly retryAfter: string | undefined;
  /** The platform has certainly not taken the task: it was never reached, or has said that it failed. */
  readonly tookNothing: boolean;

  constructor(
    reason: PlatformOutage["reason"],
    cause: unknown,
    {
      tookNothing = reason === "platform_unreachable",
      retryAfter,
    }: { tookNothing?: boolean; retryAfter?: string | undefined } = {},
  ) {
    super(reason, { cause });
    this.reason = reason;
    this.tookNothing = tookNothing;
    this.retryAfter = retryAfter;
    this.why = cause instanceof Error ? cause.message : String(cause);
  }

  /** The same outage, as who knows more of it than the adapter tells it on. */
  told(tookNothing: boolean): PlatformOutage {
    return new PlatformOutage(this.reason, this.why, { tookNothing, retryAfter: this.retryAfter });
  }
}
