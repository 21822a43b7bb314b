/** Linear: https://linear.app/developers/webhooks */
import { Buffer } from "node:buffer";
import type { Fields } from "../invocation/fields.ts";
import { valueAt } from "../invocation/json-text.ts";
import { readJson } from "../invocation/read-json.ts";
import { MAX_JSON_LEVELS } from "../limits.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { headerHmac } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import { defineProvider, type Proof, type ProofFault, type ProofRequest } from "./provider.ts";
import { idIn, oneDelivery } from "./reading.ts";
import { oneLine, past, quoted, sentence, words } from "./sentence.ts";
import { TOLERANCE_ALONE } from "./settings.ts";
import { isStale, readTime } from "./signature.ts";

const TOLERANCE_SECONDS = 60;

/** Unix milliseconds in the signed body: the header of the same name is not signed, and not read. */
function timeIn(bytes: Uint8Array): number | undefined {
  const json = readJson(Buffer.from(bytes).toString("utf8"), MAX_JSON_LEVELS);
  const time = json.ok ? valueAt(json.value, ["webhookTimestamp"]) : undefined;
  return time === undefined ? undefined : readTime(time);
}

const beginBody = headerHmac({
  header: "linear-signature",
  algorithm: "sha256",
  encoding: "hex",
});

/** The signature is checked first: what is not signed is not read. */
function beginProof(request: ProofRequest): Result<Proof, ProofFault> {
  const begun = beginBody(request);
  if (!begun.ok) return begun;
  const { now, settings } = request;
  const signed = begun.value;
  return accepted({
    ...signed,
    needs: "bytes",
    finish(body) {
      const proven = signed.finish(body);
      if (!proven.ok) return proven;
      const time = timeIn(body.bytes ?? new Uint8Array());
      if (time === undefined) return refused("malformed");
      const tolerance = settings.tolerance_seconds ?? TOLERANCE_SECONDS;
      return isStale(time / 1_000, now, tolerance) ? refused("stale") : proven;
    },
  });
}

/** Such as `Zoe created issue ENG-12 "Printer on fire" in Linear.` */
function sentenceFor(type: string, action: string, fields: Fields): string {
  const isComment = type === "Comment";
  const name = textIn(fields, "data.identifier", "data.issue.identifier");
  const title = textIn(fields, "data.title", "data.issue.title", "data.name");
  return sentence(
    oneLine(textIn(fields, "actor.name", "data.user.name") ?? "Someone"),
    past(action),
    isComment ? "a comment on issue" : words(type),
    name && oneLine(name),
    title && quoted(title),
    "in Linear",
  );
}

/** All that happens to one issue is one conversation. */
function issueIn(type: string, fields: Fields): string | undefined {
  const issue = textIn(fields, "data.issueId", "data.issue.id");
  return issue ?? (type === "Issue" ? textIn(fields, "data.id") : undefined);
}

export const linear = defineProvider({
  name: "linear",
  mustBeAsynchronous: true,
  settings: TOLERANCE_ALONE,
  beginProof,
  read({ headers, fields }) {
    const type = textIn(fields, "type") ?? "event";
    const action = textIn(fields, "action") ?? "update";
    return oneDelivery({
      id: idIn(headers, "linear-delivery"),
      event: `${type}.${action}`,
      conversation: issueIn(type, fields),
      user: userFrom({
        id: textIn(fields, "actor.id"),
        email: textIn(fields, "actor.email"),
        first_name: textIn(fields, "actor.name"),
      }),
      prompt: sentenceFor(type, action, fields),
      fields,
    });
  },
});
