/**
 * Paths into JSON text (contract §1.3): `message.chat.id`, `entry[0].changes.0.value`, `["a.b"].c`.
 * Only what the JSON itself holds is ever found: there is no object here to inherit anything from.
 */
import { MAX_JSON_LEVELS, MAX_PATH_CHARS } from "../limits.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { type JsonText, textOf } from "./json-text.ts";
import { readJson } from "./read-json.ts";

/** Keys and indexes, from the outermost; `valueAt` follows it. An index is kept as it was written. */
export type Path = readonly string[];

const KEY = /[^.[\]]+/y;
const BRACKETED_INDEX = /\[(\d+)\]/y;
const BRACKETED_KEY = /\[("(?:[^"\\]|\\.)*")\]/y;

/** Reads a path; a refusal is a phrase that says what is wrong with it. */
export function readPath(text: string): Result<Path, string> {
  if (text.length > MAX_PATH_CHARS) return refused(`is longer than ${MAX_PATH_CHARS} characters`);
  const path: string[] = [];
  let at = 0;
  while (at < text.length) {
    const bracketed = text[at] === "[";
    if (!bracketed && path.length > 0) {
      if (text[at] !== ".") return refused(`has an unexpected "${text[at]}" at ${at}`);
      at += 1;
    }
    const step = bracketed ? bracketedStep(text, at) : plainStep(text, at);
    if (step === undefined) return refused(`has no key at ${at}; write entry[0], a.b or ["a.b"]`);
    path.push(step.key);
    at = step.end;
  }
  return path.length > 0 ? accepted(path) : refused("is empty");
}

interface Step {
  readonly key: string;
  readonly end: number;
}

function plainStep(text: string, at: number): Step | undefined {
  const key = matchAt(KEY, text, at)?.[0];
  return key === undefined ? undefined : { key, end: at + key.length };
}

function bracketedStep(text: string, at: number): Step | undefined {
  const index = matchAt(BRACKETED_INDEX, text, at);
  if (index?.[1] !== undefined) return { key: index[1], end: at + index[0].length };
  const quoted = matchAt(BRACKETED_KEY, text, at);
  if (quoted?.[1] === undefined) return undefined;
  const key = readJson(quoted[1], 1);
  return key.ok ? { key: textOf(key.value), end: at + quoted[0].length } : undefined;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The JSON that a text is, bare or inside one Markdown fence (contract §1.5). */
export function jsonWithin(text: string): JsonText | undefined {
  const trimmed = text.trim();
  const json = readJson(withoutFence(trimmed), MAX_JSON_LEVELS);
  return json.ok ? json.value : undefined;
}

/** One pass: what an agent answers may be a megabyte of backticks. */
function withoutFence(text: string): string {
  const [marks] = /^(?:`{3,}|~{3,})/.exec(text) ?? [];
  const start = text.indexOf("\n") + 1;
  if (marks === undefined || start === 0) return text;
  let end = text.length;
  while (end > start && text[end - 1] === marks[0]) end -= 1;
  // The closing fence is as long as the opening one, or longer (CommonMark §4.5).
  return text.length - end >= marks.length ? text.slice(start, end) : text;
}
