/** Stripe: https://docs.stripe.com/webhooks#verify-manually */
import { textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { oneDelivery } from "./reading.ts";
import { reports } from "./sentence.ts";
import { TOLERANCE_ALONE } from "./settings.ts";
import { timedListHmac } from "./timed-list-proof.ts";

export const stripe = defineProvider({
  name: "stripe",
  settings: TOLERANCE_ALONE,
  beginProof: timedListHmac({
    header: "stripe-signature",
    separator: ",",
    time: "t",
    signature: "v1",
    joint: ".",
  }),
  read({ fields }) {
    const event = textIn(fields, "type") ?? "event";
    return oneDelivery({
      id: textIn(fields, "id"),
      event,
      user: userFrom({
        id: textIn(fields, "data.object.customer"),
        email: textIn(
          fields,
          "data.object.customer_email",
          "data.object.customer_details.email",
          "data.object.receipt_email",
          "data.object.email",
        ),
      }),
      prompt: reports("Stripe", event, textIn(fields, "data.object.id")),
      fields,
    });
  },
});
