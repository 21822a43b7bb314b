/** Secrets at rest: what waits on disk is sealed, and useless without `GATEWAY_SECRET`. */
import { CompactEncrypt, compactDecrypt } from "jose";
import { deriveKey } from "./derived-key.ts";
import { MAX_SEALED_KEYS_IN_MEMORY } from "./limits.ts";

export interface Opened {
  readonly text: string;
  /** It was sealed with the previous secret: to be sealed anew. */
  readonly isStale: boolean;
}

export interface Seal {
  /** A JWE (RFC 7516, compact): `dir`, A256GCM, by jose, which gets nonces and tags right. */
  close(text: string): Promise<string>;
  /** The same for an API key, which comes with every task: sealed once an isolate. */
  closeKey(apiKey: string): Promise<string>;
  /** Throws `SealBroken` if none of the secrets has sealed it. */
  open(jwe: string): Promise<Opened>;
}

/** Sealed with another secret, or not by us. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}

const HEADER = { alg: "dir", enc: "A256GCM" };

/** Of `secrets` the first seals; all of them open. */
export function createSeal(secrets: readonly string[]): Seal {
  // Imported once: jose would do it again for every seal.
  const keys = secrets.map((secret) => importKey(secret));
  const sealed = new Map<string, Promise<string>>();

  const close = async (text: string): Promise<string> => {
    const [present] = keys;
    if (present === undefined) throw new Error("sealing needs a secret");
    const plain = new TextEncoder().encode(text);
    return new CompactEncrypt(plain).setProtectedHeader(HEADER).encrypt(await present);
  };

  return {
    close,

    closeKey(apiKey) {
      const known = sealed.get(apiKey) ?? close(apiKey);
      if (sealed.size >= MAX_SEALED_KEYS_IN_MEMORY) sealed.clear();
      sealed.set(apiKey, known);
      known.catch(() => sealed.delete(apiKey));
      return known;
    },

    async open(jwe) {
      for (const [age, key] of keys.entries()) {
        try {
          const { plaintext } = await compactDecrypt(jwe, await key, {
            keyManagementAlgorithms: [HEADER.alg],
            contentEncryptionAlgorithms: [HEADER.enc],
          });
          return { text: new TextDecoder().decode(plaintext), isStale: age > 0 };
        } catch {
          // The next one may have.
        }
      }
      throw new SealBroken("none of the secrets has sealed it");
    },
  };
}

function importKey(secret: string): Promise<CryptoKey> {
  const key = deriveKey(secret, "sealing");
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
}
