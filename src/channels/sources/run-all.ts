/** From the events of one delivery to tasks on disk, and to the sender's answer. */
import type { Source } from "../../agent-desk/source.ts";
import type { Answers } from "../../providers/answers.ts";
import type { Deliveries } from "../../providers/provider.ts";
import type { Upload } from "../../uploads/upload.ts";
import { refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
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
  exchange: Exchange,
  source: Source,
  { reading, upload, token }: Proved,
): Promise<Response> {
  const answers: Answers = { ...source.provider.answers, ...reading.answers };
  const { calls, refusals, others } = callsOf(exchange, source, { ...reading, upload });
  const isOne = reading.deliveries.length + reading.malformed === 1;
  const [refusal] = refusals;
  if (refusal !== undefined && isOne) {
    const response = await refuse(exchange, refusal);
    noteAll(exchange, source, withStatus(others, response));
    return response;
  }
  const [first] = calls;
  if (first !== undefined && isWaitedFor(first)) {
    await keepToken(exchange, source, token);
    return runInSight(exchange, source, { ...first, answers, upload });
  }
  const placements = await placeAll(exchange, source, { calls, upload });
  await keepToken(exchange, source, token);
  const response = await tell(exchange, source, { answers, placements });
  const told = response ?? answers.trouble;
  noteAll(exchange, source, withStatus([...others, ...placements], told));
  return response ?? rethrown(placements);
}

function withStatus(
  listed: readonly Listed[],
  { status }: { readonly status: number },
): readonly Noted[] {
  return listed.map((each) => ({ ...each, status }));
}

async function keepToken(
  exchange: Exchange,
  source: Source,
  token: string | undefined,
): Promise<void> {
  if (token !== undefined) await exchange.rooms.desks.keepClaim(source, token);
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
  exchange: Exchange,
  source: Source,
  { answers, placements }: Told,
): Promise<Response | undefined> {
  const has = (outcome: Placement["outcome"]) => placements.some((one) => one.outcome === outcome);
  if (has("trouble")) return undefined;
  if (has("day_full")) return tellFullDay(exchange, answers);
  const isRepeat = placements.length > 0 && placements.every((one) => one.outcome === "repeat");
  const { redirect } = source.settings;
  if (redirect !== undefined) return seeOther(exchange, redirect);
  return tellRead(exchange, isRepeat ? answers.repeat : answers.success);
}
