/** SendGrid's events: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event */
import type { Fields } from "../invocation/fields.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { textIn, userFrom } from "./found.ts";
import {
  defineProvider,
  type Delivery,
  type Proof,
  type ProofFault,
  type ProofRequest,
} from "./provider.ts";
import { ecdsaProof, keyFrom } from "./public-key-proof.ts";
import { readBatch } from "./reading.ts";
import { oneLine, quoted, sentence } from "./sentence.ts";
import { fromBase64, headerOf, readTime } from "./signature.ts";

function publicKey(secret: string) {
  const der = fromBase64(secret);
  const key = der && keyFrom(der);
  return key?.asymmetricKeyType === "ec" ? key : undefined;
}

function beginProof(request: ProofRequest): Result<Proof, ProofFault> {
  const text = headerOf(request, "x-twilio-email-event-webhook-signature");
  if (!text.ok) return text;
  const time = headerOf(request, "x-twilio-email-event-webhook-timestamp");
  if (!time.ok) return time;
  const signature = fromBase64(text.value);
  // Time and body are signed without a joint: only digits cannot have been taken from the body.
  if (signature === undefined || readTime(time.value) === undefined) return refused("malformed");
  const { secrets } = request;
  return accepted(
    ecdsaProof({ secrets, keyOf: publicKey, before: time.value, signatures: [signature] }),
  );
}

function readEvent(event: Fields): Delivery | undefined {
  const name = textIn(event, "event");
  if (name === undefined) return undefined;
  const email = textIn(event, "email");
  return {
    id: textIn(event, "sg_event_id"),
    event: name,
    runsByDefault: true,
    user: userFrom({ email }),
    prompt: sentence(
      `SendGrid reports the event ${quoted(name)}`,
      email && `for mail to ${oneLine(email)}`,
    ),
    fields: event,
  };
}

export const sendgrid = defineProvider({
  name: "sendgrid",
  secretProblem: (secret = "") =>
    publicKey(secret) === undefined ? "must be the verification key, in base64" : undefined,
  beginProof,
  read: ({ fields }) => readBatch(fields, readEvent),
});
