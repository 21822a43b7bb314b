/** What a Worker and a conversation's object say to each other. All of it is plain data. */
import type { Refusal } from "../refusal.ts";
import type { TurnState } from "./rows.ts";
import type { ArrivalOverlap } from "./overlap.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Kept } from "./stash.ts";

/** By what a repeat is known. */
export interface Repeat {
  readonly key: string;
  /** Of what was asked. */
  readonly hash: string;
  /** How long it is known; a day unless said otherwise. */
  readonly ttlMs?: number;
}

/** A task that wants its place in the conversation. */
export interface Arrival extends ArrivalOverlap {
  /** Who will send it: the object's alarm (asynchronous), or the Worker that waits. */
  readonly runs: "alarm" | "worker";
  readonly agentId: string;
  readonly taskId: string;
  /** A `WaitingTask` as JSON; `null` for one that its Worker holds. */
  readonly task: Kept | null;
  /** Sealed; `null` for one that its Worker holds. */
  readonly apiKey: string | null;
  readonly userTokens: Kept | null;
  /** The gateway made the id for this task alone, so the platform cannot know it. */
  readonly isNew: boolean;
  /** `Callback` as JSON. */
  readonly callback: string | null;
  readonly repeat: Repeat | null;
  /** The running turn's end was asked for just now, and is not to be asked for again. */
  readonly hasAsked: boolean;
  /** What the platform showed just now, and how long ago it was asked at most. */
  readonly shown: { readonly snapshot: Snapshot; readonly ageMs: number } | null;
}

/** A task that was given up. */
export interface DeadTask {
  readonly turn: number;
  readonly lastError: string | null;
}

/** A Worker may send the task now. */
export interface Go {
  readonly attempt: number;
  /** What the platform showed is on disk; else it must be asked, and `begin` told. */
  readonly isReady: boolean;
}

export type Accepted =
  | { readonly kind: "accepted"; readonly turn: number; readonly go: Go | null }
  | { readonly kind: "repeated"; readonly turn: number; readonly state: TurnState }
  | { readonly kind: "dropped"; readonly turn: number }
  /** The key was used for another request. */
  | { readonly kind: "conflict" }
  /** Whether the conversation is busy shows only when the platform is asked. */
  | { readonly kind: "ask_first"; readonly turn: number };

/** How a task stands for a Worker that waits for it. */
export type View =
  | { readonly kind: "answered"; readonly answer: Kept }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** It will never be sent, or nobody will ever know. */
  | { readonly kind: "lost"; readonly state: TurnState }
  | { readonly kind: "go"; readonly go: Go }
  /**
   * `ask` is the turn that this Worker shall ask for now, `askAt` when there may be one; `isUnsettled`
   * while nobody knows whether the platform has it.
   */
  | {
      readonly kind: "wait";
      readonly state: TurnState;
      readonly ask: number | null;
      readonly isUnsettled: boolean;
      readonly askAt: number;
    };

/** What came of a Worker's attempt. */
export type Outcome =
  | ({ readonly kind: "replied" } & Seen)
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly isFinal: boolean }
  | { readonly kind: "not_sent" }
  | { readonly kind: "unknown"; readonly why: string };

/** What the platform shows of the conversation. */
export interface Seen {
  readonly snapshot: Snapshot;
  readonly standing: "absent" | "running" | "paused" | "ended";
  /** The eight fields as JSON; kept once it is over or paused. */
  readonly answer: Kept | null;
}

/** Contract §2.5. Times are unix milliseconds. */
export interface Status {
  readonly turn: number;
  readonly state: TurnState;
  readonly agentId: string;
  readonly attempts: number;
  readonly nextAttemptAt: number | null;
  readonly lastError: string | null;
  readonly mergedInto: number | null;
  readonly acceptedAt: number;
  readonly endedAt: number | null;
  readonly answer: Kept | null;
  /** The platform shows this turn, and knows more of it than the book. */
  readonly isShown: boolean;
}
