/** A source's own prompt with `{{path}}` in it (contract §4). */
import type { Fields } from "../invocation/fields.ts";
import { type JsonText, kindOf, textOf, valueAt } from "../invocation/json-text.ts";
import { readPath } from "../invocation/path.ts";
import { MAX_TASK_CHARS } from "../limits.ts";

/** A phrase that says what is wrong with a template that is being set. */
export function templateProblem(template: string): string | undefined {
  for (const { opening, path } of partsOf(template)) {
    const read = path === undefined ? undefined : readPath(path);
    if (read !== undefined && !read.ok) return `path in {{${path}}} ${read.refusal}`;
    if (opening && path === undefined) return "has a {{ without its }}";
  }
  return undefined;
}

/**
 * The template with each `{{path}}` replaced by what stands there: a text bare, anything else as its
 * JSON, nothing where the path finds nothing. What was filled in is not read for paths again. It
 * stops growing once it is too long for a task, which is then refused as any other is.
 */
export function promptFrom(template: string, fields: Fields): string {
  let prompt = "";
  for (const { text, path } of partsOf(template)) {
    prompt += text + (path === undefined ? "" : valueAtPath(fields, path));
    if (prompt.length > MAX_TASK_CHARS) break;
  }
  return prompt;
}

interface Part {
  /** What stands before the path, or to the end. */
  readonly text: string;
  readonly path?: string;
  /** An opening that is never closed is text. */
  readonly opening: boolean;
}

function partsOf(template: string): Part[] {
  const [first = "", ...rest] = template.split("{{");
  const parts: Part[] = [{ text: first, opening: false }];
  for (const piece of rest) {
    const end = piece.indexOf("}}");
    if (end < 0) parts.push({ text: `{{${piece}`, opening: true });
    else {
      parts.push({ text: "", path: piece.slice(0, end).trim(), opening: true });
      parts.push({ text: piece.slice(end + 2), opening: false });
    }
  }
  return parts;
}

function valueAtPath(fields: Fields, text: string): string {
  const path = readPath(text);
  if (!path.ok) return "";
  const [name = "", ...keys] = path.value;
  const field = fields.get(name);
  return shown(field === undefined ? undefined : valueAt(field, keys));
}

function shown(value: JsonText | undefined): string {
  if (value === undefined || value === "null") return "";
  return kindOf(value) === "text" ? textOf(value) : value;
}
