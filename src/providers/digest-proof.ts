/** Proofs by a digest of the raw body under a shared secret: most senders'. */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { accepted, refused, type Result } from "../refusal.ts";
import type { Proof, ProofFault, ProofRequest, Provider, Proven } from "./provider.ts";
import type { Algorithm } from "./settings.ts";
import { digestIn, firstFitting, freshTimeIn, isAmong, type Writing } from "./signature.ts";

interface Running {
  readonly secret: string;
  readonly digest: Hash | Hmac;
}

export interface Signed {
  readonly signatures: readonly Uint8Array[];
  readonly algorithm: Algorithm;
  /** What is signed before the body, and after it. */
  readonly before?: string;
  readonly after?: string;
}

export interface Keyed extends Signed {
  readonly secrets: readonly string[];
  /** The key that a secret stands for; itself unless said otherwise. */
  readonly keyOf?: (secret: string) => string | Uint8Array;
}

/** HMAC of `before`, the body and `after`, hashed as the body streams by. */
export function hmacProof({
  secrets,
  algorithm,
  before = "",
  keyOf = itself,
  ...rest
}: Keyed): Proof {
  const running = secrets.map((secret) => ({
    secret,
    digest: createHmac(algorithm, keyOf(secret)).update(before),
  }));
  return runningProof(running, rest);
}

/** A plain digest with the secret in front: what was signed with before HMAC was known. */
export function prefixedProof({ secrets, algorithm, before = "", ...rest }: Keyed): Proof {
  const running = secrets.map((secret) => ({
    secret,
    digest: createHash(algorithm).update(secret).update(before),
  }));
  return runningProof(running, rest);
}

function itself(secret: string): string {
  return secret;
}

function runningProof(
  running: readonly Running[],
  { signatures, after = "" }: Pick<Keyed, "signatures" | "after">,
): Proof {
  return {
    needs: "pieces",
    update(piece) {
      for (const { digest } of running) digest.update(piece);
    },
    finish() {
      const proving = firstFitting(running, ({ digest }) =>
        isAmong(digest.update(after).digest(), signatures),
      );
      return provenBy(proving?.secret);
    },
  };
}

export function provenBy(secret: string | undefined): Result<Proven, ProofFault> {
  return secret === undefined ? refused("wrong") : accepted({ secret });
}

export interface HeaderHmac extends Writing {
  /** It holds the signature, and nothing else. */
  readonly header: string;
  /** What is signed before and after the body; nothing, unless said. */
  readonly around?: (request: ProofRequest) => Result<Around, ProofFault>;
}

export type Around = Pick<Keyed, "before" | "after">;

/** A proof of HMAC(secret, body), or of what stands around the body too, in one header. */
export function headerHmac(options: HeaderHmac): Provider["beginProof"] {
  const { header, algorithm, around = nothing } = options;
  return function beginHeaderHmac(request) {
    const signatures = digestIn(request, header, options);
    if (!signatures.ok) return signatures;
    const texts = around(request);
    if (!texts.ok) return texts;
    const { secrets } = request;
    return accepted(
      hmacProof({ secrets, algorithm, signatures: signatures.value, ...texts.value }),
    );
  };
}

function nothing(): Result<Around, ProofFault> {
  return accepted({});
}

/** HMAC-SHA256 in hex of `v0:{time}:{body}`, under `v0=`: Slack's, and Zoom after it. */
export function v0Hmac(header: string, timeHeader: string): Provider["beginProof"] {
  return headerHmac({
    header,
    algorithm: "sha256",
    encoding: "hex",
    prefix: "v0=",
    around(request) {
      const time = freshTimeIn(request, timeHeader);
      return time.ok ? accepted({ before: `v0:${time.value}:` }) : time;
    },
  });
}
