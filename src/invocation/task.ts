/** What a platform is asked to run, and what it says of it: plain data, no HTTP in it. */
import type { JsonText } from "./json-text.ts";

/** The person a task is run for. */
export interface User {
  readonly id?: string | undefined;
  readonly email?: string | undefined;
  readonly first_name?: string | undefined;
  readonly last_name?: string | undefined;
}

/** A file that came with the request, and lies in the store. */
export interface UploadedFile {
  /** The form's field it came in; `body` where it was the whole body. */
  readonly field: string;
  readonly name: string;
  /** The kind's own media type. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** In the store. */
  readonly key: string;
  /** The signed link. */
  readonly url: string;
  /** Hex; known only where a repeat will be compared with it. */
  readonly sha256?: string;
}

/** A file that was given by its address alone. */
export interface LinkedFile {
  readonly url: string;
}

export type TaskFile = UploadedFile | LinkedFile;

/** One run, as the platform is sent it (contract §1.6). */
export interface Task {
  readonly agentId: string;
  readonly agentVersion?: string | undefined;
  /** The conversation; the platform calls it `id`. */
  readonly id: string;
  readonly prompt: string;
  readonly files: readonly TaskFile[];
  readonly user?: User | undefined;
  /** The body's fields that are no parameters: the text of a JSON object. */
  readonly context?: JsonText | undefined;
  readonly userTokens?: JsonText | undefined;
  readonly disableAttachmentInjection: boolean;
}

/** The fields that callers see of a task (contract §1.5), whatever more a platform sends. */
export const ANSWER_FIELDS = [
  "id",
  "agent_id",
  "status",
  "result",
  "created_at",
  "finished_at",
  "source",
  "execution_attempts",
] as const;

export type AnswerField = (typeof ANSWER_FIELDS)[number];

/** How a task stands: the value of each answer field as JSON text, `null` where it is unknown. */
export type TaskState = Readonly<Record<AnswerField, JsonText>>;

/**
 * A task as the platform shows it: its state, and what more tells one turn of a conversation from
 * another. Each value is JSON text as it was written.
 */
export interface Shown extends TaskState {
  readonly started_at: JsonText;
  readonly input: JsonText;
}

/** What `source` says of a task that came in by this channel. */
export const SOURCE = "webhook";
