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
  const shown = parsed === undefined ? state : { ...state, result: parsed };
  const format = json && { resultFormat: formatOf(parsed) };
  const value = getter && valueIn(shown, getter.path);
  if (value !== undefined) return accepted({ json: value, ...format });
  const whole = objectText(ANSWER_FIELDS.map((field) => [field, shown[field]]));
  if (getter === undefined) return accepted({ json: whole, ...format });
  const problem = { loc: getter.loc, msg: "finds nothing in the answer", type: "not_found" };
  return refused({ reason: "getter_found_nothing", problem, task: whole });
}

/** A result that is JSON text is entered, whether or not the caller wants it as JSON. */
function valueIn(state: TaskState, path: Path): JsonText | undefined {
  const field = ANSWER_FIELDS.find((known) => known === path[0]);
  if (field === undefined) return undefined;
  const value = state[field];
  const isText = field === "result" && path.length > 1 && kindOf(value) === "text";
  const entered = isText ? jsonWithin(textOf(value)) : value;
  return entered === undefined ? undefined : valueAt(entered, path, 1);
}

function formatOf(parsed: JsonText | undefined): "json" | "text" {
  return parsed === undefined ? "text" : "json";
}

function resultAsJson(result: JsonText): JsonText | undefined {
  return kindOf(result) === "text" ? jsonWithin(textOf(result)) : result;
}
