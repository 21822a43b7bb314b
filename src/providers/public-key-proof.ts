/** Proofs by a key pair, of which the source holds the public key: its secret is none, but sealed too. */
import { Buffer } from "node:buffer";
import { createPublicKey, createVerify, type KeyObject, verify } from "node:crypto";
import { provenBy } from "./digest-proof.ts";
import type { Proof } from "./provider.ts";
import { firstFitting } from "./signature.ts";

/** RFC 8410 §4: what stands before the 32 bytes of an Ed25519 key in its DER form. */
const ED25519_DER = Buffer.from("302a300506032b6570032100", "hex");

export function ed25519Key(bytes: Uint8Array | undefined): KeyObject | undefined {
  return bytes && keyFrom(Buffer.concat([ED25519_DER, bytes]));
}

/** A key in DER as SubjectPublicKeyInfo; `undefined` if it is none. */
export function keyFrom(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
  } catch {
    // The runtime has no other way to say that these bytes are no key.
    return undefined;
  }
}

export interface PublicKeyed {
  readonly secrets: readonly string[];
  readonly keyOf: (secret: string) => KeyObject | undefined;
  /** What is signed before the body. */
  readonly before: string;
  readonly signatures: readonly Uint8Array[];
}

/** Ed25519 hashes its message twice, so there is no way to check it in pieces. */
export function ed25519Proof({ secrets, keyOf, before, signatures }: PublicKeyed): Proof {
  return {
    needs: "bytes",
    update: () => undefined,
    finish({ bytes = new Uint8Array() }) {
      const message = Buffer.concat([Buffer.from(before), bytes]);
      const proving = firstFitting(secrets, (secret) => {
        const key = keyOf(secret);
        const isGood = (signature: Uint8Array) =>
          key !== undefined && orFalse(() => verify(null, message, key, signature));
        return firstFitting(signatures, isGood) !== undefined;
      });
      return provenBy(proving);
    },
  };
}

/** ECDSA with SHA-256; the signature in DER, as node:crypto takes it. */
export function ecdsaProof({ secrets, keyOf, before, signatures }: PublicKeyed): Proof {
  const running = secrets.map((secret) => {
    const check = createVerify("sha256");
    check.update(before);
    return { secret, key: keyOf(secret), check };
  });
  const [signature = new Uint8Array()] = signatures;
  return {
    needs: "pieces",
    update(piece) {
      for (const { check } of running) check.update(piece);
    },
    finish() {
      const proving = firstFitting(
        running,
        ({ key, check }) => key !== undefined && orFalse(() => check.verify(key, signature)),
      );
      return provenBy(proving?.secret);
    },
  };
}

/** A signature that is no point of the curve may be told by throwing; it is a wrong one. */
function orFalse(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
