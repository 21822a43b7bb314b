/** Reading a task as the platform's REST API writes one, whether it has just come or was kept. */
import { MAX_JSON_LEVELS } from "../limits.ts";
import { type JsonText, kindOf } from "./json-text.ts";
import { readJson } from "./read-json.ts";
import type { Shown } from "./task.ts";

/** What we know of a task, as it was written; `undefined` if it is not a task. */
export function readTask(text: string): Shown | undefined {
  const shown: Record<keyof Shown, JsonText> = { ...NOTHING_SHOWN };
  const json = readJson(text, MAX_JSON_LEVELS + ECHO_LEVELS, (name, value) => {
    if (isShownField(name)) shown[name] = value;
  });
  const isTask = json.ok && kindOf(shown.id) === "text" && kindOf(shown.status) === "text";
  return isTask ? shown : undefined;
}

/** The platform may show what it was sent, within layers of its own. */
const ECHO_LEVELS = 10;

const NOTHING_SHOWN: Shown = {
  id: "null",
  agent_id: "null",
  status: "null",
  result: "null",
  created_at: "null",
  finished_at: "null",
  source: "null",
  execution_attempts: "null",
  started_at: "null",
  input: "null",
};

const SHOWN_FIELDS: ReadonlySet<string> = new Set(Object.keys(NOTHING_SHOWN));

function isShownField(name: string): name is keyof Shown {
  return SHOWN_FIELDS.has(name);
}
