/** Square: https://developer.squareup.com/docs/webhooks/step3validate */
import { accepted } from "../refusal.ts";
import { headerHmac } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { oneDelivery } from "./reading.ts";
import { reports } from "./sentence.ts";

export const square = defineProvider({
  name: "square",
  beginProof: headerHmac({
    header: "x-square-hmacsha256-signature",
    algorithm: "sha256",
    encoding: "base64",
    around: ({ address }) => accepted({ before: address }),
  }),
  read({ fields }) {
    const event = textIn(fields, "type") ?? "event";
    return oneDelivery({
      id: textIn(fields, "event_id"),
      event,
      user: userFrom({
        id: textIn(
          fields,
          "data.object.payment.customer_id",
          "data.object.order.customer_id",
          "data.object.invoice.primary_recipient.customer_id",
          "data.object.customer.id",
        ),
        email: textIn(fields, "data.object.customer.email_address"),
      }),
      prompt: reports("Square", event, textIn(fields, "data.id")),
      fields,
    });
  },
});
