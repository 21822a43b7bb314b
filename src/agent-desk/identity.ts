/** By what a delivery of a source is known again, and which conversation it belongs to. */
import { type Fields, isAbsent } from "../invocation/fields.ts";
import { findField } from "../invocation/parameters.ts";
import { isTaskId } from "../invocation/parameter-schemas.ts";
import { readPath } from "../invocation/path.ts";
import type { Delivery } from "../providers/provider.ts";
import type { Source } from "./source.ts";
import { sha256Hex } from "../sha256.ts";

export interface Identity {
  /** For the list of deliveries. */
  readonly deliveryId: string | undefined;
  /** `null` for a delivery that nothing tells from another one. */
  readonly repeat: Repeat | null;
}

export interface Repeat {
  readonly key: string;
  readonly hash: string;
  readonly ttlMs?: number;
}

const MINUTE_MS = 60_000;

/** The source's own selectors, or else the id that its provider gives. */
export function identityOf(source: Source, { fields, id }: Delivery): Identity {
  const { deduplicate } = source.settings;
  const selected = deduplicate && selectedIn(fields, deduplicate.selectors);
  if (selected !== undefined) {
    const ttl = deduplicate?.ttl_minutes;
    const ttlMs = ttl === undefined ? {} : { ttlMs: ttl * MINUTE_MS };
    return {
      deliveryId: selected,
      repeat: { key: keyOf(source, "selected", selected), hash: ANY, ...ttlMs },
    };
  }
  if (id === undefined || id === "") return { deliveryId: undefined, repeat: null };
  return { deliveryId: id, repeat: { key: keyOf(source, "id", id), hash: ANY } };
}

/** A sender's id stands for the event, in whatever spelling it comes again. */
const ANY = "";

/** What stands at the selectors, as a JSON list; `undefined` if that is nothing. */
function selectedIn(fields: Fields, selectors: readonly string[]): string | undefined {
  const values = selectors.map((selector) => {
    const path = readPath(selector);
    return (path.ok ? findField(fields, path.value) : undefined) ?? "null";
  });
  return values.every(isAbsent) ? undefined : `[${values.join(",")}]`;
}

/** An `Idempotency-Key` holds no space, so that no caller of `POST /` can send one like it. */
function keyOf({ agentId, name }: Source, kind: string, id: string): string {
  return `source ${agentId}/${name} ${sha256Hex(JSON.stringify([kind, id]))}`;
}

/**
 * The `task_id`: `{agent_id}:{name}:{value}`, or the value alone where conversations are shared. A
 * delivery without a conversation is one by itself, under a name that its repeat finds again.
 */
export function conversationOf(
  source: Source,
  named: string | undefined,
  { repeat }: Identity,
): string {
  const { agentId, name, settings } = source;
  const value =
    named ?? (repeat === null ? crypto.randomUUID() : sha256Hex(repeat.key).slice(0, 32));
  const taskId = settings.shared_conversations === true ? value : `${agentId}:${name}:${value}`;
  return isTaskId(taskId) ? taskId : sha256Hex(taskId);
}
