/** Zoom: https://developers.zoom.us/docs/api/webhooks/ */
import { createHmac } from "node:crypto";
import type { Fields } from "../invocation/fields.ts";
import { answersWith, DEFAULT_ANSWERS, emptyAnswer, jsonAnswer } from "./answers.ts";
import { v0Hmac } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import { defineProvider, type HeaderLookup, type Reading } from "./provider.ts";
import { idIn, oneDelivery } from "./reading.ts";
import { oneLine, quoted, sentence, words } from "./sentence.ts";
import { TOLERANCE_ALONE } from "./settings.ts";

/** A token with a colon in it could be `v0:…`: signing it would sign a delivery for whoever asks. */
const PLAIN_TOKEN = /^[A-Za-z0-9_-]{1,128}$/;

/** Asked again every 72 hours, and signed as any delivery is. */
function prove(fields: Fields, secret: string): Reading {
  const plainToken = textIn(fields, "payload.plainToken") ?? "";
  if (!PLAIN_TOKEN.test(plainToken)) {
    const problem = "plainToken must be 1 to 128 of A-Z a-z 0-9 _ -";
    return { kind: "refused", refusal: { reason: "body_unreadable", problem } };
  }
  const encryptedToken = createHmac("sha256", secret).update(plainToken).digest("hex");
  return { kind: "handshake", answer: jsonAnswer(200, { plainToken, encryptedToken }) };
}

/**
 * The event's own time and what it was about. Zoom's tracking id is said to be new with each attempt,
 * which would hide a repeat, so it counts only where the event names nothing.
 */
function idOf(event: string, fields: Fields, headers: HeaderLookup): string | undefined {
  const time = textIn(fields, "event_ts");
  const thing = textIn(
    fields,
    "payload.object.uuid",
    "payload.object.id",
    "payload.object.channel_id",
  );
  const person = textIn(
    fields,
    "payload.object.participant.participant_uuid",
    "payload.object.participant.user_id",
  );
  const what = thing ?? idIn(headers, "x-zm-trackingid");
  return time && what && [event, time, what, person].filter(Boolean).join(":");
}

/** Such as `Zoom reports: meeting "Stand-up" started.` of `meeting.started`. */
function sentenceFor(event: string, fields: Fields): string {
  const [noun = "event", ...verb] = event.split(".");
  const topic = textIn(fields, "payload.object.topic");
  const person = textIn(fields, "payload.object.participant.user_name", "payload.operator");
  return sentence(
    "Zoom reports:",
    words(noun),
    topic && quoted(topic),
    words(verb.join(" ")),
    person && `(${oneLine(person)})`,
  );
}

export const zoom = defineProvider({
  name: "zoom",
  mustBeAsynchronous: true,
  settings: TOLERANCE_ALONE,
  // It never repeats what was told 4xx.
  answers: answersWith(emptyAnswer(200), { fullDay: { ...DEFAULT_ANSWERS.fullDay, status: 503 } }),
  beginProof: v0Hmac("x-zm-signature", "x-zm-request-timestamp"),
  read({ headers, fields, secret }) {
    const event = textIn(fields, "event") ?? "event";
    if (event === "endpoint.url_validation") return prove(fields, secret);
    return oneDelivery({
      id: idOf(event, fields, headers),
      event,
      conversation: textIn(fields, "payload.object.channel_id", "payload.object.id"),
      user: userFrom({
        id: textIn(fields, "payload.operator_id", "payload.object.participant.user_id"),
        email: textIn(fields, "payload.operator", "payload.object.participant.email"),
      }),
      prompt: textIn(fields, "payload.object.message") ?? sentenceFor(event, fields),
      fields,
    });
  },
});
