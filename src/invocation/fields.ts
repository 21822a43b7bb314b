/** From a body's text to its fields (contract §1.4). A field's value is JSON text, as it was written. */
import { MAX_JSON_LEVELS } from "../limits.ts";
import { accepted, type Refusal, refused, type Result } from "../refusal.ts";
import { type JsonText, kindOf, textOf, toJsonText } from "./json-text.ts";
import { type JsonFault, lineAndColumn, readJson } from "./read-json.ts";
import type { BodyKind } from "./media-type.ts";

/** A body's top level, in the order of arrival. */
export type Fields = ReadonlyMap<string, JsonText>;

/** `null` and the empty text are absent at every level. */
export function isAbsent(json: JsonText): boolean {
  return json === "null" || json === '""';
}

/** A body that was read. */
export interface Body {
  readonly fields: Fields;
  /** It was a JSON object, so its `files` may be addresses (contract §3). */
  readonly isJson: boolean;
  /** The text of that object, if it is what all fields together are written as. */
  readonly text?: JsonText | undefined;
}

export const NO_BODY: Body = { fields: new Map(), isJson: false };

/** The bytes as text: UTF-8 only, a byte order mark dropped. */
export function decodeUtf8(bytes: Uint8Array): Result<string> {
  try {
    return accepted(UTF8.decode(bytes));
  } catch {
    const problem = `The body is not UTF-8: byte ${firstBadByte(bytes)} is not valid`;
    return refused({ reason: "body_unreadable", problem });
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Offset from 0 of the first byte that cannot stand in UTF-8, by halving. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isUtf8SoFar(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isUtf8SoFar(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

export interface FieldsOptions {
  /** The query gives a prompt, so plain text is context. */
  readonly hasPrompt: boolean;
  /** How many fields a form may have. */
  readonly maxFields: number;
}

/** The fields of a body that is text. */
export function readFields(
  kind: Exclude<BodyKind, "multipart" | "file">,
  text: string,
  { hasPrompt, maxFields }: FieldsOptions,
): Result<Body> {
  if (text === "") return accepted(NO_BODY);
  switch (kind) {
    case "json":
      return jsonFields(text);
    case "form":
      return formFields(text, maxFields);
    case "text":
      return plainFields(text, hasPrompt ? "body" : "prompt");
    case "verbatim":
      return accepted(otherBody(new Map([["body", toJsonText(text)]])));
  }
}

function otherBody(fields: Fields): Body {
  return { fields, isJson: false };
}

function jsonFields(text: string): Result<Body> {
  const json = readObject(text);
  return json.ok ? json : refused(unreadable(json.refusal, text));
}

/** The members of an object are fields, and any other value is one of its own. */
function readObject(text: string): Result<Body, JsonFault> {
  const fields = new Map<string, JsonText>();
  let members = 0;
  const json = readJson(text, MAX_JSON_LEVELS, (name, value) => {
    fields.set(name, value);
    members += 1;
  });
  if (!json.ok) return json;
  if (kindOf(json.value) !== "object") return accepted(otherBody(new Map([["body", json.value]])));
  // A doubled key would be written twice, and half a character in a key as it stands.
  const isText = members === fields.size && json.value.isWellFormed();
  return accepted({ fields, isJson: true, text: isText ? json.value : undefined });
}

function unreadable(fault: JsonFault, text: string): Refusal {
  const place = lineAndColumn(text, fault.offset);
  if (fault.kind === "depth") {
    return { reason: "body_too_deep", levels: MAX_JSON_LEVELS, place };
  }
  return {
    reason: "body_unreadable",
    problem: `The body is not valid JSON at ${place}: ${fault.problem}`,
  };
}

/** A text that may be a JSON object and, if it is not, is something else. */
function objectBody(text: string): Result<Body | undefined> {
  if (!/^[ \t\r\n]*\{/.test(text)) return accepted(undefined);
  const json = readObject(text);
  if (json.ok) return json;
  return json.refusal.kind === "depth"
    ? refused(unreadable(json.refusal, text))
    : accepted(undefined);
}

function plainFields(text: string, field: "prompt" | "body"): Result<Body> {
  const object = objectBody(text);
  if (!object.ok) return object;
  return accepted(object.value ?? otherBody(new Map([[field, toJsonText(text)]])));
}

/** `curl -d '{…}'` sends JSON under a form's type; Slack and GitHub put theirs into `payload`. */
function formFields(text: string, maxFields: number): Result<Body> {
  const object = objectBody(text);
  if (!object.ok) return object;
  if (object.value !== undefined) return accepted(object.value);
  if (!(separatorsIn(text, maxFields) < maxFields)) {
    const limit = { what: "A form", value: maxFields, unit: "fields", setting: "MAX_FIELDS" };
    return refused({ reason: "limit_exceeded", limit });
  }
  const pairs = [...new URLSearchParams(text)];
  const isDoubtful = pairs.some(([name, value]) => (name + value).includes("\uFFFD"));
  const garbled = isDoubtful ? text.split("&").find(isGarbled) : undefined;
  if (garbled !== undefined) {
    const [name = ""] = new URLSearchParams(garbled).keys();
    const problem = `The form is not UTF-8 in the field "${name.slice(0, 64)}"`;
    return refused({ reason: "body_unreadable", problem });
  }
  return withPayload(collectFields(pairs.map(([name, value]) => [name, toJsonText(value)])));
}

/** What it escapes is not UTF-8. A percent sign that escapes nothing stands for itself. */
function isGarbled(field: string): boolean {
  try {
    decodeURIComponent(field.replace(/%(?![0-9a-f]{2})/gi, "%25"));
    return false;
  } catch {
    return true;
  }
}

/** How many `&` there are, counted no further than `enough`. */
function separatorsIn(text: string, enough: number): number {
  let count = 0;
  let at = text.indexOf("&");
  while (at >= 0 && count < enough) {
    count += 1;
    at = text.indexOf("&", at + 1);
  }
  return count;
}

/** Fields by name; of a repeated name, a list. */
export function collectFields(pairs: readonly (readonly [string, JsonText])[]): Fields {
  const lists = new Map<string, JsonText[]>();
  for (const [name, value] of pairs) {
    const list = lists.get(name);
    if (list === undefined) lists.set(name, [value]);
    else list.push(value);
  }
  return new Map(
    [...lists].map(([name, [first = "null", ...more]]) => [
      name,
      more.length === 0 ? first : `[${[first, ...more].join(",")}]`,
    ]),
  );
}

function withPayload(form: Fields): Result<Body> {
  const payload = form.get("payload");
  if (payload === undefined || kindOf(payload) !== "text") return accepted(otherBody(form));
  const object = objectBody(textOf(payload));
  if (!object.ok) return object;
  if (object.value === undefined) return accepted(otherBody(form));
  const fields = new Map(object.value.fields);
  for (const [name, value] of form) {
    if (name !== "payload" && !fields.has(name)) fields.set(name, value);
  }
  // Files are given by address in JSON alone, not in a field beside it.
  return accepted({ fields, isJson: object.value.fields.has("files") });
}
