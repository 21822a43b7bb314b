/** Asking the platform whether a key may run an agent, and remembering what it said. */
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { RIGHT_FRESH_MS } from "../../limits.ts";
import { accepted, type Result } from "../../refusal.ts";
import { type Admission, type Caller, PlatformOutage } from "../platform.ts";
import type { Acceptance, Acceptances } from "./acceptances.ts";
import { callPlatform } from "./call.ts";
import { within } from "../deadline.ts";

export interface Admit {
  (agentId: string | undefined, caller: Caller): Promise<Result<Admission>>;
}

export interface AdmitOptions {
  /** The platform's. */
  readonly origin: string;
  readonly acceptances: Acceptances;
  readonly timeoutSeconds: number;
}

export function createAdmit({ origin, acceptances, timeoutSeconds }: AdmitOptions): Admit {
  return async (agentId, caller) => {
    const now = Date.now();
    const known = await acceptances.find(caller.apiKey, agentId, now);
    if (known !== undefined && isFresh(known, agentId, now)) return accepted(known);
    try {
      const organisation = await within(
        timeoutSeconds,
        askFor({ origin, acceptances }, agentId, caller),
      );
      if (organisation.ok) {
        const acceptance = { organisation: organisation.value, at: now };
        await acceptances.remember(caller.apiKey, agentId, acceptance);
        if (agentId !== undefined) await acceptances.remember(caller.apiKey, undefined, acceptance);
        return accepted(acceptance);
      }
      if (organisation.refusal.reason !== "rate_limited") {
        await acceptances.forget(caller.apiKey, agentId);
        return organisation;
      }
      return known === undefined ? organisation : accepted(known);
    } catch (thrown) {
      if (!(thrown instanceof PlatformOutage)) throw thrown;
      if (known !== undefined) return accepted(known);
      throw new PlatformOutage("platform_unreachable", thrown.why);
    }
  };
}

/** A key's organisation holds for as long as it is remembered, its right to an agent for less. */
function isFresh({ at }: Acceptance, agentId: string | undefined, now: number): boolean {
  return agentId === undefined || now - at < RIGHT_FRESH_MS;
}

const agentSchema = z.object({ organization_id: z.string().check(z.minLength(1)) });
const agentsSchema = z.object({ items: z.array(agentSchema) });

interface Asking {
  readonly origin: string;
  readonly acceptances: Acceptances;
}

async function askFor(
  { origin, acceptances }: Asking,
  agentId: string | undefined,
  caller: Caller,
): Promise<Result<string>> {
  const path = agentId === undefined ? "/v1/agents?per_page=1" : `/v1/agents/${agentId}`;
  const reply = await callPlatform(origin + path, caller, { method: "GET" });
  if (!reply.ok) return reply;
  const organisation = organisationIn(reply.value, agentId);
  return accepted(pathSafe(organisation ?? (await acceptances.pseudonym(caller.apiKey))));
}

/** `undefined` for a key without a single agent: its files are its own all the same. */
function organisationIn(text: string, agentId: string | undefined): string | undefined {
  const json = parsed(text);
  const agents =
    agentId === undefined
      ? agentsSchema.safeParse(json).data?.items
      : [agentSchema.safeParse(json).data];
  if (agents === undefined || agents.includes(undefined)) {
    throw new PlatformOutage("platform_failed", "reply is no agent");
  }
  return agents[0]?.organization_id;
}

/** Organisations are part of a file's address; what could not stand there is hashed. */
function pathSafe(organisation: string): string {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(organisation)) return organisation;
  return createHash("sha256").update(organisation).digest("hex").slice(0, 32);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
