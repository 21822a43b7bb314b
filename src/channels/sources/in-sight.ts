/** A sender that waits for the agent is answered as a caller of `POST /` is (contract §1.5). */
import type { Context } from "hono";
import type { Source } from "../../agent-desk/source.ts";
import type { Answers } from "../../providers/answers.ts";
import type { Upload } from "../../uploads/upload.ts";
import { invokeInTurn } from "../invoke.ts";
import type { AppEnv } from "../variables.ts";
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
  c: Context<AppEnv>,
  source: Source,
  { call, deliveryId: delivery_id, answers, upload }: InSight,
): Promise<Response> {
  const day = await takeRuns(c, source, 1);
  if (day.granted === 0 && !(await c.get("rooms").past.isRepeat(call))) {
    const response = await tellFullDay(c, answers);
    noteOne(c, source, { delivery_id, outcome: "day_full", status: response.status });
    return response;
  }
  // What fails is told in the words of `POST /` too.
  c.get("notes").trouble = undefined;
  let response: Response | undefined;
  try {
    response = await invokeInTurn(c, call, { upload });
  } finally {
    const outcome = outcomeOf(c);
    const turn = c.get("notes").turn ?? null;
    const isStarted = outcome === "started";
    await day.settle(isStarted ? 1 : 0);
    noteOne(c, source, {
      delivery_id,
      outcome,
      task_id: call.task.id,
      turn,
      status: response?.status ?? UNTOLD,
      runs: isStarted ? day.uncounted : 0,
    });
  }
  const { redirect } = source.settings;
  return redirect !== undefined && response.ok ? seeOther(c, redirect) : response;
}

/** It has a turn once it is on disk, whatever became of it then. */
function outcomeOf(c: Context<AppEnv>): "started" | "repeat" | "trouble" {
  if (c.get("notes").turn === undefined) return "trouble";
  return c.get("notes").isRepeat ? "repeat" : "started";
}

/** What is thrown gets its status later. */
const UNTOLD = 500;
