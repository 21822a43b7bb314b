/** JSON text with the members of its objects in the order of their names. */
import { CLOSE_ARRAY, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from "./json-codes.ts";
import { type JsonText, keyOf, objectText, stringEnd, valueEnd } from "./json-text.ts";

/**
 * Of a doubled name the last counts. One pass, however deep; what is in order already is handed on as
 * it stands. It recurses: at most as deep as bodies may be (1,000 levels).
 */
export function sortedJson(json: JsonText): JsonText {
  return sortedAt(json, 0).json ?? json;
}

interface Sorted {
  readonly end: number;
  /** `undefined` where it is as it stood. */
  readonly json: JsonText | undefined;
}

function sortedAt(text: JsonText, start: number): Sorted {
  switch (text.charCodeAt(start)) {
    case OPEN_OBJECT:
      return sortedObject(text, start);
    case OPEN_ARRAY:
      return sortedArray(text, start);
    default:
      return { end: valueEnd(text, start), json: undefined };
  }
}

function sortedObject(text: JsonText, start: number): Sorted {
  const members: [string, JsonText][] = [];
  let isSame = true;
  let at = start + 1;
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const name = keyOf(text, at, keyEnd);
    const { end, json } = sortedAt(text, keyEnd + 1);
    const before = members.at(-1)?.[0];
    isSame &&= json === undefined && (before === undefined || before < name);
    members.push([name, json ?? text.slice(keyEnd + 1, end)]);
    at = text.charCodeAt(end) === COMMA ? end + 1 : end;
  }
  if (isSame) return { end: at + 1, json: undefined };
  const inOrder = [...new Map(members)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { end: at + 1, json: objectText(inOrder) };
}

function sortedArray(text: JsonText, start: number): Sorted {
  let json: string | undefined;
  let from = start;
  let at = start + 1;
  while (text.charCodeAt(at) !== CLOSE_ARRAY) {
    const element = sortedAt(text, at);
    if (element.json !== undefined) {
      json = (json ?? "") + text.slice(from, at) + element.json;
      from = element.end;
    }
    at = text.charCodeAt(element.end) === COMMA ? element.end + 1 : element.end;
  }
  const end = at + 1;
  return { end, json: json === undefined ? undefined : json + text.slice(from, end) };
}
