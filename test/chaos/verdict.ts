/** A delivery that was acknowledged, or one that the platform ran. */
export interface Seen {
  /** The conversation. */
  readonly taskId: string;
  /** Of this conversation, one delivery has it and no other. */
  readonly text: string;
}

/** The deliveries that went wrong; one can be in several lists. */
export interface Verdict<Acknowledged extends Seen> {
  /** Acknowledged, and never run. */
  readonly lost: readonly Acknowledged[];
  /** Run more than once. */
  readonly doubled: readonly Acknowledged[];
  /** Run for the first time after one of the same conversation that was acknowledged later. */
  readonly outOfOrder: readonly Acknowledged[];
}

/**
 * Holds what was promised against what was done; both lists are in the order of time. What ran and
 * was never acknowledged is no fault: the sender did not hear of it.
 */
export function judge<Acknowledged extends Seen>(
  acknowledged: readonly Acknowledged[],
  executions: readonly Seen[],
): Verdict<Acknowledged> {
  const runs = new Map<string, number>();
  const firstRuns: string[] = [];
  for (const execution of executions) {
    const name = nameOf(execution);
    const count = runs.get(name) ?? 0;
    if (count === 0) firstRuns.push(name);
    runs.set(name, count + 1);
  }
  const runsOf = (delivery: Seen): number => runs.get(nameOf(delivery)) ?? 0;
  return {
    lost: acknowledged.filter((delivery) => runsOf(delivery) === 0),
    doubled: acknowledged.filter((delivery) => runsOf(delivery) > 1),
    outOfOrder: overtaken(acknowledged, firstRuns),
  };
}

function overtaken<Acknowledged extends Seen>(
  acknowledged: readonly Acknowledged[],
  firstRuns: readonly string[],
): readonly Acknowledged[] {
  const places = new Map(acknowledged.map((delivery, place) => [nameOf(delivery), place]));
  const furthest = new Map<string, number>();
  return firstRuns.flatMap((name) => {
    const place = places.get(name);
    const delivery = place === undefined ? undefined : acknowledged[place];
    if (place === undefined || delivery === undefined) return [];
    const before = furthest.get(delivery.taskId) ?? -1;
    furthest.set(delivery.taskId, Math.max(before, place));
    return place < before ? [delivery] : [];
  });
}

function nameOf({ taskId, text }: Seen): string {
  return `${taskId} ${text}`;
}
