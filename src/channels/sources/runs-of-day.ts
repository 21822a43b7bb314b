/** Where a source may run only so often a day: its runs are taken before, and given back unused. */
import { dayOf } from "../../agent-desk/day.ts";
import type { Source } from "../../agent-desk/source.ts";
import type { Exchange } from "../exchange.ts";

export interface RunsOfDay {
  /** Of those that were wanted; all of them where there is no limit. */
  readonly granted: number;
  /** What each run is still to be counted as, when it is noted. */
  readonly uncounted: number;
  /** To be told how many ran: the others may run another time. */
  settle(ran: number): Promise<void>;
}

export async function takeRuns(
  exchange: Exchange,
  source: Source,
  wanted: number,
): Promise<RunsOfDay> {
  const { max_runs_per_day: max } = source.settings;
  if (max === undefined) {
    return { granted: wanted, uncounted: 1, settle: () => Promise.resolve() };
  }
  const desks = exchange.rooms.desks;
  const day = dayOf(Date.now());
  const granted = wanted === 0 ? 0 : await desks.take(source, day, { wanted, max });
  return {
    granted,
    uncounted: 0,
    async settle(ran) {
      if (granted > ran) await desks.giveBack(source, day, granted - ran);
    },
  };
}
