/**
 * JSON as text. A body's values are never rebuilt from JavaScript numbers and objects: they are
 * checked once, cut out of the text, and handed on as they were written. So no digit of an id past
 * 2^53 is lost, a key named `__proto__` is data like any other, and a megabyte costs one pass.
 */
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from "./json-codes.ts";

/**
 * Checked JSON text in its shortest form: no white space between tokens, no escape that is not
 * needed, numbers as they were written. Only `readJson` and `toJsonText` make one.
 */
export type JsonText = string;

/** The JSON text of a value of ours; `undefined` is `null`. */
export function toJsonText(value: unknown): JsonText {
  return JSON.stringify(value) ?? "null";
}

export type JsonKind = "object" | "array" | "text" | "number" | "boolean" | "null";

export function kindOf(json: JsonText): JsonKind {
  switch (json.charCodeAt(0)) {
    case OPEN_OBJECT:
      return "object";
    case OPEN_ARRAY:
      return "array";
    case QUOTE:
      return "text";
    case 0x6e:
      return "null";
    case 0x74:
    case 0x66:
      return "boolean";
    default:
      return "number";
  }
}

/** The text that a JSON string stands for. */
export function textOf(json: JsonText): string {
  return json.includes("\\") ? String(JSON.parse(json)) : json.slice(1, -1);
}

/** An object's own members, in order; of a doubled key the last counts, as in `JSON.parse`. */
export function membersOf(object: JsonText): Map<string, JsonText> {
  const members = new Map<string, JsonText>();
  let at = 1;
  while (at < object.length - 1) {
    const keyEnd = stringEnd(object, at);
    const end = valueEnd(object, keyEnd + 1);
    members.set(keyOf(object, at, keyEnd), object.slice(keyEnd + 1, end));
    at = end + 1;
  }
  return members;
}

/** The object with these members. */
export function objectText(members: Iterable<readonly [string, JsonText]>): JsonText {
  let text = "";
  for (const [key, value] of members) {
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${value}`;
  }
  return `{${text}}`;
}

/**
 * What stands under these keys and indexes, outermost first and from the one at `depth`; of a
 * doubled key the last counts. One pass, however deep the path: a value that is entered is not
 * skipped a second time.
 */
export function valueAt(json: JsonText, keys: readonly string[], depth = 0): JsonText | undefined {
  const search: Search = { text: json, keys, found: undefined };
  locate(search, 0, depth);
  return search.found;
}

interface Search {
  readonly text: string;
  readonly keys: readonly string[];
  found: JsonText | undefined;
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/** Looks into the value at `start`; returns its end. */
function locate(search: Search, start: number, depth: number): number {
  const { text, keys } = search;
  const key = keys[depth];
  if (key === undefined) {
    const end = valueEnd(text, start);
    search.found = text.slice(start, end);
    return end;
  }
  const code = text.charCodeAt(start);
  if (code === OPEN_OBJECT) return locateMember(search, start, depth);
  if (code === OPEN_ARRAY && INDEX.test(key)) return locateElement(search, start, depth);
  return valueEnd(text, start);
}

function locateMember(search: Search, start: number, depth: number): number {
  const { text, keys } = search;
  let at = start + 1;
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    let end: number;
    if (isKey(text, at, keyEnd, keys[depth] ?? "")) {
      search.found = undefined;
      end = locate(search, keyEnd + 1, depth + 1);
    } else {
      end = valueEnd(text, keyEnd + 1);
    }
    at = text.charCodeAt(end) === COMMA ? end + 1 : end;
  }
  return at + 1;
}

/** Compared in place: a text of its own for every key would be most of the work. */
function isKey(text: string, start: number, end: number, key: string): boolean {
  // An escape only ever makes a key longer than the text that it stands for.
  const length = end - start - 2;
  if (length === key.length) return !key.includes("\\") && text.startsWith(key, start + 1);
  return length > key.length && isEscapedKey(text, start, end) && keyOf(text, start, end) === key;
}

function isEscapedKey(text: string, start: number, end: number): boolean {
  let at = start;
  while (at < end && text.charCodeAt(at) !== BACKSLASH) at += 1;
  return at < end;
}

/** The text of the key between these quotes. */
export function keyOf(text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end - 1);
  return key.includes("\\") ? String(JSON.parse(`"${key}"`)) : key;
}

function locateElement(search: Search, start: number, depth: number): number {
  const { text, keys } = search;
  const wanted = Number(keys[depth]);
  let at = start + 1;
  for (let index = 0; text.charCodeAt(at) !== CLOSE_ARRAY; index += 1) {
    const end = index === wanted ? locate(search, at, depth + 1) : valueEnd(text, at);
    at = text.charCodeAt(end) === COMMA ? end + 1 : end;
  }
  return at + 1;
}

/** The array's elements; no more than the first `atMost` of them. */
export function elementsOf(array: JsonText, atMost: number): JsonText[] {
  const elements: JsonText[] = [];
  let at = 1;
  while (at < array.length - 1 && elements.length < atMost) {
    const end = valueEnd(array, at);
    elements.push(array.slice(at, end));
    at = end + 1;
  }
  return elements;
}

/** Where the text ends that begins at `start`: behind its quote. */
export function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (text.charCodeAt(quote - 1) === BACKSLASH && isEscaped(text, quote)) {
    quote = text.indexOf('"', quote + 1);
  }
  return quote + 1;
}

/** An odd run of backslashes before it escapes a quote. */
function isEscaped(text: string, at: number): boolean {
  let run = at - 1;
  while (text.charCodeAt(run) === BACKSLASH) run -= 1;
  return (at - run) % 2 === 0;
}

/** The end of the value at `start`: where the `,`, `}` or `]` after it stands. */
export function valueEnd(text: string, start: number): number {
  let levels = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    // Digits, colons and letters: nothing begins or ends there.
    if (code > COMMA && code < OPEN_ARRAY) {
      at += 1;
      continue;
    }
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) levels += 1;
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      if (levels === 0) return at;
      levels -= 1;
    } else if (code === COMMA && levels === 0) return at;
    at += 1;
  }
  return at;
}
