/** Standard Webhooks, and Svix, where they come from: https://www.standardwebhooks.com */
import { accepted, refused, type Result } from "../refusal.ts";
import { hmacProof } from "./digest-proof.ts";
import { textIn } from "./found.ts";
import {
  defineProvider,
  type HeaderLookup,
  type Proof,
  type ProofFault,
  type ProofRequest,
} from "./provider.ts";
import { ed25519Key, ed25519Proof } from "./public-key-proof.ts";
import { idIn, oneDelivery } from "./reading.ts";
import { TOLERANCE_ALONE } from "./settings.ts";
import { freshTimeIn, fromBase64, headerOf } from "./signature.ts";

const SYMMETRIC = "whsec_";
const PUBLIC = "whpk_";

/** `v1,…` is an HMAC, `v1a,…` is Ed25519; versions that are still to come are ignored. */
const ENTRY = /^(v\d{1,3}[a-z]?),([A-Za-z0-9+/]{1,512}={0,2})$/;

interface Signatures {
  readonly v1: readonly Uint8Array[];
  readonly v1a: readonly Uint8Array[];
}

/** The list is parted by spaces; an entry that is none spoils it, since no sender writes one. */
function readSignatures(list: string): Result<Signatures, ProofFault> {
  const v1: Uint8Array[] = [];
  const v1a: Uint8Array[] = [];
  for (const entry of list.split(" ")) {
    const [, version, text = ""] = ENTRY.exec(entry) ?? [];
    if (version === undefined) return refused("malformed");
    if (version !== "v1" && version !== "v1a") continue;
    const signature = fromBase64(text, version === "v1" ? 32 : 64);
    if (signature === undefined) return refused("malformed");
    (version === "v1" ? v1 : v1a).push(signature);
  }
  return v1.length + v1a.length > 0 ? accepted({ v1, v1a }) : refused("malformed");
}

function keyBytes(secret: string): Uint8Array | undefined {
  const text = secret.startsWith(SYMMETRIC) ? secret.slice(SYMMETRIC.length) : secret;
  return fromBase64(text);
}

function isPublic(secret: string): boolean {
  return secret.startsWith(PUBLIC);
}

function publicKey(secret: string) {
  return ed25519Key(fromBase64(secret.slice(PUBLIC.length), 32));
}

/** Of the two names that each header has, one set is used, never a mixture. */
function prefixIn(headers: HeaderLookup): "webhook" | "svix" {
  return headers.get("webhook-id") === null && headers.get("svix-id") !== null ? "svix" : "webhook";
}

interface Signed {
  /** The id and the time, as they are signed before the body. */
  readonly before: string;
  readonly signatures: Signatures;
}

function readHeaders(request: ProofRequest): Result<Signed, ProofFault> {
  const prefix = prefixIn(request.headers);
  const id = headerOf(request, `${prefix}-id`);
  if (!id.ok) return id;
  const list = headerOf(request, `${prefix}-signature`);
  if (!list.ok) return list;
  const time = freshTimeIn(request, `${prefix}-timestamp`);
  if (!time.ok) return time;
  const signatures = readSignatures(list.value);
  if (!signatures.ok) return signatures;
  return accepted({ before: `${id.value}.${time.value}.`, signatures: signatures.value });
}

export function beginStandardProof(request: ProofRequest): Result<Proof, ProofFault> {
  const signed = readHeaders(request);
  if (!signed.ok) return signed;
  const { before, signatures } = signed.value;
  const symmetric = hmacProof({
    secrets: request.secrets.filter((secret) => !isPublic(secret)),
    algorithm: "sha256",
    before,
    signatures: signatures.v1,
    keyOf: (secret) => keyBytes(secret) ?? secret,
  });
  const keys = request.secrets.filter(isPublic);
  if (keys.length === 0) return accepted(symmetric);
  const byKey = { secrets: keys, keyOf: publicKey, before, signatures: signatures.v1a };
  // While one kind of key replaces the other, both are tried.
  return accepted(either(symmetric, ed25519Proof(byKey)));
}

/** `second` says what the body must be given as. */
function either(first: Proof, second: Proof): Proof {
  return {
    needs: second.needs,
    update(piece) {
      first.update(piece);
      second.update(piece);
    },
    finish(body) {
      const [one, other] = [first.finish(body), second.finish(body)];
      return one.ok ? one : other;
    },
  };
}

export function standardSecretProblem(secret = ""): string | undefined {
  if (isPublic(secret)) {
    return publicKey(secret) === undefined ? "must be 32 bytes in base64 after whpk_" : undefined;
  }
  return keyBytes(secret) === undefined ? "must be base64, after whsec_ or bare" : undefined;
}

export const standardWebhooks = defineProvider({
  name: "standard-webhooks",
  settings: TOLERANCE_ALONE,
  secretProblem: standardSecretProblem,
  beginProof: beginStandardProof,
  read: ({ headers, fields }) =>
    oneDelivery({
      id: idIn(headers, `${prefixIn(headers)}-id`),
      event: textIn(fields, "type", "event_type", "eventType") ?? "event",
      fields,
    }),
});

/** Under the name that its makers go by. */
export const svix = { ...standardWebhooks, name: "svix" };
