/** Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks */
import { createHash, createHmac } from "node:crypto";
import type { Fields } from "../invocation/fields.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { answersWith, badSignature, DEFAULT_ANSWERS } from "./answers.ts";
import { objectIn, textIn, userFrom } from "./found.ts";
import {
  defineProvider,
  type Proof,
  type ProofFault,
  type ProofRequest,
  type Proven,
} from "./provider.ts";
import { oneDelivery } from "./reading.ts";
import { oneLine, quoted, sentence } from "./sentence.ts";
import { TOLERANCE_ALONE } from "./settings.ts";
import { DEFAULT_TOLERANCE_SECONDS, firstFitting, fromHex, isAmong, isStale } from "./signature.ts";

interface Signature {
  readonly timestamp: string;
  readonly token: string;
  readonly signature: Uint8Array;
}

/** In an object of its own (events), or among the other fields of a form (mail that came in). */
function signatureIn(fields: Fields): Result<Signature, ProofFault> {
  const own = objectIn(fields, "signature");
  const from = own.size > 0 ? own : fields;
  const timestamp = textIn(from, "timestamp");
  const token = textIn(from, "token");
  const text = textIn(from, "signature");
  if (timestamp === undefined || token === undefined || text === undefined) {
    return refused("missing");
  }
  const signature = fromHex(text, 32);
  // The two are signed without a joint: a digit that moved to the other would make a new token.
  const isWhole = /^\d{10}$/.test(timestamp) && /^[\x21-\x7e]{1,128}$/.test(token);
  return signature !== undefined && isWhole
    ? accepted({ timestamp, token, signature })
    : refused("malformed");
}

/**
 * The signature does not cover the event, so whoever has seen one could send any event with it: its
 * token is given out as a claim, good for this body alone.
 */
function beginProof({ secrets, settings, now }: ProofRequest): Result<Proof, ProofFault> {
  const body = createHash("sha256");
  const tolerance = settings.tolerance_seconds ?? DEFAULT_TOLERANCE_SECONDS;
  return accepted({
    needs: "fields",
    update: (piece) => void body.update(piece),
    finish({ fields = new Map() }): Result<Proven, ProofFault> {
      const read = signatureIn(fields);
      if (!read.ok) return read;
      const { timestamp, token, signature } = read.value;
      if (isStale(Number(timestamp), now, tolerance)) return refused("stale");
      const secret = firstFitting(secrets, (each) =>
        isAmong(createHmac("sha256", each).update(timestamp).update(token).digest(), [signature]),
      );
      if (secret === undefined) return refused("wrong");
      return accepted({ secret, claim: { token, bodyHash: body.digest("hex") } });
    },
  });
}

/** An event about mail that was sent, or a mail that came in. */
function promptFor(event: string, fields: Fields): string {
  const mail = textIn(fields, "stripped-text", "body-plain", "subject");
  const to = textIn(fields, "event-data.recipient");
  return (
    mail ??
    sentence(`Mailgun reports the event ${quoted(event)}`, to && `for mail to ${oneLine(to)}`)
  );
}

export const mailgun = defineProvider({
  name: "mailgun",
  settings: TOLERANCE_ALONE,
  // Whatever is neither 200 nor 406 comes again for hours.
  answers: answersWith(DEFAULT_ANSWERS.success, { badSignature: badSignature(406) }),
  beginProof,
  read({ fields }) {
    const event = textIn(fields, "event-data.event", "event") ?? "inbound";
    const signature = objectIn(fields, "signature");
    return oneDelivery({
      id: textIn(signature.size > 0 ? signature : fields, "token"),
      event,
      conversation: textIn(fields, "sender"),
      user: userFrom({ email: textIn(fields, "sender", "event-data.recipient") }),
      prompt: promptFor(event, fields),
      fields,
    });
  },
});
