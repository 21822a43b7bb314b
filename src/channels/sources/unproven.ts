/** Turning away who has not proven to be the sender, and no more often than a minute allows. */
import type { Source } from "../../agent-desk/source.ts";
import type { SenderAnswer } from "../../providers/answers.ts";
import type { Refusal } from "../../refusal.ts";
import { answerSender, refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
import { isBraked } from "./doors.ts";
import { noteOne } from "./note.ts";

export const TOO_MANY: Refusal = { reason: "rate_limited", headers: { "Retry-After": "60" } };

export interface Unproven {
  /** For the source's owner; the sender is not told. */
  readonly why: string;
  /** In the provider's words for a bad signature, unless there are others. */
  readonly told?: SenderAnswer;
  readonly refusal?: Refusal;
}

export async function refuseUnproven(
  exchange: Exchange,
  source: Source,
  { why, told = source.provider.answers.badSignature, refusal }: Unproven,
): Promise<Response> {
  if (await isBraked(exchange, source, "failed")) return refuse(exchange, TOO_MANY);
  exchange.notes.refusalReason = "signature_invalid";
  const response =
    refusal === undefined ? await answerSender(exchange, told) : await refuse(exchange, refusal);
  noteOne(exchange, source, { outcome: "unproven", status: response.status, error: why });
  return response;
}
