/** Answers of sources that have a header of their own. */
import { secondsToMidnight } from "../../agent-desk/day.ts";
import type { Answers, SenderAnswer } from "../../providers/answers.ts";
import { answer, answerSender } from "../respond.ts";
import type { Exchange } from "../exchange.ts";

/** What was read to its end leaves nothing to throw away. */
export function tellRead(exchange: Exchange, { status, headers, body }: SenderAnswer): Response {
  return answer(exchange, body, { status, headers });
}

/** Where the sender may come again, when: after midnight UTC. */
export function tellFullDay(exchange: Exchange, { fullDay }: Answers): Promise<Response> {
  exchange.notes.refusalReason = "day_full";
  const isLater = fullDay.status === 429 || fullDay.status === 503;
  const more = { "Retry-After": String(secondsToMidnight(Date.now())) };
  return answerSender(exchange, fullDay, isLater ? more : {});
}

/** A form's browser goes on with GET (RFC 9110 §15.4.4). */
export function seeOther(exchange: Exchange, location: string): Response {
  // A header takes no letters but ASCII's.
  const { href } = new URL(location);
  return answer(exchange, null, { status: 303, headers: { Location: href } });
}
