/** Reading what a sender signed with, and comparing it without telling by time how much was right. */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { accepted, refused, type Result } from "../refusal.ts";
import type { ProofFault, ProofRequest } from "./provider.ts";
import type { Algorithm, Encoding } from "./settings.ts";

export const DIGEST_BYTES: Readonly<Record<Algorithm, number>> = {
  sha1: 20,
  sha256: 32,
  sha512: 64,
};

/** So many bytes in small hex; capitals are no sender's own spelling. */
export function fromHex(text: string, bytes: number): Uint8Array | undefined {
  const isHex = text.length === 2 * bytes && /^[0-9a-f]*$/.test(text);
  return isHex ? Buffer.from(text, "hex") : undefined;
}

/** So many bytes in base64 with its padding: there is one spelling of a signature, and no second. */
export function fromBase64(text: string, bytes?: number): Uint8Array | undefined {
  const decoded = Buffer.from(text, "base64");
  const isWhole = bytes === undefined ? decoded.length > 0 : decoded.length === bytes;
  return isWhole && decoded.toString("base64") === text ? decoded : undefined;
}

export interface Writing {
  readonly algorithm: Algorithm;
  readonly encoding: Encoding;
  readonly prefix?: string;
}

/** A digest as its sender writes it: a fixed prefix, then hex or base64 of the right length. */
export function readDigest(
  text: string,
  { algorithm, encoding, prefix = "" }: Writing,
): Uint8Array | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const written = text.slice(prefix.length);
  const read = encoding === "hex" ? fromHex : fromBase64;
  return read(written, DIGEST_BYTES[algorithm]);
}

/** A header that must be there. An empty one is as good as none. */
export function headerOf({ headers }: ProofRequest, name: string): Result<string, ProofFault> {
  const value = headers.get(name) ?? "";
  return value === "" ? refused("missing") : accepted(value);
}

/** A secret that comes in a header itself, whose margins the way there strips. */
export function headerSecretProblem(secret = ""): string | undefined {
  if (secret === "") return "is required";
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(secret)
    ? undefined
    : "must be visible ASCII characters: it comes in a header, which takes no others";
}

/** The one digest of a header. Two of them arrive joined by a comma, which no encoding has. */
export function digestIn(
  request: ProofRequest,
  header: string,
  writing: Writing,
): Result<readonly Uint8Array[], ProofFault> {
  const value = headerOf(request, header);
  if (!value.ok) return value;
  const digest = readDigest(value.value, writing);
  return digest === undefined ? refused("malformed") : accepted([digest]);
}

/** Unix seconds or milliseconds that are digits alone; `undefined` for anything else. */
export function readTime(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Whether a time, in unix seconds, is too far from now on either side. */
export function isStale(time: number, now: number, toleranceSeconds: number): boolean {
  return !(Math.abs(now - time) <= toleranceSeconds);
}

/** A header that holds a time in unix seconds, fresh, as it was written. */
export function freshTimeIn(
  request: ProofRequest,
  header: string,
  toleranceSeconds = DEFAULT_TOLERANCE_SECONDS,
): Result<string, ProofFault> {
  const text = headerOf(request, header);
  if (!text.ok) return text;
  const time = readTime(text.value);
  if (time === undefined) return refused("malformed");
  const { settings, now } = request;
  return isStale(time, now, settings.tolerance_seconds ?? toleranceSeconds)
    ? refused("stale")
    : text;
}

export const DEFAULT_TOLERANCE_SECONDS = 300;

/** For secrets of any length: compared are their digests, which say nothing of how much was right. */
export function isSame(left: string | Uint8Array, right: string | Uint8Array): boolean {
  return timingSafeEqual(sha256(left), sha256(right));
}

function sha256(content: string | Uint8Array): Uint8Array {
  return createHash("sha256").update(content).digest();
}

/**
 * The first of the candidates that fits. All are tried, however early one fits, so that the time
 * says nothing of which secret was used.
 */
export function firstFitting<Candidate>(
  candidates: readonly Candidate[],
  fits: (candidate: Candidate) => boolean,
): Candidate | undefined {
  return candidates.filter((candidate) => fits(candidate))[0];
}

/** Whether any of these is the wanted digest, all of them compared. Its length is no secret. */
export function isAmong(wanted: Uint8Array, signatures: readonly Uint8Array[]): boolean {
  const isWanted = (each: Uint8Array) =>
    each.length === wanted.length && timingSafeEqual(each, wanted);
  return firstFitting(signatures, isWanted) !== undefined;
}
