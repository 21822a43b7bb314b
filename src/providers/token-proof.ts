/** Proofs by the secret itself, sent along. */
import { accepted, refused, type Result } from "../refusal.ts";
import type { Proof, ProofFault } from "./provider.ts";
import { firstFitting, isSame } from "./signature.ts";

/** A body does not matter to it any more: whoever knows the secret may send anything. */
export function settledProof(secret: string): Proof {
  return { needs: "pieces", update: () => undefined, finish: () => accepted({ secret }) };
}

/** Told before the body is read, since nothing in it could make a wrong one right. */
export function tokenProof(
  sent: string | Uint8Array,
  secrets: readonly string[],
  expected: (secret: string) => string = (secret) => secret,
): Result<Proof, ProofFault> {
  const secret = firstFitting(secrets, (each) => isSame(sent, expected(each)));
  return secret === undefined ? refused("wrong") : accepted(settledProof(secret));
}
