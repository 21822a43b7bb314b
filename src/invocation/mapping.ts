/** Which paths of the body fill which parameters: `map.x=…` and `params_mapping={…}` (contract §1.3). */
import { MAX_JSON_LEVELS } from "../limits.ts";
import { type Place, type Problem, refused } from "../refusal.ts";
import { isAbsent } from "./fields.ts";
import { type JsonText, kindOf, membersOf, textOf, toJsonText } from "./json-text.ts";
import { type Path, readPath } from "./path.ts";
import type { Query } from "./query.ts";
import { readJson } from "./read-json.ts";

/** The parameters that a mapping may fill. */
export const MAPPABLE = [
  "task_id",
  "user_id",
  "user_email",
  "user_first_name",
  "user_last_name",
  "prompt",
] as const;

export interface Mapped {
  readonly path: Path;
  readonly loc: Place;
}

export interface Mapping {
  /** By parameter; of several the first that finds something counts. */
  readonly paths: ReadonlyMap<string, readonly Mapped[]>;
  readonly problems: readonly Problem[];
}

/** `map.task_id=message.chat.id`, or all of them in `params_mapping`; the former counts. */
export function readMapping(query: Query): Mapping {
  const paths = new Map<string, Mapped[]>();
  const { entries, problems } = mappingEntries(query);
  for (const { name, json, loc } of entries) {
    if (!MAPPABLE.some((mappable) => mappable === name)) {
      const msg = `is no parameter that can be mapped; these can: ${MAPPABLE.join(", ")}`;
      problems.push({ loc, msg, type: "unknown_parameter" });
      continue;
    }
    if (isAbsent(json)) continue;
    const path = kindOf(json) === "text" ? readPath(textOf(json)) : refused("must be text");
    if (path.ok) paths.set(name, [...(paths.get(name) ?? []), { path: path.value, loc }]);
    else problems.push({ loc, msg: `path ${path.refusal}`, type: "custom" });
  }
  return { paths, problems };
}

interface Entry {
  readonly name: string;
  readonly json: JsonText;
  readonly loc: Place;
}

function mappingEntries(query: Query): { entries: Entry[]; problems: Problem[] } {
  const entries: Entry[] = [];
  for (const [key, text] of query) {
    if (!key.startsWith("map.")) continue;
    entries.push({ name: key.slice("map.".length), json: toJsonText(text), loc: ["query", key] });
  }
  const text = query.get("params_mapping") ?? "";
  if (text === "") return { entries, problems: [] };
  const loc = ["query", "params_mapping"];
  const json = readJson(text, MAX_JSON_LEVELS);
  if (!json.ok) {
    return { entries, problems: [{ loc, msg: mappingRemedy(text), type: "json_invalid" }] };
  }
  if (kindOf(json.value) !== "object") {
    return { entries, problems: [{ loc, msg: "must be a JSON object", type: "invalid_type" }] };
  }
  for (const [name, value] of membersOf(json.value)) {
    entries.push({ name, json: value, loc: [...loc, name] });
  }
  return { entries, problems: [] };
}

function mappingRemedy(text: string): string {
  const example = "map.task_id=message.chat.id";
  if (!/^\s*"[^"]*"\s*:/.test(text)) {
    return `must be a JSON object, as in {"task_id":"message.chat.id"}; or write ${example}`;
  }
  return (
    "must be a JSON object, but has lost its braces: curl without -g takes {…} for a pattern " +
    `and sends one request for each entry. Use curl -g, or write ${example}`
  );
}
