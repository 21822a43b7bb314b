/** Which keys the platform has accepted (contract §2.1): in memory first, then in KV. */
import * as z from "zod/mini";
import { ACCEPTANCE_MS, MAX_ACCEPTANCES_IN_MEMORY } from "../../limits.ts";

/** One acceptance; `at` is when the platform said so, in unix milliseconds. */
export interface Acceptance {
  readonly organisation: string;
  readonly at: number;
}

/** By key and agent, or by key alone. A key is only ever kept as its HMAC. */
export interface Acceptances {
  /** At most 24 hours old. */
  find(apiKey: string, agentId: string | undefined, now: number): Promise<Acceptance | undefined>;
  remember(apiKey: string, agentId: string | undefined, acceptance: Acceptance): Promise<void>;
  /**
   * The platform has said no: nothing is found for the key until it has accepted it again. KV is
   * written only if it holds an acceptance, so that wrong keys cost no writes.
   */
  forget(apiKey: string, agentId: string | undefined): Promise<void>;
  /** A name for the key that nobody can find it by: 32 hex digits. */
  pseudonym(apiKey: string): Promise<string>;
}

export interface AcceptancesOptions {
  readonly namespace: KVNamespace;
  /** For the HMAC. */
  readonly hmacKey: Uint8Array;
  /** Distinguishes one platform's keys from another's. */
  readonly origin: string;
}

const acceptanceSchema = z.object({ organisation: z.string(), at: z.number() });

/**
 * Memory is the isolate's own, and bounded. KV is eventually consistent: a refusal is forgotten
 * here at once, elsewhere within a minute, and holds for ten minutes at most anyway.
 */
export function createAcceptances(options: AcceptancesOptions): Acceptances {
  const { namespace, hmacKey, origin } = options;
  const memory = new Map<string, Acceptance | typeof REFUSED>();
  // By Web Crypto: an Hmac of node:crypto is a stream, and each task comes with its key.
  const key = crypto.subtle.importKey("raw", hmacKey, HMAC, false, ["sign"]);
  const idOf = async (apiKey: string, agentId = "*"): Promise<string> => {
    const text = new TextEncoder().encode(JSON.stringify([origin, apiKey, agentId]));
    return new Uint8Array(await crypto.subtle.sign("HMAC", await key, text)).toHex();
  };

  const keep = (id: string, acceptance: Acceptance | typeof REFUSED): void => {
    const [oldest] = memory.keys();
    if (oldest !== undefined && memory.size >= MAX_ACCEPTANCES_IN_MEMORY) memory.delete(oldest);
    memory.set(id, acceptance);
  };

  return {
    async find(apiKey, agentId, now) {
      const id = await idOf(apiKey, agentId);
      const known = memory.get(id) ?? (await read(namespace, id));
      if (known === undefined || known === REFUSED) return undefined;
      if (now - known.at >= ACCEPTANCE_MS) return undefined;
      keep(id, known);
      return known;
    },

    async remember(apiKey, agentId, acceptance) {
      const id = await idOf(apiKey, agentId);
      keep(id, acceptance);
      const expirationTtl = ACCEPTANCE_MS / 1000;
      // What is not written is asked again: no reason to turn a caller away.
      await namespace.put(id, JSON.stringify(acceptance), { expirationTtl }).catch(() => undefined);
    },

    async forget(apiKey, agentId) {
      const id = await idOf(apiKey, agentId);
      const known = memory.get(id) ?? (await read(namespace, id));
      keep(id, REFUSED);
      if (known !== undefined && known !== REFUSED) {
        await namespace.delete(id).catch(() => undefined);
      }
    },

    pseudonym: async (apiKey) => (await idOf(apiKey, "organisation")).slice(0, 32),
  };
}

const HMAC = { name: "HMAC", hash: "SHA-256" };

const REFUSED = "refused";

async function read(namespace: KVNamespace, id: string): Promise<Acceptance | undefined> {
  const kept = await namespace.get(id, "json").catch(() => null);
  return acceptanceSchema.safeParse(kept).data;
}
