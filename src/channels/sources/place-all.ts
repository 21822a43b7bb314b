/** Handing over the tasks of one delivery: no more of them than the day allows. */
import type { Source } from "../../agent-desk/source.ts";
import { MAX_PLACING } from "../../limits.ts";
import type { Upload } from "../../uploads/upload.ts";
import { place } from "../invoke.ts";
import type { Exchange } from "../exchange.ts";
import type { Listed, SourceCall } from "./calls.ts";
import { takeRuns } from "./runs-of-day.ts";

export interface Placement extends Listed {
  readonly outcome: "started" | "repeat" | "dropped" | "day_full" | "trouble";
  /** What kept it from its place, whether or not it is there. */
  readonly thrown?: Error;
}

export async function placeAll(
  exchange: Exchange,
  source: Source,
  { calls, upload }: { readonly calls: readonly SourceCall[]; readonly upload: Upload },
): Promise<readonly Placement[]> {
  const day = await takeRuns(exchange, source, calls.length);
  const placings = calls.map((each, index) => ({ each, isGranted: index < day.granted }));
  const placements = await inOrder(
    placings,
    ({ each }) => each.call.task.id,
    ({ each, isGranted }) =>
      isGranted ? placeOne(exchange, each, upload) : placeOnFullDay(exchange, each),
  );
  await day.settle(placements.filter(({ outcome }) => outcome === "started").length);
  return placements.map((each) =>
    each.outcome === "started" ? { ...each, runs: day.uncounted } : each,
  );
}

/** A repeat is told as one on a full day too. */
async function placeOnFullDay(
  exchange: Exchange,
  { call, deliveryId }: SourceCall,
): Promise<Placement> {
  const isRepeat = await exchange.rooms.past.isRepeat(call);
  return { outcome: isRepeat ? "repeat" : "day_full", delivery_id: deliveryId };
}

async function placeOne(
  exchange: Exchange,
  { call, deliveryId }: SourceCall,
  upload: Upload,
): Promise<Placement> {
  const listed = { delivery_id: deliveryId, task_id: call.task.id };
  try {
    const placed = await place(exchange, call, upload);
    if (placed === "conflict") throw new Error("a delivery is known by its id alone");
    const { turn, isRepeat, isDropped } = placed;
    if (!isRepeat && !isDropped) upload.keep();
    const outcome = isRepeat ? "repeat" : isDropped ? "dropped" : "started";
    return { ...listed, outcome, turn };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error("unknown");
    return { ...listed, outcome: "trouble", error: error.name, thrown: error };
  }
}

/**
 * The outcome of each, in their order; those of one `key` one after another, so that a conversation
 * keeps its order, and not too many at a time.
 */
async function inOrder<Item, Outcome>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  work: (item: Item) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const groups = [...Map.groupBy(items.entries(), ([, item]) => keyOf(item)).values()];
  const outcomes: [number, Outcome][] = [];
  const next = groups.values();
  const lane = async (): Promise<void> => {
    for (const group of next) {
      for (const [index, item] of group) outcomes.push([index, await work(item)]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_PLACING, groups.length) }, lane));
  return outcomes.toSorted(([a], [b]) => a - b).map(([, outcome]) => outcome);
}
