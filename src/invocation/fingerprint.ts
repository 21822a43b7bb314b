/** What a repeat is compared by (contract §2.3): what was asked, not the bytes that it came in. */
import {
  type JsonText,
  kindOf,
  membersOf,
  elementsOf,
  objectText,
  toJsonText,
} from "./json-text.ts";
import type { Parameters } from "./parameter-schemas.ts";
import type { TaskFile } from "./task.ts";

export interface Asked {
  readonly values: Parameters;
  readonly userTokens: JsonText | undefined;
  readonly context: readonly (readonly [string, JsonText])[];
  readonly files: readonly TaskFile[];
}

/** One and the same text for all requests that ask the same. */
export function fingerprintOf({ values, userTokens, context, files }: Asked): string {
  const { user_tokens: _, overlap, ...others } = values;
  // A default that is written out is the default.
  const flags = Object.entries(others).filter(([, value]) => value !== false);
  const plain = { ...Object.fromEntries(flags), ...(overlap !== "queue" && { overlap }) };
  return objectText([
    ["parameters", sorted(toJsonText(plain))],
    ["user_tokens", sorted(userTokens ?? "null")],
    ["context", sorted(objectText(context))],
    ["files", toJsonText(files.map(describe))],
  ]);
}

function describe(file: TaskFile): readonly string[] {
  return "key" in file ? [file.field, file.name, file.sha256 ?? ""] : [file.url];
}

/** The same JSON, the members of its objects in the order of their names. */
function sorted(json: JsonText): JsonText {
  switch (kindOf(json)) {
    case "object": {
      const members = [...membersOf(json)].toSorted(([a], [b]) => (a < b ? -1 : 1));
      return objectText(members.map(([name, value]) => [name, sorted(value)]));
    }
    case "array":
      return `[${elementsOf(json, Number.POSITIVE_INFINITY).map(sorted).join(",")}]`;
    case "text":
    case "number":
    case "boolean":
    case "null":
      return json;
  }
}
