/** What a source's owner sees of each delivery; written after the answer. */
import type { DeliveryNote } from "../../agent-desk/messages.ts";
import type { Source } from "../../agent-desk/source.ts";
import { MAX_LISTED_CHARS } from "../../limits.ts";
import type { Exchange } from "../exchange.ts";

export type Noted = Pick<DeliveryNote, "outcome" | "status"> &
  Partial<Omit<DeliveryNote, "at" | "outcome" | "status">>;

export function noteOne(exchange: Exchange, source: Source, noted: Noted): void {
  noteAll(exchange, source, [noted]);
}

export function noteAll(exchange: Exchange, source: Source, noted: readonly Noted[]): void {
  if (noted.length > 0) exchange.rooms.desks.note(source, noted.map(whole));
}

function whole(noted: Noted): DeliveryNote {
  const { delivery_id: id = null, error = null, task_id = null, turn = null, runs = 0 } = noted;
  return {
    at: Date.now(),
    delivery_id: cut(id),
    outcome: noted.outcome,
    status: noted.status,
    task_id,
    turn,
    error: cut(error),
    runs,
  };
}

function cut(text: string | null): string | null {
  return text === null ? null : text.slice(0, MAX_LISTED_CHARS).toWellFormed();
}
