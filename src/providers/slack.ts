/** Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack */
import type { Fields } from "../invocation/fields.ts";
import {
  answersWith,
  badSignature,
  DEFAULT_ANSWERS,
  emptyAnswer,
  jsonAnswer,
  type Answers,
} from "./answers.ts";
import { v0Hmac } from "./digest-proof.ts";
import { objectIn, textIn, userFrom } from "./found.ts";
import { defineProvider, type Reading } from "./provider.ts";
import { ignored, oneDelivery } from "./reading.ts";
import { TOLERANCE_ALONE } from "./settings.ts";

/** Slack repeats at once and after minutes, which can heal none of these. */
const NO_RETRY = { "X-Slack-No-Retry": "1" };

/** What a person sees who has typed a command. */
const FULL_FOR_PEOPLE: Partial<Answers> = {
  fullDay: jsonAnswer(200, {
    response_type: "ephemeral",
    text: "This has run as often as it may today.",
  }),
};

const RUN_BY_DEFAULT = new Set(["app_mention", "message.im"]);

/** A subscription names the kind of channel in the plural, an event in the singular. */
const SUBSCRIBED: ReadonlyMap<string, string> = new Map([
  ["channel", "channels"],
  ["group", "groups"],
]);

const NEVER_RUN = new Set(["message_changed", "message_deleted", "bot_message"]);

/** What a person writes has one of these, or no subtype; the others tell of the channel and its threads. */
const WRITTEN = new Set(["file_share", "me_message", "thread_broadcast"]);

/** Buttons, menus, shortcuts, forms: what a person has done. Menus also ask for their choices. */
const DONE_BY_A_PERSON = new Set([
  "block_actions",
  "interactive_message",
  "message_action",
  "shortcut",
  "view_submission",
  "dialog_submission",
]);

function threaded(channel: string | undefined, thread: string | undefined): string | undefined {
  return channel !== undefined && thread !== undefined ? `${channel}:${thread}` : channel;
}

function readEvent(fields: Fields): Reading {
  const event = objectIn(fields, "event");
  if (textIn(event, "bot_id", "message.bot_id") !== undefined) return ignored("a bot sent it");
  const subtype = textIn(event, "subtype");
  if (NEVER_RUN.has(subtype ?? "")) return ignored("no new message");
  const type = textIn(event, "type") ?? "event";
  const channelType = textIn(event, "channel_type");
  const name =
    type === "message" && channelType !== undefined
      ? `message.${SUBSCRIBED.get(channelType) ?? channelType}`
      : type;
  return oneDelivery({
    id: textIn(fields, "event_id"),
    event: name,
    runsByDefault: RUN_BY_DEFAULT.has(name) && (subtype === undefined || WRITTEN.has(subtype)),
    conversation: threaded(
      textIn(event, "channel", "channel.id", "item.channel"),
      textIn(event, "thread_ts"),
    ),
    user: userFrom({ id: textIn(event, "user", "user.id") }),
    prompt: textIn(event, "text"),
    fields,
  });
}

function readCommand(fields: Fields): Reading {
  const one = oneDelivery({
    id: textIn(fields, "trigger_id"),
    event: "command",
    conversation: textIn(fields, "channel_id"),
    user: userFrom({ id: textIn(fields, "user_id"), first_name: textIn(fields, "user_name") }),
    prompt: textIn(fields, "text", "command"),
    fields,
  });
  return { ...one, answers: FULL_FOR_PEOPLE };
}

/** Buttons, menus, shortcuts and forms that were filled in. */
function readInteraction(type: string, fields: Fields): Reading {
  return oneDelivery({
    id: textIn(fields, "trigger_id", "action_ts"),
    event: type,
    runsByDefault: DONE_BY_A_PERSON.has(type),
    conversation: threaded(
      textIn(fields, "channel.id", "container.channel_id"),
      textIn(fields, "message.thread_ts", "container.thread_ts"),
    ),
    user: userFrom({
      id: textIn(fields, "user.id"),
      first_name: textIn(fields, "user.name", "user.username"),
    }),
    prompt: textIn(
      fields,
      "actions.0.value",
      "actions.0.selected_option.value",
      "actions.0.text.text",
      "actions.0.action_id",
      "message.text",
    ),
    fields,
  });
}

export const slack = defineProvider({
  name: "slack",
  mustBeAsynchronous: true,
  settings: TOLERANCE_ALONE,
  answers: answersWith(emptyAnswer(200), {
    badSignature: badSignature(401, NO_RETRY),
    fullDay: {
      ...DEFAULT_ANSWERS.fullDay,
      headers: { ...DEFAULT_ANSWERS.fullDay.headers, ...NO_RETRY },
    },
  }),
  beginProof: v0Hmac("x-slack-signature", "x-slack-request-timestamp"),
  read({ fields }) {
    const type = textIn(fields, "type");
    if (type === "url_verification") {
      const challenge = textIn(fields, "challenge") ?? "";
      return { kind: "handshake", answer: jsonAnswer(200, { challenge }) };
    }
    if (type === "event_callback") return readEvent(fields);
    if (fields.has("command")) return readCommand(fields);
    if (fields.has("ssl_check")) return ignored("a check of our certificate");
    return type === undefined ? ignored("no event") : readInteraction(type, fields);
  },
});
