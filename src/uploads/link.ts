/** The links under which agents find files (contract §3.1). */
import { errors, jwtVerify, SignJWT } from "jose";
import { deriveKey } from "../derived-key.ts";
import { LINK_DAYS } from "../limits.ts";

/** A file's place: `files/{organisation}/{upload}/{n}` is its key in the store. */
export interface FilePlace {
  readonly key: string;
  readonly name: string;
}

export interface Links {
  /** An address under `origin` (no slash at its end) that opens the file for exactly 30 days from `uploadedAt` (unix milliseconds). */
  sign(origin: string, place: FilePlace, uploadedAt: number): Promise<string>;
  /** Whether `token` opens this file at `now`, and no other one. */
  check(token: string, place: FilePlace, now: number): Promise<"valid" | "expired" | "invalid">;
}

const DAY_SECONDS = 24 * 60 * 60;
const ALGORITHM = "HS256";

/**
 * Tokens are JWTs (RFC 7519) whose subject is one path; jose signs and checks them. Of `secrets`
 * the first signs; links of the others still open.
 */
export function createLinks(secrets: readonly string[]): Links {
  const keys = secrets.map((secret) => deriveKey(secret, "links"));
  return {
    async sign(origin, { key, name }, uploadedAt) {
      const [present] = keys;
      if (present === undefined) throw new Error("links need a secret");
      const token = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM })
        .setSubject(`${key}/${name}`)
        .setExpirationTime(Math.floor(uploadedAt / 1000) + LINK_DAYS * DAY_SECONDS)
        .sign(present);
      return `${origin}/${key}/${encodeURIComponent(name)}?token=${token}`;
    },

    async check(token, { key, name }, now) {
      if (!WRITTEN_ONE_WAY.test(token)) return "invalid";
      for (const secret of keys) {
        try {
          await jwtVerify(token, secret, {
            algorithms: [ALGORITHM],
            subject: `${key}/${name}`,
            requiredClaims: ["exp"],
            currentDate: new Date(now),
          });
          return "valid";
        } catch (thrown) {
          // The signature is checked before the claims: who sees this has had a link to the file.
          if (thrown instanceof errors.JWTExpired) return "expired";
        }
      }
      return "invalid";
    },
  };
}

/**
 * 32 bytes in base64url: two bits of the last character mean nothing, and a reader may pass over
 * padding and white space. Only what we wrote is ours.
 */
const WRITTEN_ONE_WAY = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;
