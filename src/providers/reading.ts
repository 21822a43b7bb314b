/** The readings that providers have in common. */
import type { Fields } from "../invocation/fields.ts";
import { kindOf, type JsonText } from "../invocation/json-text.ts";
import { MAX_BATCH_EVENTS } from "../limits.ts";
import { listIn, objectOf } from "./found.ts";
import type { Deliveries, Delivery, HeaderLookup, Provider, Reading } from "./provider.ts";

/** A delivery that is one event, and runs unless it is said otherwise. */
export function oneDelivery(
  delivery: Omit<Delivery, "runsByDefault"> & Partial<Pick<Delivery, "runsByDefault">>,
): Deliveries {
  return {
    kind: "deliveries",
    deliveries: [{ runsByDefault: true, ...delivery }],
    malformed: 0,
  };
}

/** Of a sender of which nothing is known: its fields are the context, and so the prompt. */
export const readAnything: Provider["read"] = ({ headers, fields, settings }) =>
  oneDelivery({ id: idIn(headers, settings.id_header), event: "delivery", fields });

export function ignored(why: string): Reading {
  return { kind: "ignored", why };
}

/** An id that came in a header: up to 255 visible characters, else it is none. */
export function idIn(headers: HeaderLookup, name: string | undefined): string | undefined {
  const id = name === undefined ? "" : (headers.get(name) ?? "");
  return /^[\x21-\x7e]{1,255}$/.test(id) ? id : undefined;
}

/** A word that came in a header, such as an event's name. */
export function wordIn(headers: HeaderLookup, name: string): string | undefined {
  const word = headers.get(name) ?? "";
  return /^[\w ./:-]{1,128}$/.test(word) ? word : undefined;
}

/**
 * A body that is a list of events: each is a delivery of its own, and `readEvent` gives `undefined`
 * for one that it cannot read. A body that is one object is one event.
 */
export function readBatch(
  fields: Fields,
  readEvent: (event: Fields) => Delivery | undefined,
): Reading {
  const isList = fields.size === 1 && kindOf(fields.get("body") ?? "null") === "array";
  if (!isList) return batch([readEvent(fields)]);
  const events = listIn(fields, "body", MAX_BATCH_EVENTS + 1);
  return batch(events.map((event) => readElement(event, readEvent)));
}

function readElement(
  event: JsonText,
  readEvent: (event: Fields) => Delivery | undefined,
): Delivery | undefined {
  const members = objectOf(event);
  return members && readEvent(members);
}

/** Deliveries in their order; `undefined` is a malformed one. Too many are refused, none is dropped. */
export function batch(read: readonly (Delivery | undefined)[]): Reading {
  if (!(read.length <= MAX_BATCH_EVENTS)) {
    const limit = { what: "A delivery", value: MAX_BATCH_EVENTS, unit: "events" };
    return { kind: "refused", refusal: { reason: "limit_exceeded", limit } };
  }
  if (read.length === 0) return ignored("it holds no event");
  const deliveries = read.filter((delivery) => delivery !== undefined);
  return { kind: "deliveries", deliveries, malformed: read.length - deliveries.length };
}
