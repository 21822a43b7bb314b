/** Paddle: https://developer.paddle.com/webhooks/signature-verification */
import { textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { oneDelivery } from "./reading.ts";
import { reports } from "./sentence.ts";
import { TOLERANCE_ALONE } from "./settings.ts";
import { timedListHmac } from "./timed-list-proof.ts";

export const paddle = defineProvider({
  name: "paddle",
  mustBeAsynchronous: true,
  settings: TOLERANCE_ALONE,
  beginProof: timedListHmac({
    header: "paddle-signature",
    separator: ";",
    time: "ts",
    signature: "h1",
    joint: ":",
    // Its SDK takes 5 s, which an edge's clock and a slow line use up.
    toleranceSeconds: 60,
  }),
  read({ fields }) {
    const event = textIn(fields, "event_type") ?? "event";
    const thing = textIn(fields, "data.id");
    return oneDelivery({
      id: textIn(fields, "event_id"),
      event,
      user: userFrom({
        id:
          textIn(fields, "data.customer_id") ?? (event.startsWith("customer.") ? thing : undefined),
        email: textIn(fields, "data.customer.email", "data.email"),
      }),
      prompt: reports("Paddle", event, thing),
      fields,
    });
  },
});
