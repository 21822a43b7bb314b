/** One call of the platform's REST API, and what its failures mean (contract §1.7). */
import {
  MAX_API_KEY_CHARS,
  MAX_PLATFORM_ANSWER_BYTES,
  MAX_PLATFORM_REFUSAL_BYTES,
} from "../../limits.ts";
import { readAtMost } from "../../pieces.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import { type Caller, PlatformOutage } from "../platform.ts";
import { isReachable } from "./reachable.ts";
import { rateLimited, readProblems } from "./reply.ts";

/** A header can carry it, and it is no longer than a key can be. */
function isSendable(apiKey: string): boolean {
  return apiKey.length <= MAX_API_KEY_CHARS && /^[\x21-\x7e]+$/.test(apiKey);
}

export interface PlatformCall {
  readonly method: "GET" | "POST";
  /** JSON. */
  readonly body?: string;
}

/**
 * The text of a 2xx reply, empty if it is too large; or what the platform refused. Anything else
 * throws `PlatformOutage`.
 */
export async function callPlatform(
  address: string,
  { apiKey }: Caller,
  { method, body }: PlatformCall,
): Promise<Result<string>> {
  if (!isSendable(apiKey)) return refused({ reason: "api_key_invalid" });
  let reply: Response;
  try {
    reply = await fetch(address, {
      method,
      headers:
        body === undefined
          ? { "x-api-key": apiKey }
          : { "content-type": "application/json", "x-api-key": apiKey },
      body: body ?? null,
      // workerd would follow a redirect to another host with the key.
      redirect: "manual",
    });
  } catch (cause) {
    const reason = (await isReachable(address)) ? "platform_failed" : "platform_unreachable";
    // A platform that died since may have taken what it was sent.
    throw new PlatformOutage(reason, cause, { tookNothing: method === "GET" });
  }
  if (!reply.ok) return refused(await refusalOf(reply));
  return accepted(await replyText(reply, MAX_PLATFORM_ANSWER_BYTES).catch(brokenOff));
}

function brokenOff(cause: unknown): never {
  throw new PlatformOutage("platform_failed", cause);
}

/** Empty if it is too large. */
function replyText(reply: Response, maxBytes: number): Promise<string> {
  const { headers } = reply;
  // What is compressed says nothing of what comes out.
  const isPlain = headers.get("content-encoding") === null;
  const length = isPlain ? Number(headers.get("content-length") ?? Number.NaN) : Number.NaN;
  // The runtime reads a reply of a known length whole, the fastest.
  return length <= maxBytes ? reply.text() : textInPieces(reply, length, maxBytes);
}

async function textInPieces({ body }: Response, length: number, maxBytes: number): Promise<string> {
  if (length > maxBytes || body === null) return "";
  return new TextDecoder().decode(await readAtMost(body, maxBytes));
}

/** What the platform refused, in our words (contract §1.7). */
async function refusalOf(reply: Response): Promise<Refusal> {
  switch (reply.status) {
    case 400:
    case 422: {
      const text = await replyText(reply, MAX_PLATFORM_REFUSAL_BYTES).catch(brokenOff);
      return { reason: "parameters_invalid", problems: readProblems(text) };
    }
    case 401:
    case 403:
    case 404:
    case 429:
      await reply.body?.cancel().catch(brokenOff);
      return refusalOfStatus(reply.status, reply.headers);
    default:
      await reply.body?.cancel().catch(brokenOff);
      throw new PlatformOutage(outageOfStatus(reply.status), `status ${reply.status}`, {
        tookNothing: !MAY_STILL_RUN.has(reply.status),
        retryAfter: reply.headers.get("Retry-After") ?? undefined,
      });
  }
}

/** Cloudflare answers in an unreachable origin's place: refused, too slow to connect, no route, no name. */
const EDGE_UNREACHABLE: ReadonlySet<number> = new Set([521, 522, 523, 530]);
const EDGE_TIMEOUT = 524;

const EDGE_UNACKNOWLEDGED = 522;

/** Said by a proxy in between, which has heard nothing from an agent that may be at work. */
const MAY_STILL_RUN: ReadonlySet<number> = new Set([502, 504, EDGE_UNACKNOWLEDGED, EDGE_TIMEOUT]);

function outageOfStatus(status: number): PlatformOutage["reason"] {
  if (EDGE_UNREACHABLE.has(status)) return "platform_unreachable";
  return status === EDGE_TIMEOUT ? "platform_timeout" : "platform_failed";
}

function refusalOfStatus(status: 401 | 403 | 404 | 429, headers: Headers): Refusal {
  switch (status) {
    case 401:
    case 403:
      return { reason: "api_key_invalid" };
    case 404:
      return { reason: "agent_not_found" };
    case 429:
      return rateLimited(headers, Date.now());
  }
}
