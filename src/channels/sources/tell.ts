/** Answers of sources that have a header of their own. */
import type { Context } from "hono";
import { secondsToMidnight } from "../../agent-desk/day.ts";
import type { Answers, SenderAnswer } from "../../providers/answers.ts";
import { answer, answerSender } from "../respond.ts";
import type { AppEnv } from "../variables.ts";

/** What was read to its end leaves nothing to throw away. */
export function tellRead(c: Context<AppEnv>, { status, headers, body }: SenderAnswer): Response {
  return answer(c, body, { status, headers });
}

/** Where the sender may come again, when: after midnight UTC. */
export function tellFullDay(c: Context<AppEnv>, { fullDay }: Answers): Promise<Response> {
  c.get("notes").refusalReason = "day_full";
  const isLater = fullDay.status === 429 || fullDay.status === 503;
  const more = { "Retry-After": String(secondsToMidnight(Date.now())) };
  return answerSender(c, fullDay, isLater ? more : {});
}

/** A form's browser goes on with GET (RFC 9110 §15.4.4). */
export function seeOther(c: Context<AppEnv>, location: string): Response {
  return answer(c, null, { status: 303, headers: { Location: location } });
}
