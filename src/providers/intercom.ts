/** Intercom: https://developers.intercom.com/docs/webhooks */
import type { Fields } from "../invocation/fields.ts";
import { headerHmac } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { ignored, oneDelivery } from "./reading.ts";
import { reports } from "./sentence.ts";

/** The newest part of a conversation, else what began it. Intercom writes HTML. */
function wordsIn(fields: Fields): string | undefined {
  const html = textIn(
    fields,
    "data.item.conversation_parts.conversation_parts.0.body",
    "data.item.source.body",
    "data.item.conversation_message.body",
  );
  const text = html
    ?.replace(/<[^<>]{0,1000}>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return text === "" ? undefined : text;
}

/** Who wrote it: the author of that part, else of the first message, else whom the event is about. */
function person(field: string): readonly string[] {
  return [
    `data.item.conversation_parts.conversation_parts.0.author.${field}`,
    `data.item.source.author.${field}`,
    `data.item.user.${field}`,
    `data.item.contact.${field}`,
  ];
}

export const intercom = defineProvider({
  name: "intercom",
  // Seen at others' gateways: it looks whether an address answers, before it is saved.
  methods: ["HEAD"],
  beginProof: headerHmac({
    header: "x-hub-signature",
    prefix: "sha1=",
    algorithm: "sha1",
    encoding: "hex",
  }),
  read({ fields }) {
    const event = textIn(fields, "topic") ?? "event";
    if (event === "ping") return ignored("a ping");
    const item = textIn(fields, "data.item.id");
    const isTalk = event.startsWith("conversation.") || event.startsWith("conversation_part.");
    const said = isTalk ? wordsIn(fields) : undefined;
    return oneDelivery({
      id: textIn(fields, "id"),
      event,
      conversation: isTalk ? item : undefined,
      user: userFrom({
        id: textIn(fields, ...person("id")),
        email: textIn(fields, ...person("email")),
        first_name: textIn(fields, ...person("name")),
      }),
      prompt: said ?? reports("Intercom", event, item),
      fields,
    });
  },
});
