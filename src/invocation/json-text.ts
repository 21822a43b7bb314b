/**
 * JSON as text. A body's values are never rebuilt from JavaScript numbers and objects: they are
 * checked once, cut out of the text, and handed on as they were written. So no digit of an id past
 * 2^53 is lost, a key named `__proto__` is data like any other, and a megabyte costs one pass.
 */
import { accepted, refused, type Result } from "../refusal.ts";

/**
 * Checked JSON text in its shortest form: no white space between tokens, no escape that is not
 * needed, numbers as they were written. Only `readJson` and `toJsonText` make one.
 */
export type JsonText = string;

/** What is wrong with a text that is not JSON. `offset` is in UTF-16 units from its start. */
export interface JsonFault {
  readonly kind: "syntax" | "depth";
  readonly offset: number;
  readonly problem: string;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LOWER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The JSON text of a value of ours; `undefined` is `null`. */
export function toJsonText(value: unknown): JsonText {
  return JSON.stringify(value) ?? "null";
}

/** Checks `text` against RFC 8259 and brings it to its shortest form, in one pass. */
export function readJson(text: string, maxLevels: number): Result<JsonText, JsonFault> {
  const reader = new Reader(text, maxLevels);
  try {
    reader.value();
  } catch (fault) {
    if (fault instanceof Fault) return refused(fault);
    throw fault;
  }
  return accepted(reader.shortest());
}

/** `line 3, column 14` (both from 1) of an offset in a text. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `line ${line}, column ${offset - before.lastIndexOf("\n")}`;
}

class Fault extends Error implements JsonFault {
  readonly kind: JsonFault["kind"];
  readonly offset: number;
  readonly problem: string;

  constructor(kind: JsonFault["kind"], offset: number, problem: string) {
    super(problem);
    this.kind = kind;
    this.offset = offset;
    this.problem = problem;
  }
}

/** One pass over one text. It keeps its own stack of open containers, so no nesting overflows it. */
class Reader {
  readonly #text: string;
  readonly #maxLevels: number;
  #at = 0;
  /** Start of what has been read but not yet taken into `#pieces`. */
  #from = 0;
  #pieces = "";

  constructor(text: string, maxLevels: number) {
    this.#text = text;
    this.#maxLevels = maxLevels;
  }

  /** What was read, without the white space and with needless escapes undone. */
  shortest(): string {
    return this.#from === 0 ? this.#text : this.#pieces + this.#text.slice(this.#from);
  }

  /** The whole text: one value, then its end. */
  value(): void {
    const text = this.#text;
    const inObject: boolean[] = [];
    for (;;) {
      const code = this.#skipSpace();
      if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
        this.#at += 1;
        const isObject = code === OPEN_OBJECT;
        if (inObject.push(isObject) > this.#maxLevels) {
          throw new Fault("depth", this.#at - 1, "nested too deep");
        }
        const closing = this.#skipSpace() === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY);
        if (!closing) {
          if (isObject) this.#key();
          continue;
        }
      } else {
        this.#scalar(code);
      }
      // A value has ended: close what it closes, until another one must follow.
      for (;;) {
        const within = inObject.at(-1);
        const next = this.#skipSpace();
        if (within === undefined) {
          if (this.#at < text.length) this.#fail("nothing more");
          return;
        }
        if (next === COMMA) {
          this.#at += 1;
          if (within) {
            this.#skipSpace();
            this.#key();
          }
          break;
        }
        if (next !== (within ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          this.#fail(within ? "',' or '}'" : "',' or ']'");
        }
        this.#at += 1;
        inObject.pop();
      }
    }
  }

  /** The code at the next token, or NaN at the end of the text. */
  #skipSpace(): number {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let code = text.charCodeAt(at);
    while (code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB) {
      at += 1;
      code = text.charCodeAt(at);
    }
    if (at > start) {
      this.#pieces += text.slice(this.#from, start);
      this.#from = at;
      this.#at = at;
    }
    return code;
  }

  #key(): void {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) this.#fail("a key in double quotes");
    this.#string();
    if (this.#skipSpace() !== COLON) this.#fail("':'");
    this.#at += 1;
  }

  #scalar(code: number): void {
    if (code === QUOTE) this.#string();
    else if (code === MINUS || isDigit(code)) this.#number();
    else if (this.#text.startsWith("true", this.#at)) this.#at += 4;
    else if (this.#text.startsWith("false", this.#at)) this.#at += 5;
    else if (this.#text.startsWith("null", this.#at)) this.#at += 4;
    else this.#fail("a value");
  }

  #string(): void {
    const text = this.#text;
    const start = this.#at;
    let at = start + 1;
    let isShortest = true;
    for (;;) {
      const code = text.charCodeAt(at);
      // The common case first: this loop is most of what a large body costs.
      if (code > QUOTE && code !== BACKSLASH) {
        at += 1;
        continue;
      }
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        const kind = text.charCodeAt(at + 1);
        const length = escapeLength(text, at);
        if (length === 0) throw new Fault("syntax", at, "a backslash that escapes nothing");
        if (kind === LOWER_U || kind === SLASH) isShortest = false;
        at += length;
        continue;
      }
      if (!(code >= SPACE)) {
        const problem =
          at < text.length ? "a control character in a text" : "a text without its closing quote";
        throw new Fault("syntax", at, problem);
      }
      at += 1;
    }
    this.#at = at + 1;
    if (isShortest) return;
    this.#pieces +=
      text.slice(this.#from, start) + JSON.stringify(textOf(text.slice(start, this.#at)));
    this.#from = this.#at;
  }

  #number(): void {
    const text = this.#text;
    if (text.charCodeAt(this.#at) === MINUS) this.#at += 1;
    if (text.charCodeAt(this.#at) === ZERO) this.#at += 1;
    else this.#digits();
    if (text.charCodeAt(this.#at) === POINT) {
      this.#at += 1;
      this.#digits();
    }
    const exponent = text[this.#at];
    if (exponent === "e" || exponent === "E") {
      this.#at += 1;
      const sign = text.charCodeAt(this.#at);
      if (sign === PLUS || sign === MINUS) this.#at += 1;
      this.#digits();
    }
  }

  #digits(): void {
    const start = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at += 1;
    if (this.#at === start) this.#fail("a digit");
  }

  #fail(expected: string): never {
    const found = this.#at < this.#text.length ? "" : "; the text ends there";
    throw new Fault("syntax", this.#at, `expected ${expected}${found}`);
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

const HEX4 = /^[0-9a-fA-F]{4}$/;
const SHORT_ESCAPES: ReadonlySet<number> = new Set(new TextEncoder().encode('"\\/bfnrt'));

/** Length of the escape at a backslash; 0 if it is none. */
function escapeLength(text: string, at: number): number {
  const kind = text.charCodeAt(at + 1);
  if (kind === LOWER_U) return HEX4.test(text.slice(at + 2, at + 6)) ? 6 : 0;
  return SHORT_ESCAPES.has(kind) ? 2 : 0;
}

// What follows reads checked text, so it need not check again.

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
    members.set(textOf(object.slice(at, keyEnd)), object.slice(keyEnd + 1, end));
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
 * What stands under these keys and indexes, outermost first; of a doubled key the last counts. One
 * pass, however deep the path: a value that is entered is not skipped a second time.
 */
export function valueAt(json: JsonText, keys: readonly string[]): JsonText | undefined {
  return locate(json, 0, keys, 0).found;
}

interface Located {
  readonly found: JsonText | undefined;
  /** Where the value that was looked into ends. */
  readonly end: number;
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

function locate(text: string, start: number, keys: readonly string[], depth: number): Located {
  const key = keys[depth];
  if (key === undefined) {
    const end = valueEnd(text, start);
    return { found: text.slice(start, end), end };
  }
  const code = text.charCodeAt(start);
  if (code === OPEN_OBJECT) return locateMember(text, start, keys, depth);
  if (code === OPEN_ARRAY && INDEX.test(key)) return locateElement(text, start, keys, depth);
  return { found: undefined, end: valueEnd(text, start) };
}

function locateMember(
  text: string,
  start: number,
  keys: readonly string[],
  depth: number,
): Located {
  let found: JsonText | undefined;
  let at = start + 1;
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    let end: number;
    if (isKey(text, at, keyEnd, keys[depth] ?? "")) {
      ({ found, end } = locate(text, keyEnd + 1, keys, depth + 1));
    } else {
      end = valueEnd(text, keyEnd + 1);
    }
    at = text.charCodeAt(end) === COMMA ? end + 1 : end;
  }
  return { found, end: at + 1 };
}

/** Compared in place: a text of its own for every key would be most of the work. */
function isKey(text: string, start: number, end: number, key: string): boolean {
  // An escape only ever makes a key longer than the text that it stands for.
  const isPlain = end - start === key.length + 2 && !key.includes("\\");
  return isPlain ? text.startsWith(key, start + 1) : textOf(text.slice(start, end)) === key;
}

function locateElement(
  text: string,
  start: number,
  keys: readonly string[],
  depth: number,
): Located {
  const wanted = Number(keys[depth]);
  let found: JsonText | undefined;
  let at = start + 1;
  for (let index = 0; text.charCodeAt(at) !== CLOSE_ARRAY; index += 1) {
    let end: number;
    if (index === wanted) ({ found, end } = locate(text, at, keys, depth + 1));
    else end = valueEnd(text, at);
    at = text.charCodeAt(end) === COMMA ? end + 1 : end;
  }
  return { found, end: at + 1 };
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

function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

/** An odd run of backslashes before it escapes a quote. */
function isEscaped(text: string, at: number): boolean {
  let run = at - 1;
  while (text.charCodeAt(run) === BACKSLASH) run -= 1;
  return (at - run) % 2 === 0;
}

/** The end of the value at `start`: where the `,`, `}` or `]` after it stands. */
function valueEnd(text: string, start: number): number {
  let levels = 0;
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) levels += 1;
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      if (levels === 0) return at;
      levels -= 1;
    } else if ((code === COMMA && levels === 0) || Number.isNaN(code)) return at;
    at += 1;
  }
}
