/** From a request's query and fields to what is to be run, and how its answer is to be shaped. */
import {
  accepted,
  type Limit,
  type Place,
  type Problem,
  refused,
  type Result,
} from "../refusal.ts";
import { MAX_LINKED_FILES, MAX_TASK_CHARS } from "../limits.ts";
import type { Body, Fields } from "./fields.ts";
import { elementsOf, type JsonText, kindOf, objectText, textOf, toJsonText } from "./json-text.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { type Handling, handlingProblems, type HandlingRules, readHandling } from "./handling.ts";
import type { Parameters } from "./parameter-schemas.ts";
import { isParameter, readParameters } from "./parameters.ts";
import type { Query } from "./query.ts";
import type { Path } from "./path.ts";
import type { LinkedFile, Task, TaskFile, UploadedFile, User } from "./task.ts";

/** How the caller wants the answer (contract §1.5). */
export interface Shape {
  readonly json: boolean;
  readonly getter?: { readonly path: Path; readonly loc: Place } | undefined;
}

/** What one delivery asks for. */
export interface Invocation {
  readonly task: Task;
  /** The caller named the conversation. */
  readonly isNamed: boolean;
  readonly handling: Handling;
  readonly shape: Shape;
  /** What a repeat is compared by. */
  readonly fingerprint: () => string;
}

/** What a channel has read of a request. */
export interface Delivery {
  readonly query: Query;
  readonly body: Body;
  /** Files that came with it, stored already. */
  readonly uploads: readonly UploadedFile[];
  /** Asked if the caller names no conversation. */
  readonly newTaskId: () => string;
  readonly rules: HandlingRules;
  /** What is wrong with the request's headers. */
  readonly problems?: readonly Problem[] | undefined;
}

export const PROMPT_MISSING: Problem = {
  loc: ["body", "prompt"],
  msg: "is required where the body holds nothing else",
  type: "missing",
};

const TASK_LIMIT: Limit = {
  what: "Prompt and context together, written as JSON,",
  value: MAX_TASK_CHARS,
  unit: "characters",
};

/** Length of the text as JSON; as good as none while it cannot matter. */
function jsonLength(text: string): number {
  return text.length <= MAX_TASK_CHARS / MOST_ESCAPED ? text.length : toJsonText(text).length;
}

/** `\u0000` for one character. */
const MOST_ESCAPED = 6;

/** Refuses a missing agent first (400), then every wrong parameter at once (422). */
export function readInvocation(delivery: Delivery): Result<Invocation> {
  const { query, uploads, newTaskId } = delivery;
  const { fields, addresses } = takeAddresses(delivery.body);
  const files: readonly TaskFile[] = uploads.length > 0 ? [...uploads, ...addresses] : addresses;
  const read = readParameters(query, delivery.body.fields);
  if (!read.hasAgent) return refused({ reason: "agent_id_missing" });
  const { context, chars: contextChars } = contextOf(fields);
  const isWhole = context.length === delivery.body.fields.size;
  const isEmpty = !read.hasPrompt && context.length === 0 && files.length === 0;
  const { values } = read;
  const handling = readHandling(read.right, delivery.rules);
  const problems = [
    ...read.problems,
    ...handlingProblems(handling, delivery.rules),
    ...(delivery.problems ?? []),
    ...(isEmpty ? [PROMPT_MISSING] : []),
  ];
  if (values === undefined || problems.length > 0) {
    return refused({ reason: "parameters_invalid", problems });
  }
  return assemble({
    values,
    userTokens: read.userTokens,
    context,
    contextText: isWhole ? delivery.body.text : undefined,
    contextChars,
    files,
    uploads,
    handling,
    getterPlace: read.getterPlace,
    newTaskId,
  });
}

/** What an invocation is made of, once each part has been read and checked. */
export interface Parts {
  readonly values: Parameters;
  readonly userTokens: JsonText | undefined;
  readonly context: readonly (readonly [string, JsonText])[];
  /** As JSON, if that is at hand. */
  readonly contextText?: JsonText | undefined;
  readonly contextChars: number;
  /** All of them; `uploads` are those that were stored. */
  readonly files: readonly TaskFile[];
  readonly uploads: readonly UploadedFile[];
  readonly handling: Handling;
  /** Where the caller gave the getter, for what is said of it. */
  readonly getterPlace: Place;
  readonly newTaskId: () => string;
}

/** Refuses only what is too much for one task. */
export function assemble(parts: Parts): Result<Invocation> {
  const { values, userTokens, context, files, uploads, handling } = parts;
  if (!(parts.contextChars + jsonLength(values.prompt ?? "") <= MAX_TASK_CHARS)) {
    return refused({ reason: "limit_exceeded", limit: TASK_LIMIT });
  }
  const user = userOf(values);
  const prompt = values.prompt ?? contextAsPrompt(context, parts.contextText);
  // What is the prompt already is not sent twice.
  const extra = withUploads(values.prompt === undefined ? [] : context, uploads);
  const extraText = extra === context ? parts.contextText : undefined;
  const task: Task = {
    agentId: values.agent_id,
    agentVersion: values.agent_version,
    id: values.task_id ?? parts.newTaskId(),
    prompt,
    files,
    user,
    context: extra.length > 0 ? (extraText ?? objectText(extra)) : undefined,
    userTokens,
    disableAttachmentInjection: values.disable_attachment_injection ?? false,
  };
  const getter = values.getter && { path: values.getter, loc: parts.getterPlace };
  const shape: Shape = { json: values.json ?? false, getter };
  return accepted({
    task,
    isNamed: values.task_id !== undefined,
    handling,
    shape,
    fingerprint: () => fingerprintOf({ values, userTokens, context, files }),
  });
}

/** The fields that are no parameters, and their length as JSON. */
function contextOf(fields: Fields): { context: [string, JsonText][]; chars: number } {
  const context: [string, JsonText][] = [];
  let chars = 0;
  for (const [name, value] of fields) {
    if (isParameter(name)) continue;
    context.push([name, value]);
    chars += name.length + value.length;
  }
  return { context, chars };
}

/** `files` of a JSON body that are addresses are files; anything else of that name is context. */
function takeAddresses({ fields, isJson }: Body): { fields: Fields; addresses: LinkedFile[] } {
  const listed = fields.get("files");
  const addresses = isJson && listed !== undefined ? addressesIn(listed) : [];
  if (addresses.length === 0) return { fields, addresses };
  return { fields: new Map([...fields].filter(([name]) => name !== "files")), addresses };
}

/** The addresses, if the list holds 1 to 20 texts and each is one; else none. */
function addressesIn(json: JsonText): LinkedFile[] {
  if (kindOf(json) !== "array") return [];
  const elements = elementsOf(json, MAX_LINKED_FILES + 1);
  if (elements.length > MAX_LINKED_FILES) return [];
  const urls = elements.map((element) => (kindOf(element) === "text" ? textOf(element) : ""));
  return urls.every(isHttpsAddress) ? urls.map((url) => ({ url })) : [];
}

function isHttpsAddress(text: string): boolean {
  return /^https:\/\/[^\p{Cc}\p{Cs}]+$/iu.test(text) && URL.canParse(text);
}

/**
 * The context with what the agent is told of its files, in the order of `input.files`. A field that
 * the sender has named `files` makes room for it.
 */
function withUploads(
  context: readonly (readonly [string, JsonText])[],
  uploads: readonly UploadedFile[],
): readonly (readonly [string, JsonText])[] {
  if (uploads.length === 0) return context;
  const list = uploads.map(({ field, name, type, size }) => ({ field, name, type, size }));
  const taken = new Set(context.map(([name]) => name));
  let room = "files_field";
  while (taken.has(room)) room += "_";
  const others = context.map(([name, value]) => [name === "files" ? room : name, value] as const);
  return [...others, ["files", toJsonText(list)]];
}

/** Without a prompt the context is the prompt; where it is `body` alone, that one's value is. */
function contextAsPrompt(context: Parts["context"], text: Parts["contextText"]): string {
  const [first] = context;
  if (first === undefined) return "";
  if (first[0] !== "body" || context.length > 1) return text ?? objectText(context);
  return kindOf(first[1]) === "text" ? textOf(first[1]) : first[1];
}

function userOf(values: Parameters): User | undefined {
  const { user_id: id, user_email: email } = values;
  const { user_first_name: first_name, user_last_name: last_name } = values;
  return (id ?? email ?? first_name ?? last_name) === undefined
    ? undefined
    : { id, email, first_name, last_name };
}
