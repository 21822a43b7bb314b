/** `/hooks/{agent_id}/{name}`: what a configured sender calls (contract §4). */
import type { Context } from "hono";
import type { Source } from "../../agent-desk/source.ts";
import { isAgentId } from "../../invocation/parameter-schemas.ts";
import { queryOf } from "../../invocation/query.ts";
import { UNKNOWN_SOURCE_MS } from "../../limits.ts";
import { answer, answerSender, refuse } from "../respond.ts";
import type { AppEnv } from "../variables.ts";
import { deliver } from "./deliver.ts";
import { corsHeaders, deliveryPermission, isFromAllowed, preflightHeaders } from "./doors.ts";
import { noteOne } from "./note.ts";
import { isSourceName, NO_SUCH_SOURCE } from "./owner.ts";
import { refuseUnproven } from "./unproven.ts";

export async function hook(c: Context<AppEnv>): Promise<Response> {
  c.get("notes").channel = "sources";
  const askedAt = Date.now();
  const source = await findSource(c);
  if (source === undefined) return refuseUnknown(c, askedAt);
  c.get("notes").agentId = source.agentId;
  c.get("notes").trouble = source.provider.answers.trouble;
  const { headers } = c.req.raw;
  const cors = corsHeaders(source, headers);
  if (cors !== undefined) c.get("notes").answerHeaders = cors;
  if (!isFromAllowed(source, headers)) {
    return refuseUnproven(c, source, {
      why: "not allowed",
      refusal: { reason: "sender_not_allowed" },
    });
  }
  return answerMethod(c, source);
}

function answerMethod(c: Context<AppEnv>, source: Source): Response | Promise<Response> {
  const { method } = c.req;
  const { methods } = source.provider;
  if (method === "POST") return deliver(c, source);
  const permission = deliveryPermission(source, c.req.raw.headers);
  if (method === "OPTIONS" && permission !== undefined) {
    return answer(c, null, { headers: { Allow: "POST", ...permission } });
  }
  if (method === "OPTIONS" && source.settings.allowed_origins !== undefined) {
    return answer(c, null, { status: 204, headers: preflightHeaders(c.req.raw.headers) });
  }
  if (methods.some((each) => each === method)) return greet(c, source);
  return refuse(c, { reason: "method_not_allowed", allow: [...methods, "POST"].join(", ") });
}

async function findSource(c: Context<AppEnv>): Promise<Source | undefined> {
  const { agent_id: agentId, name = "" } = c.req.param();
  if (!isAgentId(agentId) || !isSourceName(name)) return undefined;
  return c.get("rooms").desks.find({ agentId, name });
}

/**
 * One answer for an unknown agent and an unknown name, and one time: a desk that is awake finds out
 * sooner than one that nobody has ever asked for.
 */
async function refuseUnknown(c: Context<AppEnv>, askedAt: number): Promise<Response> {
  const leftMs = askedAt + UNKNOWN_SOURCE_MS - Date.now();
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
  return refuse(c, NO_SUCH_SOURCE);
}

/** A handshake that comes as GET or HEAD. */
async function greet(c: Context<AppEnv>, source: Source): Promise<Response> {
  const { provider, verifyToken } = source;
  const told = provider.greet(queryOf(c.req.url), verifyToken === undefined ? [] : [verifyToken]);
  if (told.status >= 400) return refuseUnproven(c, source, { why: "wrong", told });
  noteOne(c, source, { outcome: "handshake", status: told.status });
  return answerSender(c, told);
}
