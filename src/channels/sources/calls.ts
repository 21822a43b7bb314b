/** What of a delivery's events runs, what cannot, and what its source's filter leaves out. */
import { type Run, runOf } from "../../agent-desk/run.ts";
import type { Source } from "../../agent-desk/source.ts";
import type { TurnCall } from "../../conversation/arrival.ts";
import { doesRun } from "../../providers/event-filter.ts";
import type { Deliveries, Delivery } from "../../providers/provider.ts";
import type { Refusal } from "../../refusal.ts";
import type { Upload } from "../../uploads/upload.ts";
import type { Exchange } from "../exchange.ts";
import type { Noted } from "./note.ts";
import { rulesOf } from "./rules.ts";

export interface SourceCall {
  readonly call: TurnCall;
  readonly deliveryId: string | null;
}

export type Listed = Omit<Noted, "status">;

export interface Calls {
  readonly calls: readonly SourceCall[];
  /** Why some cannot run. */
  readonly refusals: readonly Refusal[];
  /** What is only listed. */
  readonly others: readonly Listed[];
}

export function callsOf(
  exchange: Exchange,
  source: Source,
  { deliveries, malformed, upload }: Deliveries & { readonly upload: Upload },
): Calls {
  const isOneOfMany = deliveries.length + malformed > 1;
  const circumstances = { uploads: upload.files, rules: rulesOf(exchange), isOneOfMany };
  const { events } = source.settings;
  const wanted = deliveries.filter((each) => doesRun(each, events));
  const unwanted = deliveries.filter((each) => !doesRun(each, events));
  const runs = wanted.map((delivery) => ({
    delivery,
    run: runOf(source, delivery, circumstances),
  }));
  const refused = runs.flatMap(({ delivery, run }) =>
    run.ok ? [] : [{ delivery, refusal: run.refusal }],
  );
  return {
    calls: runs.flatMap(({ run }) => (run.ok ? [callOf(source, run.value)] : [])),
    refusals: refused.map(({ refusal }) => refusal),
    others: [
      ...Array.from({ length: malformed }, () => ({ outcome: "malformed" as const })),
      ...unwanted.map((each) => listed("filtered", each, each.event)),
      ...refused.map(({ delivery, refusal }) => listed("refused", delivery, refusal.reason)),
    ],
  };
}

function listed(outcome: Listed["outcome"], { id }: Delivery, error: string): Listed {
  return { outcome, delivery_id: id ?? null, error };
}

/** The organisation is the one that the platform named when the source was set. */
function callOf(source: Source, { invocation, isNew, repeat, deliveryId }: Run): SourceCall {
  const { organisation, apiKey } = source;
  const { task, handling, shape } = invocation;
  const call = { organisation, task, isNew, handling, shape, apiKey, repeat };
  return { deliveryId: deliveryId ?? null, call };
}
