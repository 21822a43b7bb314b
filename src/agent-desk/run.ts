/**
 * From one event of a source to what is to be run. The sender can set no parameter: what its body
 * holds is context, whatever it is called; parameters are the source's own and its provider's.
 */
import { callbackProblem } from "../invocation/callback-address.ts";
import { type Fields, isAbsent } from "../invocation/fields.ts";
import { type Handling, type HandlingRules, readHandling } from "../invocation/handling.ts";
import { assemble, type Invocation, PROMPT_MISSING } from "../invocation/invocation.ts";
import { type JsonText, kindOf, textOf } from "../invocation/json-text.ts";
import { findField } from "../invocation/parameters.ts";
import { type Parameters, parametersSchema } from "../invocation/parameter-schemas.ts";
import type { UploadedFile } from "../invocation/task.ts";
import type { Delivery } from "../providers/provider.ts";
import { promptFrom } from "../providers/prompt-template.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { conversationOf, type Identity, identityOf } from "./identity.ts";
import type { Source } from "./source.ts";

export interface Run extends Identity {
  readonly invocation: Invocation;
  /** The gateway made the conversation for this delivery alone: no platform can know it. */
  readonly isNew: boolean;
}

export interface Circumstances {
  readonly uploads: readonly UploadedFile[];
  readonly rules: HandlingRules;
  /** One of several in a request: nobody can be answered with the end of each. */
  readonly isOneOfMany: boolean;
}

/** Refuses a delivery that says nothing at all, or more than a task can hold. */
export function runOf(
  source: Source,
  delivery: Delivery,
  { uploads, rules, isOneOfMany }: Circumstances,
): Result<Run> {
  const { fields } = delivery;
  const identity = identityOf(source, delivery);
  const named = mapped(source, fields, "task_id") ?? (delivery.conversation || undefined);
  const values = valuesFor(source, delivery, conversationOf(source, named, identity));
  if (values.prompt === undefined && fields.size === 0 && uploads.length === 0) {
    return refused({ reason: "parameters_invalid", problems: [PROMPT_MISSING] });
  }
  const handling = handlingOf(values, rules);
  const invocation = assemble({
    values,
    userTokens: undefined,
    context: [...fields],
    contextChars: lengthOf(fields),
    files: uploads,
    uploads,
    handling: isOneOfMany ? unwaited(handling) : handling,
    getterPlace: ["source", "getter"],
    newTaskId: () => crypto.randomUUID(),
  });
  if (!invocation.ok) return invocation;
  const isNew = named === undefined && identity.repeat === null;
  return accepted({ ...identity, invocation: invocation.value, isNew });
}

function valuesFor(source: Source, delivery: Delivery, task_id: string): Parameters {
  const { settings, agentId: agent_id } = source;
  const { asynchronous = true, json, wait, overlap, debounce, callback_url } = settings;
  const { agent_version, disable_attachment_injection } = settings;
  const prompt = promptOf(source, delivery);
  const getter = parametersSchema.shape.getter.safeParse(settings.getter).data;
  return {
    agent_id,
    task_id,
    asynchronous,
    ...userOf(source, delivery),
    ...(prompt !== undefined && { prompt }),
    ...(getter !== undefined && { getter }),
    ...(json !== undefined && { json }),
    ...(wait !== undefined && { wait }),
    ...(overlap !== undefined && { overlap }),
    ...(debounce !== undefined && { debounce }),
    ...(callback_url !== undefined && { callback_url }),
    ...(agent_version !== undefined && { agent_version }),
    ...(disable_attachment_injection !== undefined && { disable_attachment_injection }),
  };
}

/** The source's own words, else what it maps, else its provider's; an empty text is none. */
function promptOf(source: Source, { fields, prompt }: Delivery): string | undefined {
  const { settings, paths } = source;
  const own = settings.prompt === undefined ? "" : promptFrom(settings.prompt, fields);
  return own || promptAt(fields, paths.get("prompt")) || prompt || undefined;
}

/** What is no text becomes its JSON. */
function promptAt(fields: Fields, path: readonly string[] | undefined): string {
  const value = path && findField(fields, path);
  if (value === undefined || isAbsent(value)) return "";
  return kindOf(value) === "text" ? textOf(value) : value;
}

function userOf(source: Source, { fields, user = {} }: Delivery): Partial<Parameters> {
  const id = mapped(source, fields, "user_id") ?? user.id;
  const email = mapped(source, fields, "user_email") ?? user.email;
  const first = mapped(source, fields, "user_first_name") ?? user.first_name;
  const last = mapped(source, fields, "user_last_name") ?? user.last_name;
  return {
    ...(id !== undefined && { user_id: id }),
    ...(email !== undefined && { user_email: email }),
    ...(first !== undefined && { user_first_name: first }),
    ...(last !== undefined && { user_last_name: last }),
  };
}

/** A text, or a number with all its digits; its sender could not mend anything else, so it is none. */
function mapped({ paths }: Source, fields: Fields, name: string): string | undefined {
  const path = paths.get(name);
  const value: JsonText = (path && findField(fields, path)) ?? "null";
  if (isAbsent(value)) return undefined;
  if (kindOf(value) === "text") return textOf(value);
  return kindOf(value) === "number" && name !== "user_email" ? value : undefined;
}

/** What was allowed when the source was set may be allowed no longer. */
function handlingOf(values: Parameters, rules: HandlingRules): Handling {
  const { callback_url: url, wait, ...others } = values;
  const isAllowed = url !== undefined && callbackProblem(url, rules.callbackHosts) === undefined;
  const allowed = {
    ...others,
    ...(isAllowed && { callback_url: url }),
    ...(wait !== undefined && { wait: Math.min(wait, rules.maxWaitSeconds) }),
  };
  return readHandling(allowed, rules);
}

function unwaited({ overlap, debounceSeconds, callbackUrl }: Handling): Handling {
  return { asynchronous: true, overlap, debounceSeconds, callbackUrl };
}

function lengthOf(fields: Fields): number {
  let chars = 0;
  for (const [name, value] of fields) chars += name.length + value.length;
  return chars;
}
