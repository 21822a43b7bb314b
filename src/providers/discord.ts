/** Discord: https://docs.discord.com/developers/interactions/overview and events/webhook-events */
import type { Fields } from "../invocation/fields.ts";
import { kindOf, textOf } from "../invocation/json-text.ts";
import { accepted, refused } from "../refusal.ts";
import { type Answers, answersWith, emptyAnswer, jsonAnswer } from "./answers.ts";
import { listIn, objectIn, objectOf, textIn, userFrom } from "./found.ts";
import { defineProvider, type Deliveries, type Reading } from "./provider.ts";
import { ed25519Key, ed25519Proof } from "./public-key-proof.ts";
import { oneDelivery } from "./reading.ts";
import { fromHex, headerOf, readTime } from "./signature.ts";

/** Discord takes an empty answer only with a type. */
const NOTED = emptyAnswer(204, "application/json");

/** What Discord shows by itself until the agent answers: "thinking", or the message as it was. */
const THINKING = 5;
const AS_IT_WAS = 6;

function answersOf(type: number): Partial<Answers> {
  const success = jsonAnswer(200, { type });
  // A person waits: this one alone (flag 64) is told why nothing comes.
  const content = "This has run as often as it may today.";
  const fullDay = jsonAnswer(200, { type: 4, data: { content, flags: 64 } });
  return { success, repeat: success, fullDay };
}

/** The words that were given, outermost first; a single one needs no name. */
function commandPrompt(fields: Fields): string {
  const options = optionsIn(objectIn(fields, "data"), []);
  const [only, ...more] = options;
  if (only !== undefined && more.length === 0) return only.value;
  const name = textIn(fields, "data.name") ?? "command";
  return [`/${name}`, ...options.map((each) => `${each.name}: ${each.value}`)].join(" ");
}

interface Option {
  readonly name: string;
  readonly value: string;
}

/** Discord takes 25 of each, in a group of a group of commands at most. */
function optionsIn(data: Fields, names: readonly string[]): readonly Option[] {
  if (names.length > 2) return [];
  return listIn(data, "options", 25).flatMap((text) => {
    const option = objectOf(text) ?? new Map();
    const path = [...names, textIn(option, "name") ?? "option"];
    const value = option.get("value");
    if (value === undefined) return optionsIn(option, path);
    return [{ name: path.join(" "), value: kindOf(value) === "text" ? textOf(value) : value }];
  });
}

function componentPrompt(fields: Fields): string | undefined {
  const chosen = listIn(fields, "data.values", 25).filter((value) => kindOf(value) === "text");
  return chosen.length > 0 ? chosen.map(textOf).join(", ") : textIn(fields, "data.custom_id");
}

/** Text fields, in rows or in labels. */
function modalPrompt(fields: Fields): string | undefined {
  const rows = listIn(fields, "data.components", 25).map((row) => objectOf(row) ?? new Map());
  const inputs = rows.flatMap((row) => [
    ...listIn(row, "components", 25).map((each) => objectOf(each) ?? new Map()),
    objectIn(row, "component"),
  ]);
  const texts = inputs.map((input) => textIn(input, "value")).filter((text) => text !== undefined);
  return texts.length > 0 ? texts.join("\n") : undefined;
}

function interaction(
  event: string,
  prompt: string | undefined,
  fields: Fields,
  type: number,
): Deliveries {
  const one = oneDelivery({
    id: textIn(fields, "id"),
    event,
    conversation: textIn(fields, "channel_id", "channel.id"),
    user: userFrom({
      id: textIn(fields, "member.user.id", "user.id"),
      first_name: textIn(
        fields,
        "member.user.global_name",
        "user.global_name",
        "member.user.username",
        "user.username",
      ),
    }),
    prompt,
    fields,
  });
  return { ...one, answers: answersOf(type) };
}

/** Events have no id; that of their data is the message's or the purchase's, of which there are many. */
function webhookEvent(fields: Fields): Reading {
  const id = textIn(fields, "event.data.id");
  const event = textIn(fields, "event.type") ?? "event";
  return oneDelivery({
    id: id && [event, id, textIn(fields, "event.timestamp") ?? ""].join(" "),
    event,
    user: userFrom({
      id: textIn(fields, "event.data.user.id", "event.data.user_id"),
      first_name: textIn(fields, "event.data.user.global_name", "event.data.user.username"),
    }),
    fields,
  });
}

export const discord = defineProvider({
  name: "discord",
  mustBeAsynchronous: true,
  answers: answersWith(NOTED),
  secretProblem: (secret = "") =>
    ed25519Key(fromHex(secret, 32)) === undefined
      ? "must be the application's public key, 64 hex digits"
      : undefined,
  beginProof(request) {
    const value = headerOf(request, "x-signature-ed25519");
    if (!value.ok) return value;
    const signature = fromHex(value.value, 64);
    const time = headerOf(request, "x-signature-timestamp");
    if (!time.ok) return time;
    // Time and body are signed without a joint: only digits cannot have been taken from the body.
    if (signature === undefined || readTime(time.value) === undefined) return refused("malformed");
    return accepted(
      ed25519Proof({
        secrets: request.secrets,
        keyOf: (secret) => ed25519Key(fromHex(secret, 32)),
        before: time.value,
        signatures: [signature],
      }),
    );
  },
  read({ fields }) {
    switch (textIn(fields, "type")) {
      case "0":
        return { kind: "handshake", answer: NOTED };
      case "1":
        return fields.has("event")
          ? webhookEvent(fields)
          : { kind: "handshake", answer: jsonAnswer(200, { type: 1 }) };
      case "2":
        return interaction("command", commandPrompt(fields), fields, THINKING);
      case "3":
        return interaction("component", componentPrompt(fields), fields, AS_IT_WAS);
      case "4":
        // What is being typed: no suggestions, and nothing runs.
        return { kind: "handshake", answer: jsonAnswer(200, { type: 8, data: { choices: [] } }) };
      case "5":
        return interaction("modal", modalPrompt(fields), fields, THINKING);
      case undefined:
      default:
        return { kind: "ignored", why: "no event that is known" };
    }
  },
});
