/** Who asks about an agent's sources: the key must be one that may run the agent. */
import { isAgentId } from "../../invocation/parameter-schemas.ts";
import { queryOf } from "../../invocation/query.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import { credentials } from "../credentials.ts";
import type { Exchange } from "../exchange.ts";

export interface Owner {
  readonly agentId: string;
  readonly organisation: string;
  readonly apiKey: string;
}

export async function readOwner(exchange: Exchange): Promise<Result<Owner>> {
  exchange.notes.channel = "sources";
  const apiKey = credentials(exchange.headers, queryOf(exchange.url));
  if (apiKey === "") return refused({ reason: "api_key_missing" });
  const agentId = exchange.context.req.param("agent_id");
  if (!isAgentId(agentId)) return refused({ reason: "agent_not_found" });
  exchange.notes.agentId = agentId;
  const admission = await exchange.rooms.platform.admit(agentId, { apiKey });
  if (!admission.ok) return admission;
  return accepted({ agentId, apiKey, organisation: admission.value.organisation });
}

export interface NamedOwner extends Owner {
  readonly name: string;
}

/** The same for the routes of one source. */
export async function readNamedOwner(exchange: Exchange): Promise<Result<NamedOwner>> {
  const owner = await readOwner(exchange);
  if (!owner.ok) return owner;
  const name = exchange.context.req.param("name") ?? "";
  if (!isSourceName(name)) return refused(NO_SUCH_SOURCE);
  return accepted({ ...owner.value, name });
}

export const NO_SUCH_SOURCE: Refusal = { reason: "source_not_found" };

/** 1–64 of `A-Z a-z 0-9 _ -`. */
export function isSourceName(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}
