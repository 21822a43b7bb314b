/** What a Worker and an agent's desk say to each other. All of it is plain data. */
import type { DeliveryRow, SourceRow } from "./rows.ts";

/** A source as it lies in the desk: what is secret is sealed. */
export interface StoredSource extends SourceRow {
  readonly organisation: string;
}

/** A source as its owner sets it. */
export interface SourceChange {
  readonly organisation: string;
  readonly settings: string;
  readonly apiKey: string;
  /** Sealed; `null` removes it, `undefined` keeps the one that is there. */
  readonly secret: string | null | undefined;
  readonly verifyToken: string | null | undefined;
  readonly revokePrevious: boolean;
  /** `updated_at` of the source that this was worked out from, if there was one. */
  readonly basedOn: number | undefined;
}

export type Changed =
  | { readonly kind: "created" | "changed"; readonly source: StoredSource }
  /** The agent's sources are another organisation's. */
  | { readonly kind: "foreign" }
  /** It was set meanwhile. */
  | { readonly kind: "overtaken" }
  | { readonly kind: "full" };

/**
 * What became of a delivery. `started` has a task, and so has its `repeat`; `filtered` is left out by
 * the source's events, `ignored` never runs.
 */
export type DeliveryOutcome =
  | "started"
  | "repeat"
  | "dropped"
  | "filtered"
  | "ignored"
  | "handshake"
  | "malformed"
  | "refused"
  | "unproven"
  | "day_full"
  | "trouble";

/** What is noted of a delivery. */
export interface DeliveryNote {
  /** Unix milliseconds. */
  readonly at: number;
  readonly delivery_id: string | null;
  readonly outcome: DeliveryOutcome;
  /** That it was answered with. */
  readonly status: number;
  readonly task_id: string | null;
  readonly turn: number | null;
  readonly error: string | null;
  /** How many runs of this day it is still to be counted as. */
  readonly runs: number;
}

export interface Note extends DeliveryNote {
  readonly source: string;
}

/** A source with what happened to it lately; the newest delivery first. */
export interface ShownSource {
  readonly source: StoredSource;
  readonly deliveries: readonly DeliveryRow[];
  readonly runsToday: number;
}

/** What may be accepted once, and again only with the same body. */
export interface TokenClaim {
  readonly token: string;
  readonly bodyHash: string;
}

/** Something that was sealed with the previous secret, and the same sealed anew. */
export interface Resealed {
  readonly from: string;
  readonly to: string;
}
