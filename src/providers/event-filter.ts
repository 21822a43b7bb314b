/** Which deliveries run (contract §4, `events`). */
import type { Delivery } from "./provider.ts";

/**
 * Whether a delivery runs: as its provider's default says, or as the source's own `events` do. A name
 * there also stands for what follows it: `issues` for `issues.opened`.
 */
export function doesRun(delivery: Delivery, events: readonly string[] | undefined): boolean {
  if (events === undefined) return delivery.runsByDefault;
  const names = [delivery.event, ...(delivery.aliases ?? [])];
  return names.some((name) =>
    events.some((wanted) => name === wanted || name.startsWith(`${wanted}.`)),
  );
}
