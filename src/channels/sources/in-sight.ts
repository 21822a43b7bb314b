/** A sender that waits for the agent is answered as a caller of `POST /` is (contract §1.5). */
import type { Source } from "../../agent-desk/source.ts";
import type { DeliveryOutcome } from "../../agent-desk/messages.ts";
import { PlatformOutage } from "../../platform/platform.ts";
import type { Answers } from "../../providers/answers.ts";
import { tell } from "../../refusal.ts";
import type { Upload } from "../../uploads/upload.ts";
import { invokeInTurn } from "../invoke.ts";
import type { Exchange } from "../exchange.ts";
import type { SourceCall } from "./calls.ts";
import { noteOne } from "./note.ts";
import { takeRuns } from "./runs-of-day.ts";
import { seeOther, tellFullDay } from "./tell.ts";

export function isWaitedFor({ call }: SourceCall): boolean {
  return !call.handling.asynchronous || call.handling.waitSeconds !== undefined;
}

export interface InSight extends SourceCall {
  readonly answers: Answers;
  readonly upload: Upload;
}

export async function runInSight(
  exchange: Exchange,
  source: Source,
  { call, deliveryId: delivery_id, answers, upload }: InSight,
): Promise<Response> {
  const day = await takeRuns(exchange, source, 1);
  if (day.granted === 0 && !(await exchange.rooms.past.isRepeat(call))) {
    const response = await tellFullDay(exchange, answers);
    noteOne(exchange, source, { delivery_id, outcome: "day_full", status: response.status });
    return response;
  }
  // What fails is told in the words of `POST /` too.
  exchange.notes.trouble = undefined;
  let response: Response | undefined;
  let status = 0;
  try {
    response = await invokeInTurn(exchange, call, { upload });
    ({ status } = response);
  } catch (thrown) {
    status = statusOf(thrown);
    throw thrown;
  } finally {
    const outcome = outcomeOf(exchange);
    const turn = exchange.notes.turn ?? null;
    const isStarted = outcome === "started";
    await day.settle(isStarted ? 1 : 0);
    noteOne(exchange, source, {
      delivery_id,
      outcome,
      task_id: call.task.id,
      turn,
      status,
      runs: isStarted ? day.uncounted : 0,
    });
  }
  const { redirect } = source.settings;
  return redirect !== undefined && response.ok ? seeOther(exchange, redirect) : response;
}

/** It has a turn once it is on disk, whatever became of it then. */
function outcomeOf({ notes }: Exchange): DeliveryOutcome {
  if (notes.turn === undefined) return "trouble";
  if (notes.isRepeat) return "repeat";
  return notes.isDropped ? "dropped" : "started";
}

/** What is thrown is told later, and where all of it is. */
function statusOf(thrown: unknown): number {
  return thrown instanceof PlatformOutage ? tell({ reason: thrown.reason }).status : 500;
}
