/** `/hooks/{agent_id}/{name}`: what a configured sender calls (contract §4). */
import type { Source } from "../../agent-desk/source.ts";
import { isAgentId } from "../../invocation/parameter-schemas.ts";
import { queryOf } from "../../invocation/query.ts";
import { UNKNOWN_SOURCE_MS } from "../../limits.ts";
import { answer, answerSender, refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
import { deliver } from "./deliver.ts";
import { corsHeaders, deliveryPermission, isFromAllowed, preflightHeaders } from "./doors.ts";
import { noteOne } from "./note.ts";
import { isSourceName, NO_SUCH_SOURCE } from "./owner.ts";
import { refuseUnproven } from "./unproven.ts";

export async function hook(exchange: Exchange): Promise<Response> {
  exchange.notes.channel = "sources";
  const askedAt = Date.now();
  const source = await findSource(exchange);
  if (source === undefined) return refuseUnknown(exchange, askedAt);
  exchange.notes.trouble = source.provider.answers.trouble;
  const { headers } = exchange;
  const cors = corsHeaders(source, headers);
  if (cors !== undefined) exchange.notes.answerHeaders = cors;
  if (!isFromAllowed(source, headers)) {
    return refuseUnproven(exchange, source, {
      why: "not allowed",
      refusal: { reason: "sender_not_allowed" },
    });
  }
  return answerMethod(exchange, source);
}

function answerMethod(exchange: Exchange, source: Source): Response | Promise<Response> {
  const { method } = exchange.request;
  const { methods } = source.provider;
  if (method === "POST") return deliver(exchange, source);
  const permission = deliveryPermission(source, exchange.headers);
  if (method === "OPTIONS" && permission !== undefined) {
    return answer(exchange, null, { headers: { Allow: "POST", ...permission } });
  }
  if (method === "OPTIONS" && source.settings.allowed_origins !== undefined) {
    return answer(exchange, null, { status: 204, headers: preflightHeaders(exchange.headers) });
  }
  if (methods.some((each) => each === method)) return greet(exchange, source);
  return refuse(exchange, { reason: "method_not_allowed", allow: [...methods, "POST"].join(", ") });
}

async function findSource(exchange: Exchange): Promise<Source | undefined> {
  const { agent_id: agentId, name = "" } = exchange.context.req.param();
  if (!isAgentId(agentId) || !isSourceName(name)) return undefined;
  // Whose it was is worth a line even where it cannot be read.
  exchange.notes.agentId = agentId;
  return exchange.rooms.desks.find({ agentId, name });
}

/**
 * One answer for an unknown agent and an unknown name, and one time: a desk that is awake finds out
 * sooner than one that nobody has ever asked for.
 */
async function refuseUnknown(exchange: Exchange, askedAt: number): Promise<Response> {
  const leftMs = askedAt + UNKNOWN_SOURCE_MS - Date.now();
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
  return refuse(exchange, NO_SUCH_SOURCE);
}

/** A handshake that comes as GET or HEAD. */
async function greet(exchange: Exchange, source: Source): Promise<Response> {
  const { provider, verifyToken } = source;
  const told = provider.greet(
    queryOf(exchange.url),
    verifyToken === undefined ? [] : [verifyToken],
  );
  if (told.status >= 400) return refuseUnproven(exchange, source, { why: "wrong", told });
  noteOne(exchange, source, { outcome: "handshake", status: told.status });
  return answerSender(exchange, told);
}
