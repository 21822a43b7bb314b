/** Telegram bots: https://core.telegram.org/bots/api#setwebhook and #update */
import type { Fields } from "../invocation/fields.ts";
import { answersWith, jsonAnswer } from "./answers.ts";
import { isTrueIn, objectIn, textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { ignored, oneDelivery } from "./reading.ts";
import { headerOf } from "./signature.ts";
import { tokenProof } from "./token-proof.ts";

const SECRET = /^[A-Za-z0-9_-]{1,256}$/;
const RUN_BY_DEFAULT = new Set(["message", "callback_query", "channel_post"]);

/** An update holds its id and one thing, whose key is the event's name. */
function eventOf(fields: Fields): string | undefined {
  return [...fields.keys()].find((name) => name !== "update_id");
}

/** A callback is about a message; what people do without one has a person at least. */
function chatOf(update: Fields): string | undefined {
  return textIn(
    update,
    "chat.id",
    "message.chat.id",
    "chat_instance",
    "user_chat_id",
    "from.id",
    "user.id",
  );
}

export const telegram = defineProvider({
  name: "telegram",
  mustBeAsynchronous: true,
  answers: answersWith(jsonAnswer(200, {})),
  secretProblem: (secret = "") =>
    SECRET.test(secret) ? undefined : "must be 1 to 256 of A-Z a-z 0-9 _ -, as secret_token is",
  beginProof(request) {
    const sent = headerOf(request, "x-telegram-bot-api-secret-token");
    return sent.ok ? tokenProof(sent.value, request.secrets) : sent;
  },
  read({ fields }) {
    const event = eventOf(fields);
    if (event === undefined) return ignored("the update holds nothing");
    const update = objectIn(fields, event);
    if (isTrueIn(update, "from.is_bot")) return ignored("a bot sent it");
    return oneDelivery({
      id: textIn(fields, "update_id"),
      event,
      runsByDefault: RUN_BY_DEFAULT.has(event),
      conversation: chatOf(update),
      user: userFrom({
        id: textIn(update, "from.id", "user.id"),
        first_name: textIn(update, "from.first_name", "user.first_name"),
        last_name: textIn(update, "from.last_name", "user.last_name"),
      }),
      prompt: textIn(update, "text", "caption", "data", "query"),
      fields,
    });
  },
});
