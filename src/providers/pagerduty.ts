/** PagerDuty: https://developer.pagerduty.com/docs/verifying-webhook-signatures */
import type { Fields } from "../invocation/fields.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { answersWith, DEFAULT_ANSWERS } from "./answers.ts";
import { hmacProof } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import { defineProvider, type Proof, type ProofFault, type ProofRequest } from "./provider.ts";
import { ignored, oneDelivery } from "./reading.ts";
import { oneLine, past, quoted, sentence, words } from "./sentence.ts";
import { headerOf, readDigest } from "./signature.ts";

/** While a secret is being replaced there are several, parted by a comma alone. */
function beginProof(request: ProofRequest): Result<Proof, ProofFault> {
  const value = headerOf(request, "x-pagerduty-signature");
  if (!value.ok) return value;
  const entries = value.value.split(",").filter((entry) => !/^v(?!1=)\d+=[\w+/=]+$/.test(entry));
  const writing = { algorithm: "sha256", encoding: "hex", prefix: "v1=" } as const;
  const signatures = entries
    .map((entry) => readDigest(entry, writing))
    .filter((digest) => digest !== undefined);
  const isMalformed = signatures.length === 0 || signatures.length < entries.length;
  if (isMalformed) return refused("malformed");
  const { secrets } = request;
  return accepted(hmacProof({ secrets, algorithm: "sha256", signatures }));
}

/** Such as `Incident #2 "A little bump in the road" was triggered for API Service in PagerDuty.` */
function sentenceFor(event: string, fields: Fields): string {
  const [kind = "event", what = ""] = event.split(".");
  const number = textIn(fields, "event.data.number");
  const title = textIn(fields, "event.data.title", "event.data.summary", "event.data.content");
  const service = textIn(fields, "event.data.service.summary");
  const noun = words(kind);
  return sentence(
    noun.slice(0, 1).toUpperCase() + noun.slice(1),
    number && `#${number}`,
    title && quoted(title),
    what === "" ? undefined : `was ${past(what)}`,
    service && `for ${oneLine(service)}`,
    "in PagerDuty",
  );
}

export const pagerduty = defineProvider({
  name: "pagerduty",
  mustBeAsynchronous: true,
  // Any 4xx stops it; what is told with 503 comes again.
  answers: answersWith(DEFAULT_ANSWERS.success, {
    fullDay: { ...DEFAULT_ANSWERS.fullDay, status: 503 },
  }),
  beginProof,
  read({ fields }) {
    const event = textIn(fields, "event.event_type") ?? "event";
    if (event === "pagey.ping") return ignored("a ping");
    const isIncident = textIn(fields, "event.data.type") === "incident";
    return oneDelivery({
      id: textIn(fields, "event.id"),
      event,
      conversation: textIn(fields, isIncident ? "event.data.id" : "event.data.incident.id"),
      user: userFrom({
        id: textIn(fields, "event.agent.id"),
        first_name: textIn(fields, "event.agent.summary"),
      }),
      prompt: sentenceFor(event, fields),
      fields,
    });
  },
});
