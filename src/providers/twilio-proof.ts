/** Twilio's signature: https://www.twilio.com/docs/usage/webhooks/webhooks-security */
import { createHash, createHmac } from "node:crypto";
import { MAX_SIGNED_FORM_FIELDS } from "../limits.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { provenBy } from "./digest-proof.ts";
import type { Proof, ProofFault, ProofRequest } from "./provider.ts";
import { digestIn, firstFitting, isAmong, isSame } from "./signature.ts";

const ADDRESS = /^(https?):\/\/(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d*))?(.*)$/is;

/** As registered, without a port, and with one: Twilio has signed each of them in its time. */
function spellings(address: string): readonly string[] {
  const [, scheme = "https", host, port, rest = ""] = ADDRESS.exec(address) ?? [];
  if (host === undefined) return [address];
  const usual = scheme.toLowerCase() === "https" ? "443" : "80";
  const withPort = `${scheme}://${host}:${port || usual}${rest}`;
  return [address, `${scheme}://${host}${rest}`, withPort];
}

/** Names in order, each with its values in order and without doubles, nothing between them. */
function joined(form: string): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(form)) {
    const known = values.get(name);
    if (known === undefined) values.set(name, new Set([value]));
    else known.add(value);
  }
  return [...values.keys()]
    .toSorted()
    .flatMap((name) => [...(values.get(name) ?? [])].toSorted().map((value) => name + value))
    .join("");
}

/** Nobody has proven anything yet, so a form of millions of fields is not even taken apart. */
function hasTooManyFields(form: string): boolean {
  return form.split("&", MAX_SIGNED_FORM_FIELDS + 1).length > MAX_SIGNED_FORM_FIELDS;
}

/** What follows the address where it is signed; `undefined` if the body is not the one it names. */
function signedBody(address: string, bytes: Uint8Array): string | undefined {
  const query = address.indexOf("?");
  const hash = new URLSearchParams(query < 0 ? "" : address.slice(query + 1)).get("bodySHA256");
  // Without a hash every body is taken for a form, so that none goes unsigned.
  if (hash === null) {
    const form = UTF8.decode(bytes);
    return hasTooManyFields(form) ? undefined : joined(form);
  }
  const isWhole = isSame(hash.toLowerCase(), createHash("sha256").update(bytes).digest("hex"));
  return isWhole ? "" : undefined;
}

const UTF8 = new TextDecoder();

export function beginTwilioProof(request: ProofRequest): Result<Proof, ProofFault> {
  const signatures = digestIn(request, "x-twilio-signature", {
    algorithm: "sha1",
    encoding: "base64",
  });
  if (!signatures.ok) return signatures;
  const { address, secrets } = request;
  return accepted({
    needs: "bytes",
    update: () => undefined,
    finish({ bytes = new Uint8Array() }) {
      const end = signedBody(address, bytes);
      if (end === undefined) return refused("wrong");
      const texts = spellings(address).map((spelling) => spelling + end);
      const proving = firstFitting(secrets, (secret) => {
        const isSigned = (text: string) =>
          isAmong(createHmac("sha1", secret).update(text).digest(), signatures.value);
        return firstFitting(texts, isSigned) !== undefined;
      });
      return provenBy(proving);
    },
  });
}
