/** Shopify: https://shopify.dev/docs/apps/build/webhooks */
import type { Fields } from "../invocation/fields.ts";
import { answersWith, DEFAULT_ANSWERS, DROPPED } from "./answers.ts";
import { headerHmac } from "./digest-proof.ts";
import { objectIn, textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { idIn, oneDelivery, wordIn } from "./reading.ts";
import { oneLine, past, sentence, words } from "./sentence.ts";

/** Such as `In the shop acme.myshopify.com, order #1001 was created.` of `orders/create`. */
function sentenceFor(topic: string, shop: string | undefined, fields: Fields): string {
  const [things = "", verb = "update"] = topic.split("/");
  const name = textIn(fields, "name", "title", "id");
  return sentence(
    shop === undefined ? "In a shop," : `In the shop ${oneLine(shop)},`,
    words(things).replace(/s$/, ""),
    name && oneLine(name),
    `was ${past(verb)}`,
  );
}

/** An order has its customer; of a customer's own events the body is one. */
function customerOf(topic: string, fields: Fields): Fields {
  return topic.startsWith("customers/") ? fields : objectIn(fields, "customer");
}

export const shopify = defineProvider({
  name: "shopify",
  mustBeAsynchronous: true,
  // Eight failures in four hours, and Shopify removes the subscription.
  answers: answersWith(DEFAULT_ANSWERS.success, { fullDay: DROPPED }),
  beginProof: headerHmac({
    header: "x-shopify-hmac-sha256",
    algorithm: "sha256",
    encoding: "base64",
  }),
  read({ headers, fields }) {
    const topic = wordIn(headers, "x-shopify-topic") ?? "event";
    const customer = customerOf(topic, fields);
    return oneDelivery({
      id: idIn(headers, "x-shopify-webhook-id"),
      event: topic,
      user: userFrom({
        id: textIn(customer, "id"),
        email: textIn(customer, "email") ?? textIn(fields, "email", "contact_email"),
        first_name: textIn(customer, "first_name"),
        last_name: textIn(customer, "last_name"),
      }),
      prompt: sentenceFor(topic, wordIn(headers, "x-shopify-shop-domain"), fields),
      fields,
    });
  },
});
