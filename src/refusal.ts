/**
 * Every reason for which a caller is turned away, and the one place that gives it a status and words.
 * A refusal is a value: rooms return it, a channel turns it into a response.
 */

/** A value, or the reason why there is none. */
export type Result<Value, Failure = Refusal> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refusal: Failure };

export function accepted<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

export function refused<Failure>(refusal: Failure): {
  readonly ok: false;
  readonly refusal: Failure;
} {
  return { ok: false, refusal };
}

/** Where a parameter stands: `["query", "map.task_id"]`, `["body", "prompt"]`. */
export type Place = readonly (string | number)[];

/** One wrong parameter, in the words the platform uses for its own. */
export interface Problem {
  readonly loc: Place;
  readonly msg: string;
  readonly type: string;
}

/** A ceiling that a request went over; `setting` is what an operator would raise, if there is one. */
export interface Limit {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly setting?: string;
}

export type Refusal =
  | { readonly reason: "agent_id_missing" }
  | { readonly reason: "body_unreadable"; readonly problem: string }
  | { readonly reason: "body_too_deep"; readonly levels: number; readonly place: string }
  | { readonly reason: "api_key_missing" }
  | { readonly reason: "api_key_invalid" }
  | { readonly reason: "agent_not_found" }
  | { readonly reason: "not_found" }
  | { readonly reason: "source_not_found" }
  | { readonly reason: "sender_not_allowed" }
  | { readonly reason: "link_expired" }
  | { readonly reason: "link_invalid" }
  | { readonly reason: "range_unsatisfiable"; readonly size: number }
  | { readonly reason: "method_not_allowed"; readonly allow: string }
  | { readonly reason: "limit_exceeded"; readonly limit: Limit }
  | { readonly reason: "content_type_unsupported"; readonly type: string }
  | { readonly reason: "charset_unsupported"; readonly charset: string }
  | { readonly reason: "content_encoding_unsupported"; readonly encoding: string }
  | { readonly reason: "file_unsupported"; readonly problem: string }
  | { readonly reason: "parameters_invalid"; readonly problems: readonly Problem[] }
  | { readonly reason: "getter_found_nothing"; readonly problem: Problem; readonly task: string }
  | {
      readonly reason: "rate_limited";
      readonly headers: Readonly<Record<string, string>>;
      /** `Retry-After` as the platform said it, if it did. */
      readonly retryAfter?: string;
    }
  | { readonly reason: "signature_invalid" }
  | { readonly reason: "day_full" }
  | { readonly reason: "platform_failed" }
  | { readonly reason: "platform_unreachable" }
  | { readonly reason: "platform_timeout" }
  | { readonly reason: "conversation_busy" }
  | { readonly reason: "setting_invalid" }
  | { readonly reason: "internal" };

/** What a refusal is on the wire. `task` is the JSON text of an answer that must not be lost. */
export interface Told {
  readonly status:
    400 | 401 | 403 | 404 | 405 | 413 | 415 | 416 | 422 | 429 | 500 | 502 | 503 | 504;
  readonly detail: string | readonly Problem[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly task?: string;
}

/** Status and words of a refusal (contract §1.7). Without `default`: a new reason needs its own. */
export function tell(refusal: Refusal): Told {
  switch (refusal.reason) {
    case "agent_id_missing":
      return { status: 400, detail: "agent_id is required" };
    case "body_unreadable":
      return { status: 400, detail: refusal.problem };
    case "body_too_deep":
      return {
        status: 400,
        detail: `The body is nested more than ${refusal.levels} levels deep at ${refusal.place}`,
      };
    case "api_key_missing":
      return { status: 401, detail: "API key not specified" };
    case "api_key_invalid":
      return { status: 403, detail: "Invalid API key" };
    case "agent_not_found":
      return { status: 404, detail: "Agent not found" };
    case "not_found":
      return { status: 404, detail: "Not found" };
    case "source_not_found":
      return { status: 404, detail: "Source not found" };
    case "sender_not_allowed":
      return { status: 403, detail: "This source takes nothing from where this came from" };
    case "link_expired":
      return { status: 403, detail: "This link has expired" };
    case "link_invalid":
      return { status: 403, detail: "Invalid link" };
    case "range_unsatisfiable":
      return {
        status: 416,
        detail: `The file has ${refusal.size} bytes`,
        headers: { "Content-Range": `bytes */${refusal.size}` },
      };
    case "method_not_allowed":
      return {
        status: 405,
        detail: `Method not allowed; allowed: ${refusal.allow}`,
        headers: { Allow: refusal.allow },
      };
    case "limit_exceeded":
      return { status: 413, detail: limitWords(refusal.limit) };
    case "content_type_unsupported":
      return { status: 415, detail: `Content-Type ${refusal.type} is not accepted` };
    case "charset_unsupported":
      return {
        status: 415,
        detail: `Charset ${refusal.charset} is not accepted; send UTF-8`,
      };
    case "content_encoding_unsupported":
      return {
        status: 415,
        detail: `Content-Encoding ${refusal.encoding} is not accepted; send gzip or none`,
      };
    case "file_unsupported":
      return { status: 415, detail: refusal.problem };
    case "parameters_invalid":
      return { status: 422, detail: refusal.problems };
    case "getter_found_nothing":
      return { status: 422, detail: [refusal.problem], task: refusal.task };
    case "signature_invalid":
      return { status: 401, detail: "The signature is missing or wrong" };
    case "day_full":
      return { status: 429, detail: "This source has run as often as it may today" };
    case "rate_limited":
      return {
        status: 429,
        detail: "Too many requests; try again after the time in Retry-After",
        headers: refusal.headers,
      };
    case "platform_failed":
      return { status: 502, detail: "The agent platform failed" };
    case "platform_unreachable":
      return {
        status: 503,
        detail: "The agent platform cannot be reached",
        headers: { "Retry-After": "5" },
      };
    case "platform_timeout":
      return { status: 504, detail: "The agent platform took too long" };
    case "conversation_busy":
      return {
        status: 503,
        detail: "The conversation was busy for too long; the task was not sent",
        headers: { "Retry-After": "5" },
      };
    case "setting_invalid":
      return { status: 500, detail: "The gateway is not configured; its log names the setting" };
    case "internal":
      return { status: 500, detail: "The gateway failed; its log has the cause" };
  }
}

function limitWords({ what, value, unit, setting }: Limit): string {
  const remedy = setting === undefined ? "" : ` (${setting})`;
  return `${what} may have at most ${value} ${unit}${remedy}`;
}
