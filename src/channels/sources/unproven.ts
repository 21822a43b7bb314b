/** Turning away who has not proven to be the sender, and no more often than a minute allows. */
import type { Context } from "hono";
import type { Source } from "../../agent-desk/source.ts";
import type { SenderAnswer } from "../../providers/answers.ts";
import type { Refusal } from "../../refusal.ts";
import { answerSender, refuse } from "../respond.ts";
import type { AppEnv } from "../variables.ts";
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
  c: Context<AppEnv>,
  source: Source,
  { why, told = source.provider.answers.badSignature, refusal }: Unproven,
): Promise<Response> {
  if (await isBraked(c, source, "failed")) return refuse(c, TOO_MANY);
  c.get("notes").refusalReason = "signature_invalid";
  const response = refusal === undefined ? await answerSender(c, told) : await refuse(c, refusal);
  noteOne(c, source, { outcome: "unproven", status: response.status, error: why });
  return response;
}
