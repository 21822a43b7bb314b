/** What an agent of the embedded platform is. */
import type { User } from "../../invocation/task.ts";

export interface AgentTask {
  /** What the caller said. */
  readonly prompt: string;
  /** The body's other fields; `null` if there were none. Numbers past 2^53 lose digits here … */
  readonly context: unknown;
  /** … and are whole here: the same as JSON text. */
  readonly contextText: string;
  /** In the order of arrival. */
  readonly files: readonly AgentFile[];
  /** `null` if the caller named nobody. */
  readonly user: User | null;
  /** The caller's `task_id`, or the one that the gateway made. */
  readonly conversationId: string;
  /** 1 for the conversation's first task. */
  readonly turn: number;
  /** What was said before in this conversation, oldest first; the newest fifty at most. */
  readonly earlierTurns: readonly EarlierTurn[];
}

export interface AgentFile {
  /** A link that opens the file for 30 days, or the address that the caller gave. */
  readonly url: string;
  /** What is known of a file that came with the request; absent for one given by its address. */
  readonly uploaded?: {
    readonly name: string;
    /** The kind's media type, told from its bytes. */
    readonly type: string;
    /** Bytes. */
    readonly size: number;
    /** The file's bytes as they come out of the store; throws if it is gone. */
    stream(): Promise<ReadableStream<Uint8Array>>;
  };
}

export interface EarlierTurn {
  readonly turn: number;
  readonly prompt: string;
  /** `null` if the agent returned nothing, or has not ended. */
  readonly result: string | null;
  readonly status: string;
}

/**
 * Takes a task and returns its result: a text as it is, any other value as its JSON text.
 * What it throws ends the task in `error`, with the error's message as the result.
 */
export type Agent = (task: AgentTask) => unknown;
