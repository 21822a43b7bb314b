import type { Query } from "../invocation/query.ts";

/** The caller's key, from the header `x-api-key` or else the query; empty if there is none. */
export function credentials(headers: Headers, query: Query): string {
  return headers.get("x-api-key") || query.get("x-api-key") || "";
}
