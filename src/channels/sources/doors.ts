/** Who may send at all: origins with CORS (Fetch standard), addresses, and how often. */
import { isWithin } from "../../agent-desk/address-range.ts";
import type { Source } from "../../agent-desk/source.ts";
import type { Exchange } from "../exchange.ts";

/** Whether the request comes from where the source takes requests from. */
export function isFromAllowed(source: Source, headers: Headers): boolean {
  return isOriginAllowed(source, headers) && isAddressAllowed(source, headers);
}

/** What comes from no page has no origin, and is from none that is allowed. */
function isOriginAllowed({ settings }: Source, headers: Headers): boolean {
  const { allowed_origins: allowed } = settings;
  if (allowed === undefined || allowed.includes("*")) return true;
  return allowed.includes(headers.get("Origin") ?? "");
}

/** On Cloudflare nobody but Cloudflare writes this header. */
function isAddressAllowed({ ranges }: Source, headers: Headers): boolean {
  return ranges === undefined || isWithin(headers.get("CF-Connecting-IP") ?? "", ranges);
}

/** So that a page can read what its form was answered with, whatever that is. */
export function corsHeaders(
  { settings }: Source,
  headers: Headers,
): Record<string, string> | undefined {
  const { allowed_origins: allowed } = settings;
  if (allowed === undefined) return undefined;
  if (allowed.includes("*")) return { "Access-Control-Allow-Origin": "*" };
  const origin = headers.get("Origin") ?? "";
  const vary = { Vary: "Origin" };
  return allowed.includes(origin) ? { ...vary, "Access-Control-Allow-Origin": origin } : vary;
}

export function preflightHeaders(headers: Headers): Record<string, string> {
  const wanted = headers.get("Access-Control-Request-Headers") ?? "";
  const isList = /^[\w!#$%&'*+.^`|~, -]{1,1024}$/.test(wanted);
  return {
    "Access-Control-Allow-Methods": "POST",
    ...(isList && { "Access-Control-Allow-Headers": wanted }),
    "Access-Control-Max-Age": "600",
  };
}

/**
 * CloudEvents' question before the first delivery (http-webhook §4): may this host send here? Only a
 * source of a general kind is asked so; a sender with a row of its own never is. `undefined` if it is
 * not asked, or in no form that is answered.
 */
export function deliveryPermission(
  { provider }: Source,
  headers: Headers,
): Record<string, string> | undefined {
  const origin = headers.get("WebHook-Request-Origin") ?? "";
  const rate = headers.get("WebHook-Request-Rate") ?? "";
  if (!GENERAL_KINDS.has(provider.name) || !/^[A-Za-z0-9.-]{1,253}$/.test(origin)) return undefined;
  const isRate = /^[1-9]\d{0,8}$/.test(rate);
  return {
    "WebHook-Allowed-Origin": origin,
    ...(isRate && { "WebHook-Allowed-Rate": rate }),
  };
}

const GENERAL_KINDS: ReadonlySet<string> = new Set(["hmac", "token", "basic", "none"]);

/**
 * Whether there have been too many of this kind in the last minute. Attempts that fail are counted
 * apart from those that succeed, or a stranger's failures would stop a sender that knows its token.
 * The binding counts in each place by itself; without it (plain workerd has none) nothing brakes.
 */
export async function isBraked(
  exchange: Exchange,
  { agentId, name }: Source,
  kind: "taken" | "failed",
): Promise<boolean> {
  const rate: RateLimit | undefined = exchange.env.SOURCE_RATE;
  if (rate === undefined) {
    sayOnce();
    return false;
  }
  const { success } = await rate.limit({ key: `${agentId}/${name}/${kind}` });
  return !success;
}

let isSaid = false;

function sayOnce(): void {
  if (isSaid) return;
  isSaid = true;
  console.warn(JSON.stringify({ channel: "sources", event: "no_brake", cause: "no SOURCE_RATE" }));
}
