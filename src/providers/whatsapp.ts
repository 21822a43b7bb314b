/** WhatsApp, Messenger and Instagram: https://developers.facebook.com/docs/graph-api/webhooks */
import { answersWith, emptyAnswer, jsonAnswer, textAnswer } from "./answers.ts";
import { headerHmac } from "./digest-proof.ts";
import { readMetaEntries } from "./meta-entries.ts";
import { defineProvider } from "./provider.ts";
import { batch, ignored } from "./reading.ts";
import { firstFitting, isSame } from "./signature.ts";

/** Meta sends digits; nothing that could be markup or a header is echoed. */
const CHALLENGE = /^[A-Za-z0-9_-]{1,256}$/;

export const whatsapp = defineProvider({
  name: "whatsapp",
  methods: ["GET"],
  usesVerifyToken: true,
  mustBeAsynchronous: true,
  answers: answersWith(emptyAnswer(200)),
  beginProof: headerHmac({
    header: "x-hub-signature-256",
    prefix: "sha256=",
    algorithm: "sha256",
    encoding: "hex",
  }),
  greet(query, verifyTokens) {
    const sent = query.get("hub.verify_token") ?? "";
    const challenge = query.get("hub.challenge") ?? "";
    const isKnown =
      sent !== "" && firstFitting(verifyTokens, (token) => isSame(token, sent)) !== undefined;
    const isSubscription = query.get("hub.mode") === "subscribe" && CHALLENGE.test(challenge);
    return isKnown && isSubscription
      ? textAnswer(200, challenge)
      : jsonAnswer(403, { detail: "The verify token is missing or wrong" });
  },
  read({ fields }) {
    const { deliveries, neverRun } = readMetaEntries(fields);
    if (deliveries.length === 0) return ignored(neverRun > 0 ? "no message" : "it holds no event");
    return batch(deliveries);
  },
});
