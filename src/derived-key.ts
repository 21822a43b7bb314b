/** The keys that come from `GATEWAY_SECRET` (contract §5), each for one purpose. */
import { hkdfSync } from "node:crypto";

type Purpose = "links" | "accepted-keys" | "sealing";

const KEY_BYTES = 32;

/** HKDF-SHA-256 (RFC 5869): who has one of the keys has neither another nor the secret. */
export function deriveKey(secret: string, purpose: Purpose): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", `inlet/${purpose}`, KEY_BYTES));
}
