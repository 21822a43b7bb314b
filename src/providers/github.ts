/** GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads */
import { headerHmac } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import { aboutOf, conversationOf, sentenceFor } from "./github-sentence.ts";
import { defineProvider } from "./provider.ts";
import { idIn, ignored, oneDelivery, wordIn } from "./reading.ts";

export const github = defineProvider({
  name: "github",
  mustBeAsynchronous: true,
  beginProof: headerHmac({
    header: "x-hub-signature-256",
    prefix: "sha256=",
    algorithm: "sha256",
    encoding: "hex",
  }),
  read({ headers, fields }) {
    const name = wordIn(headers, "x-github-event") ?? "event";
    if (name === "ping") return ignored("a ping");
    const about = aboutOf(fields);
    const { sender } = about;
    if (textIn(sender, "type") === "Bot") return ignored("a bot did it");
    const action = textIn(fields, "action");
    return oneDelivery({
      id: idIn(headers, "x-github-delivery"),
      event: action === undefined ? name : `${name}.${action}`,
      conversation: conversationOf(about),
      user: userFrom({
        id: textIn(sender, "id"),
        email: textIn(fields, "pusher.email"),
        first_name: textIn(sender, "login") ?? textIn(fields, "pusher.name"),
      }),
      prompt: sentenceFor(name, about, fields),
      fields,
    });
  },
});
