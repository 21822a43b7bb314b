/** From a task's state to the answer that its caller asked for (contract §1.5). */
import { accepted, refused, type Result } from "../refusal.ts";
import type { Shape } from "./invocation.ts";
import { type JsonText, kindOf, objectText, textOf, valueAt } from "./json-text.ts";
import { jsonWithin, type Path } from "./path.ts";
import { ANSWER_FIELDS, type TaskState } from "./task.ts";

export interface Answer {
  /** The eight fields, or the value that the getter found. */
  readonly json: JsonText;
  /** Said of `result` when the caller asked for JSON. */
  readonly resultFormat?: "json" | "text";
}

/** A getter that finds nothing is refused, with the whole answer, so that nothing is lost. */
export function shapeAnswer(state: TaskState, { json, getter }: Shape): Result<Answer> {
  const parsed = json ? resultAsJson(state.result) : undefined;
  const result = parsed ?? state.result;
  const whole = objectText(
    ANSWER_FIELDS.map((field) => [field, field === "result" ? result : state[field]]),
  );
  const format = json && { resultFormat: formatOf(parsed) };
  if (getter === undefined) return accepted({ json: whole, ...format });
  const value = valueAt(whole, getter.path) ?? findInResult(result, getter.path);
  if (value !== undefined) return accepted({ json: value, ...format });
  const problem = { loc: getter.loc, msg: "finds nothing in the answer", type: "not_found" };
  return refused({ reason: "getter_found_nothing", problem, task: whole });
}

function formatOf(parsed: JsonText | undefined): "json" | "text" {
  return parsed === undefined ? "text" : "json";
}

function resultAsJson(result: JsonText): JsonText | undefined {
  return kindOf(result) === "text" ? jsonWithin(textOf(result)) : result;
}

/** A result that is JSON text is entered, whether or not the caller wants it as JSON. */
function findInResult(result: JsonText, [first, ...rest]: Path): JsonText | undefined {
  if (first !== "result" || kindOf(result) !== "text") return undefined;
  const inside = jsonWithin(textOf(result));
  return inside === undefined ? undefined : valueAt(inside, rest);
}
