/** Reading JSON: checked once against RFC 8259, without recursion, and brought to its shortest form. */
import { accepted, refused, type Result } from "../refusal.ts";
import {
  BACKSLASH,
  CARRIAGE_RETURN,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  LINE_FEED,
  LOWER_U,
  MINUS,
  NINE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  PLUS,
  POINT,
  QUOTE,
  SLASH,
  SPACE,
  TAB,
  ZERO,
} from "./json-codes.ts";
import { type JsonText, keyOf, textOf } from "./json-text.ts";

/** What is wrong with a text that is not JSON. `offset` is in UTF-16 units from its start. */
export interface JsonFault {
  readonly kind: "syntax" | "depth";
  readonly offset: number;
  readonly problem: string;
}

/** Is shown a member of an object. */
export type Visit = (name: string, value: JsonText) => unknown;

/**
 * Checks `text` against RFC 8259 and brings it to its shortest form, in one pass. Where it is an
 * object, `visit` is shown each of its members, in order, once all is read; a doubled key comes twice.
 */
export function readJson(
  text: string,
  maxLevels: number,
  visit?: Visit,
): Result<JsonText, JsonFault> {
  const reader = idle ?? new Reader();
  idle = undefined;
  try {
    const json = reader.shortest(text, maxLevels);
    if (visit !== undefined) reader.showMembers(json, visit);
    return accepted(json);
  } catch (fault) {
    if (fault instanceof Fault) return refused(fault);
    throw fault;
  } finally {
    reader.forget();
    idle = reader;
  }
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

/**
 * One pass over one text. It keeps its own stack of open containers, so no nesting overflows it; that
 * and its marks are arrays which the next text uses again.
 */
class Reader {
  #text = "";
  #maxLevels = 0;
  #at = 0;
  /** Start of what has been read but not yet taken. */
  #from = 0;
  /** What was taken: all but the last pieces in one text, and how long it is with them. */
  #taken = "";
  readonly #pieces: string[] = [];
  #length = 0;
  /** Whether each open container is an object, as far as `#levels` says. */
  readonly #inObject: boolean[] = [];
  #levels = 0;
  /**
   * Places in what comes out, as many as `#marked` says: of each member of the outermost object where
   * its key begins, where it ends, and where its value ends.
   */
  #marks: number[] = [];
  #marked = 0;

  /** The text without its white space and with needless escapes undone. */
  shortest(text: string, maxLevels: number): string {
    this.#text = text;
    this.#maxLevels = maxLevels;
    this.#value();
    if (this.#from === 0) return text;
    this.#take(text.length);
    return this.#taken + this.#pieces.join("");
  }

  /** The members of what came out, if it is an object; of an empty one there is one mark, its end. */
  showMembers(json: JsonText, visit: Visit): void {
    for (let n = 0; n + 2 < this.#marked; n += 3) {
      const keyStart = this.#marks[n] ?? 0;
      const keyEnd = this.#marks[n + 1] ?? 0;
      const end = this.#marks[n + 2];
      visit(keyOf(json, keyStart, keyEnd), json.slice(keyEnd + 1, end));
    }
  }

  /** Nothing is left of a text that was read, or found wrong. */
  forget(): void {
    this.#text = "";
    this.#at = 0;
    this.#from = 0;
    this.#taken = "";
    this.#pieces.length = 0;
    this.#length = 0;
    this.#levels = 0;
    this.#marked = 0;
    if (this.#marks.length > MOST_KEPT_MARKS) this.#marks = [];
  }

  /** The whole text: one value, then its end. */
  #value(): void {
    const text = this.#text;
    const inObject = this.#inObject;
    for (;;) {
      const code = this.#skipSpace();
      if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
        this.#at += 1;
        const isObject = code === OPEN_OBJECT;
        if (this.#levels >= this.#maxLevels) {
          throw new Fault("depth", this.#at - 1, "nested too deep");
        }
        inObject[this.#levels] = isObject;
        this.#levels += 1;
        const closing = this.#skipSpace() === (isObject ? CLOSE_OBJECT : CLOSE_ARRAY);
        if (!closing) {
          if (isObject) this.#key(this.#levels === 1);
          continue;
        }
      } else {
        this.#scalar(code);
      }
      // A value has ended: close what it closes, until another one must follow.
      for (;;) {
        const next = this.#skipSpace();
        if (this.#levels === 0) {
          if (this.#at < text.length) this.#fail("nothing more");
          return;
        }
        const within = inObject[this.#levels - 1] === true;
        const isMember = within && this.#levels === 1;
        if (isMember) this.#mark();
        if (next === COMMA) {
          this.#at += 1;
          if (within) {
            this.#skipSpace();
            this.#key(isMember);
          }
          break;
        }
        if (next !== (within ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          this.#fail(within ? "',' or '}'" : "',' or ']'");
        }
        this.#at += 1;
        this.#levels -= 1;
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
      this.#take(start);
      this.#from = at;
      this.#at = at;
    }
    return code;
  }

  #key(isMember: boolean): void {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) this.#fail("a key in double quotes");
    if (isMember) this.#mark();
    this.#string();
    if (isMember) this.#mark();
    if (this.#skipSpace() !== COLON) this.#fail("':'");
    this.#at += 1;
  }

  /** Takes what has been read, up to here. */
  #take(end: number): void {
    this.#add(this.#text.slice(this.#from, end));
  }

  /**
   * Text that is added piece by piece is a chain of them until it is read, each with more around it
   * than in it: ten megabytes with a space behind each number were more than an isolate has.
   */
  #add(piece: string): void {
    this.#length += piece.length;
    if (this.#pieces.push(piece) < MOST_PIECES) return;
    this.#taken += this.#pieces.join("");
    this.#pieces.length = 0;
  }

  /** Notes the place in what will come out. */
  #mark(): void {
    this.#marks[this.#marked] = this.#length + this.#at - this.#from;
    this.#marked += 1;
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
    this.#take(start);
    this.#add(JSON.stringify(textOf(text.slice(start, this.#at))));
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

/** Joined once there are so many. */
const MOST_PIECES = 4_096;

/** A text of more members gives its marks back. */
const MOST_KEPT_MARKS = 3_000;

/**
 * One for all texts, each of which is read before the next is begun (but for one that a `visit` reads):
 * V8 throws away the code that it has optimized for a class at each collection that finds no object of
 * it.
 */
let idle: Reader | undefined = new Reader();

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
