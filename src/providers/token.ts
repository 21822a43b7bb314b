/** A sender that sends the secret itself, in a header or in its address: Zapier, and many forms. */
import * as z from "zod/mini";
import { accepted, refused, type Result } from "../refusal.ts";
import { defineProvider, type ProofFault, type ProofRequest } from "./provider.ts";
import { readAnything } from "./reading.ts";
import {
  type Contradiction,
  type Settings,
  settingFields,
  withoutContradictions,
} from "./settings.ts";
import { headerOf } from "./signature.ts";
import { tokenProof } from "./token-proof.ts";

const fields = z.strictObject({
  header: z.optional(settingFields.header),
  query: z.optional(settingFields.query),
  prefix: z.optional(settingFields.prefix),
  id_header: z.optional(settingFields.id_header),
});

function contradictions({ header, query, prefix }: Settings): readonly Contradiction[] {
  if (header === undefined && query === undefined) return [["header", "or query is required"]];
  if (header !== undefined && query !== undefined) {
    return [["query", "must not be set beside header: the token comes in one place"]];
  }
  return prefix !== undefined && header === undefined
    ? [["prefix", "is of no use without header"]]
    : [];
}

function tokenIn(request: ProofRequest): Result<string, ProofFault> {
  const { header, query, prefix = "" } = request.settings;
  if (header === undefined) return parameterOf(request.address, query ?? "token");
  const value = headerOf(request, header);
  if (!value.ok) return value;
  return value.value.startsWith(prefix)
    ? accepted(value.value.slice(prefix.length))
    : refused("malformed");
}

/** Once: of two, one could be the sender's and one somebody else's. */
function parameterOf(address: string, name: string): Result<string, ProofFault> {
  const query = address.indexOf("?");
  const parameters = new URLSearchParams(query < 0 ? "" : address.slice(query + 1));
  const [value = "", ...more] = parameters.getAll(name);
  if (more.length > 0) return refused("malformed");
  return value === "" ? refused("missing") : accepted(value);
}

export const token = defineProvider({
  name: "token",
  isVerified: false,
  namesEvents: false,
  settings: withoutContradictions(fields, contradictions),
  beginProof(request) {
    const sent = tokenIn(request);
    return sent.ok ? tokenProof(sent.value, request.secrets) : sent;
  },
  read: readAnything,
});
