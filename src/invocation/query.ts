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
 * and is most of it; the rest is read as the URL standard says (`application/x-www-form-urlencoded`).
 */
export function readQuery(address: string): Query {
  const query = new Map<string, string>();
  const start = address.indexOf("?");
  const end = address.indexOf("#");
  if (start < 0) return query;
  for (const pair of address.slice(start + 1, end < 0 ? undefined : end).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    if (!query.has(name)) query.set(name, equals < 0 ? "" : decoded(pair.slice(equals + 1)));
  }
  return query;
}

function decoded(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // A lone % is itself, and what is not UTF-8 is replaced.
    return new URLSearchParams(`x=${text}`).get("x") ?? "";
  }
}
