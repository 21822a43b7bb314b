/** HMAC-SHA256 of `{time}{joint}{body}`, time and signatures in one header: Stripe's, and Paddle's. */
import { accepted, refused, type Result } from "../refusal.ts";
import { hmacProof } from "./digest-proof.ts";
import type { ProofFault, Provider } from "./provider.ts";
import { DEFAULT_TOLERANCE_SECONDS, fromHex, headerOf, isStale, readTime } from "./signature.ts";

export interface TimedListOptions {
  readonly header: string;
  /** Between the pairs of the header. */
  readonly separator: string;
  /** The names that time and signature have in it. There may be several signatures, in hex. */
  readonly time: string;
  readonly signature: string;
  /** Between the time and the body, where they are signed. */
  readonly joint: string;
  readonly toleranceSeconds?: number;
}

interface TimedList {
  readonly time: string;
  readonly signatures: readonly Uint8Array[];
}

export function timedListHmac(options: TimedListOptions): Provider["beginProof"] {
  const { header, joint, toleranceSeconds = DEFAULT_TOLERANCE_SECONDS } = options;
  return function beginTimedList(request) {
    const value = headerOf(request, header);
    if (!value.ok) return value;
    const list = readTimedList(value.value, options);
    if (!list.ok) return list;
    const { secrets, settings, now } = request;
    const { time, signatures } = list.value;
    const isOld = isStale(Number(time), now, settings.tolerance_seconds ?? toleranceSeconds);
    if (isOld) return refused("stale");
    const before = `${time}${joint}`;
    return accepted(hmacProof({ secrets, algorithm: "sha256", before, signatures }));
  };
}

/** Schemes of other names are ignored, as the senders ask; two times, or half a signature, are not. */
function readTimedList(text: string, options: TimedListOptions): Result<TimedList, ProofFault> {
  const times: string[] = [];
  const signatures: (Uint8Array | undefined)[] = [];
  for (const pair of text.split(options.separator)) {
    // A header that came twice is joined by a comma and a space.
    const [name, value = ""] = pair.trim().split("=", 2);
    if (name === options.time) times.push(value);
    if (name === options.signature) signatures.push(fromHex(value, 32));
  }
  const [time = "", ...more] = times;
  const whole = signatures.filter((signature) => signature !== undefined);
  const isMalformed =
    more.length > 0 || readTime(time) === undefined || whole.length < signatures.length;
  return isMalformed || whole.length === 0
    ? refused("malformed")
    : accepted({ time, signatures: whole });
}
