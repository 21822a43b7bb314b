import { createHash } from "node:crypto";

/** In hex, of the text's UTF-8. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
