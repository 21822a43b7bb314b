/** Typeform: https://www.typeform.com/developers/webhooks/ */
import type { Fields } from "../invocation/fields.ts";
import { headerHmac } from "./digest-proof.ts";
import { listIn, objectOf, textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { oneDelivery } from "./reading.ts";
import { quoted } from "./sentence.ts";

/** More questions than a form has. */
const MAX_ANSWERS = 1_000;

/** The first address among the answers: the only thing that says who answered. */
function emailIn(fields: Fields): string | undefined {
  for (const text of listIn(fields, "form_response.answers", MAX_ANSWERS)) {
    const answer = objectOf(text);
    const email = answer && textIn(answer, "email");
    if (email !== undefined) return email;
  }
  return textIn(fields, "form_response.hidden.email");
}

export const typeform = defineProvider({
  name: "typeform",
  beginProof: headerHmac({
    header: "typeform-signature",
    prefix: "sha256=",
    algorithm: "sha256",
    encoding: "base64",
  }),
  read({ fields }) {
    const title = textIn(fields, "form_response.definition.title", "form_response.form_id");
    const form = title === undefined ? "A form" : `The form ${quoted(title)}`;
    return oneDelivery({
      id: textIn(fields, "event_id"),
      event: textIn(fields, "event_type") ?? "form_response",
      user: userFrom({
        id: textIn(fields, "form_response.hidden.user_id"),
        email: emailIn(fields),
      }),
      prompt: `${form} was filled in.`,
      fields,
    });
  },
});
