/** A source as its owner sees it: nothing of it is secret. */
import type { DeliveryRow, SourceRow } from "../../agent-desk/rows.ts";
import type { SourceSettings } from "../../agent-desk/source-settings.ts";
import type { Exchange } from "../exchange.ts";

/** Times are ISO 8601, as the platform writes its own. */
export function shownSource(exchange: Exchange, agentId: string, row: SourceRow): object {
  const { proof, ...settings }: SourceSettings = JSON.parse(row.settings);
  return {
    name: row.name,
    agent_id: agentId,
    url: `${publicOrigin(exchange)}/hooks/${agentId}/${row.name}`,
    ...settings,
    ...proof,
    secret_set_at: isoTime(row.secret_set_at),
    previous_secret_until: isoTime(previousEnd(row)),
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

/** The gateway as senders know it. */
export function publicOrigin(exchange: Exchange): string {
  return exchange.rooms.config.PUBLIC_URL ?? new URL(exchange.url).origin;
}

function previousEnd({ previous_until }: SourceRow): number | null {
  return previous_until !== null && previous_until > Date.now() ? previous_until : null;
}

export function shownDelivery(row: DeliveryRow): object {
  const { at, delivery_id, outcome, status, task_id, turn, error } = row;
  return { at: isoTime(at), delivery_id, outcome, status, task_id, turn, error };
}

function isoTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
