/** Looking into fields whose shape is the sender's to break: what is not as expected is absent. */
import { type Fields, isAbsent } from "../invocation/fields.ts";
import {
  elementsOf,
  type JsonText,
  kindOf,
  membersOf,
  textOf,
  valueAt,
} from "../invocation/json-text.ts";
import type { User } from "../invocation/task.ts";

/** What stands at keys parted by dots, as in `message.chat.id`; `null` and the empty text are absent. */
export function valueIn(fields: Fields, path: string): JsonText | undefined {
  const [name = "", ...keys] = path.split(".");
  const field = fields.get(name);
  // Without keys there is nothing to look for, and a large field is not gone through again.
  const isWhole = field === undefined || keys.length === 0;
  const value = isWhole ? field : valueAt(field, keys);
  return value === undefined || isAbsent(value) ? undefined : value;
}

/** The text at the first of these paths that has one; a number is its digits. */
export function textIn(fields: Fields, ...paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const value = valueIn(fields, path);
    if (value === undefined) continue;
    const kind = kindOf(value);
    if (kind === "text") return textOf(value);
    if (kind === "number") return value;
  }
  return undefined;
}

export function isTrueIn(fields: Fields, path: string): boolean {
  return valueIn(fields, path) === "true";
}

/** The members of the object at a path; none if there is no object. */
export function objectIn(fields: Fields, path: string): Fields {
  return objectOf(valueIn(fields, path)) ?? new Map();
}

export function objectOf(value: JsonText | undefined): Fields | undefined {
  return value !== undefined && kindOf(value) === "object" ? membersOf(value) : undefined;
}

/** The elements of the list at a path; none if there is no list. */
export function listIn(fields: Fields, path: string, atMost: number): readonly JsonText[] {
  const value = valueIn(fields, path);
  return value !== undefined && kindOf(value) === "array" ? elementsOf(value, atMost) : [];
}

/** What is known of a person; `undefined` if it is nothing. */
export function userFrom(known: {
  readonly [Key in keyof User]: string | undefined;
}): User | undefined {
  const { id, email, first_name: first, last_name: last } = known;
  const user: User = {
    ...(id !== undefined && { id }),
    ...(email !== undefined && { email }),
    ...(first !== undefined && { first_name: first }),
    ...(last !== undefined && { last_name: last }),
  };
  return Object.keys(user).length > 0 ? user : undefined;
}
