/** What a repeat is compared by (contract §2.3): what was asked, not the bytes that it came in. */
import { type JsonText, objectText, toJsonText } from "./json-text.ts";
import type { Parameters } from "./parameter-schemas.ts";
import { sortedJson } from "./sorted-json.ts";
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
    ["parameters", sortedJson(toJsonText(plain))],
    ["user_tokens", sortedJson(userTokens ?? "null")],
    ["context", sortedJson(objectText(context))],
    ["files", toJsonText(files.map(describe))],
  ]);
}

function describe(file: TaskFile): readonly string[] {
  return "key" in file ? [file.field, file.name, file.sha256 ?? ""] : [file.url];
}
