/** From the events of one delivery to tasks on disk, and to the sender's answer. */
import type { Context } from "hono";
import type { Source } from "../../agent-desk/source.ts";
import type { Answers } from "../../providers/answers.ts";
import type { Deliveries } from "../../providers/provider.ts";
import type { Upload } from "../../uploads/upload.ts";
import { refuse } from "../respond.ts";
import type { AppEnv } from "../variables.ts";
import { callsOf, type Listed } from "./calls.ts";
import { isWaitedFor, runInSight } from "./in-sight.ts";
import { noteAll, type Noted } from "./note.ts";
import { placeAll, type Placement } from "./place-all.ts";
import { seeOther, tellFullDay, tellRead } from "./tell.ts";

export interface Proved {
  readonly reading: Deliveries;
  readonly upload: Upload;
  /** What the sender may use once, to be kept for good once its tasks are on disk. */
  readonly token: string | undefined;
}

export async function runAll(
  c: Context<AppEnv>,
  source: Source,
  { reading, upload, token }: Proved,
): Promise<Response> {
  const answers: Answers = { ...source.provider.answers, ...reading.answers };
  const { calls, refusals, others } = callsOf(c, source, { ...reading, upload });
  const isOne = reading.deliveries.length + reading.malformed === 1;
  const [refusal] = refusals;
  if (refusal !== undefined && isOne) {
    const response = await refuse(c, refusal);
    noteAll(c, source, withStatus(others, response));
    return response;
  }
  const [first] = calls;
  if (first !== undefined && isWaitedFor(first)) {
    await keepToken(c, source, token);
    return runInSight(c, source, { ...first, answers, upload });
  }
  const placements = await placeAll(c, source, { calls, upload });
  await keepToken(c, source, token);
  const response = await tell(c, source, { answers, placements });
  const told = response ?? answers.trouble;
  noteAll(c, source, withStatus([...others, ...placements], told));
  return response ?? rethrown(placements);
}

function withStatus(
  listed: readonly Listed[],
  { status }: { readonly status: number },
): readonly Noted[] {
  return listed.map((each) => ({ ...each, status }));
}

async function keepToken(
  c: Context<AppEnv>,
  source: Source,
  token: string | undefined,
): Promise<void> {
  if (token !== undefined) await c.get("rooms").desks.keepClaim(source, token);
}

function rethrown(placements: readonly Placement[]): never {
  throw placements.find(({ thrown }) => thrown !== undefined)?.thrown ?? new Error("no answer");
}

interface Told {
  readonly answers: Answers;
  readonly placements: readonly Placement[];
}

/** `undefined` where something was thrown: its sender is told of trouble, and sends all of it again. */
async function tell(
  c: Context<AppEnv>,
  source: Source,
  { answers, placements }: Told,
): Promise<Response | undefined> {
  const has = (outcome: Placement["outcome"]) => placements.some((one) => one.outcome === outcome);
  if (has("trouble")) return undefined;
  if (has("day_full")) return tellFullDay(c, answers);
  const isRepeat = placements.length > 0 && placements.every((one) => one.outcome === "repeat");
  const { redirect } = source.settings;
  if (redirect !== undefined) return seeOther(c, redirect);
  return tellRead(c, isRepeat ? answers.repeat : answers.success);
}
