/** Twilio: messages, calls and conversations. */
import type { Fields } from "../invocation/fields.ts";
import { answersWith } from "./answers.ts";
import { textIn, userFrom } from "./found.ts";
import { defineProvider } from "./provider.ts";
import { idIn, oneDelivery } from "./reading.ts";
import { oneLine, sentence, words } from "./sentence.ts";
import { beginTwilioProof } from "./twilio-proof.ts";

/** An instruction to do nothing: anything else is read to the caller, or sent as a message. */
const NOTHING_TO_DO = {
  status: 200,
  headers: { "Content-Type": "text/xml" },
  body: "<Response/>",
};

/** States that a call is in when it is not, or no longer, ours to answer. */
const CALL_STATES = new Set([
  "queued",
  "initiated",
  "answered",
  "completed",
  "busy",
  "failed",
  "no-answer",
  "canceled",
]);

interface Kind {
  readonly event: string;
  readonly runsByDefault: boolean;
}

/** What came in, apart from what only says how something of ours is getting on. */
function kindOfDelivery(fields: Fields): Kind {
  const event = textIn(fields, "EventType");
  if (event !== undefined) {
    const isNew = event === "onMessageAdded" && textIn(fields, "Source") !== "API";
    return { event, runsByDefault: isNew };
  }
  if (textIn(fields, "MessageSid", "SmsSid") !== undefined) {
    const state = textIn(fields, "MessageStatus", "SmsStatus") ?? "received";
    const isNew = state === "received" || state === "receiving";
    return { event: isNew ? "message" : "message.status", runsByDefault: isNew };
  }
  if (textIn(fields, "CallSid") === undefined) return { event: "event", runsByDefault: false };
  const isState =
    fields.has("CallbackSource") || CALL_STATES.has(textIn(fields, "CallStatus") ?? "");
  return { event: isState ? "call.status" : "call", runsByDefault: !isState };
}

/** One message has many states, so a state is its own delivery. */
function idOf(event: string, fields: Fields): string | undefined {
  const id = textIn(fields, "MessageSid", "SmsSid", "CallSid");
  const state = textIn(fields, "MessageStatus", "SmsStatus", "CallStatus") ?? "";
  return id !== undefined && event.endsWith(".status") ? `${id}:${state}` : id;
}

function callSentence(fields: Fields): string | undefined {
  const from = textIn(fields, "From");
  if (textIn(fields, "CallSid") === undefined || from === undefined) return undefined;
  const state = textIn(fields, "CallStatus");
  const to = textIn(fields, "To") ?? "us";
  return sentence(
    `${oneLine(from)} calls ${oneLine(to)}`,
    state === undefined ? undefined : `(${words(state)})`,
  );
}

export const twilio = defineProvider({
  name: "twilio",
  answers: answersWith(NOTHING_TO_DO),
  beginProof: beginTwilioProof,
  read({ headers, fields }) {
    const { event, runsByDefault } = kindOfDelivery(fields);
    return oneDelivery({
      id: idIn(headers, "i-twilio-idempotency-token") ?? idOf(event, fields),
      event,
      runsByDefault,
      conversation: textIn(fields, "ConversationSid", "From"),
      user: userFrom({
        id: textIn(fields, "Author", "From"),
        first_name: textIn(fields, "ProfileName"),
      }),
      prompt: textIn(fields, "Body", "SpeechResult", "Digits") ?? callSentence(fields),
      fields,
    });
  },
});
