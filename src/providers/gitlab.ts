/** GitLab: https://docs.gitlab.com/user/project/integrations/webhooks/ */
import type { Fields } from "../invocation/fields.ts";
import { answersWith, DEFAULT_ANSWERS, DROPPED } from "./answers.ts";
import { textIn, userFrom } from "./found.ts";
import { type About, aboutOf, conversationOf, sentenceFor } from "./gitlab-sentence.ts";
import { defineProvider } from "./provider.ts";
import { idIn, oneDelivery, wordIn } from "./reading.ts";
import { TOLERANCE_ALONE } from "./settings.ts";
import { headerOf, headerSecretProblem } from "./signature.ts";
import { beginStandardProof, standardSecretProblem } from "./standard-webhooks.ts";
import { tokenProof } from "./token-proof.ts";

/** How a signing token, GitLab's newer kind of secret, begins. */
const SIGNING = "whsec_";

function isSigning(secret: string): boolean {
  return secret.startsWith(SIGNING);
}

/** GitLab hides an address that its owner has not made public behind a word. */
function emailIn(fields: Fields): string | undefined {
  const email = textIn(fields, "user.email", "user_email");
  return email?.includes("@") === true ? email : undefined;
}

function eventOf(fields: Fields, about: About): string {
  const kind = about.kind ?? "event";
  const action = textIn(fields, "object_attributes.action", "action");
  return action === undefined ? kind : `${kind}.${action}`;
}

export const gitlab = defineProvider({
  name: "gitlab",
  mustBeAsynchronous: true,
  settings: TOLERANCE_ALONE,
  // Answers of 4xx turn the hook off for good, and GitLab does not come back after a full day.
  answers: answersWith(DEFAULT_ANSWERS.success, { fullDay: DROPPED }),
  secretProblem(secret = "") {
    if (isSigning(secret)) return standardSecretProblem(secret);
    return headerSecretProblem(secret);
  },
  beginProof(request) {
    const signing = request.secrets.filter(isSigning);
    const isSigned = request.headers.get("webhook-signature") !== null;
    if (isSigned && signing.length > 0) return beginStandardProof({ ...request, secrets: signing });
    // A signing token is never sent, so whoever sends one has it from somewhere else.
    const tokens = request.secrets.filter((secret) => !isSigning(secret));
    const sent = headerOf(request, "x-gitlab-token");
    return sent.ok ? tokenProof(sent.value, tokens) : sent;
  },
  read({ headers, fields }) {
    const about = aboutOf(fields);
    const name = wordIn(headers, "x-gitlab-event");
    return oneDelivery({
      id: idIn(headers, "idempotency-key") ?? idIn(headers, "webhook-id"),
      event: eventOf(fields, about),
      ...(name !== undefined && { aliases: [name] }),
      conversation: conversationOf(about),
      user: userFrom({
        id: textIn(fields, "user.id", "user_id"),
        email: emailIn(fields),
        first_name: textIn(fields, "user.name", "user_name"),
      }),
      prompt: sentenceFor(about, fields),
      fields,
    });
  },
});
