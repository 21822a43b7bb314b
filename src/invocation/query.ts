/** An address's query as its parameters. */
import { MAX_REMEMBERED_ADDRESS_CHARS, MAX_REMEMBERED_QUERIES } from "../limits.ts";

/** A request's query: of a repeated parameter the first. */
export type Query = ReadonlyMap<string, string>;

const remembered = new Map<string, Query>();

/**
 * The query of an address. A sender is given one address and calls it for ever, so the ones seen
 * last are remembered: the same address gives the same object.
 */
export function queryOf(address: string): Query {
  const known = remembered.get(address);
  if (known !== undefined) return known;
  const query = readQuery(address);
  if (address.length <= MAX_REMEMBERED_ADDRESS_CHARS) {
    if (remembered.size >= MAX_REMEMBERED_QUERIES) remembered.clear();
    remembered.set(address, query);
  }
  return query;
}

/**
 * Of a repeated parameter the first counts. What is neither escaped nor a plus needs no decoding,
 * and is most of it; the rest is read as the URL standard says (`application/x-www-form-urlencoded`),
 * but for a value that is not UTF-8, which is `NOT_UTF8`.
 */
export function readQuery(address: string): Query {
  const query = new Map<string, string>();
  const start = address.indexOf("?");
  const end = address.indexOf("#");
  if (start < 0) return query;
  for (const pair of address.slice(start + 1, end < 0 ? undefined : end).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals), "\ufffd");
    if (!query.has(name)) {
      query.set(name, equals < 0 ? "" : decoded(pair.slice(equals + 1), NOT_UTF8));
    }
  }
  return query;
}

function decoded(text: string, otherwise: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll("+", " ");
  return unescaped(spaced) ?? unescaped(spaced.replace(LONE_PERCENT, "%25")) ?? otherwise;
}

/** It stands for itself. */
const LONE_PERCENT = /%(?![0-9a-f]{2})/gi;

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Half a character, which nothing that is UTF-8 holds: replaced, two conversations might become one. */
export const NOT_UTF8 = "\ud800";
