/**
 * The remote adapter: any server with the platform's REST API. It keeps nothing, and does not
 * guarantee that a task which ended in an outage has not run: the platform may have taken it.
 */
import type { Task } from "../../invocation/task.ts";
import {
  MAX_ACCEPT_SECONDS,
  MAX_API_KEY_CHARS,
  MAX_PLATFORM_ANSWER_BYTES,
  MAX_PLATFORM_REFUSAL_BYTES,
} from "../../limits.ts";
import { readAtMost } from "../../pieces.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import { type Caller, type Platform, PlatformOutage } from "../platform.ts";
import { isReachable } from "./reachable.ts";
import { rateLimited, readProblems, readTask } from "./reply.ts";
import { invokeBody, invokePath } from "./request.ts";

export interface RemoteOptions {
  /** Without a path. */
  readonly origin: string;
  readonly syncTimeoutSeconds: number;
}

export function createRemotePlatform({ origin, syncTimeoutSeconds }: RemoteOptions): Platform {
  const acceptTimeoutSeconds = Math.min(syncTimeoutSeconds, MAX_ACCEPT_SECONDS);

  return {
    async run(task, caller) {
      const signal = AbortSignal.timeout(syncTimeoutSeconds * 1000);
      const reply = await call(origin + invokePath(task, "sync"), task, caller, signal);
      if (!reply.ok) return reply;
      const state = readTask(await replyText(reply.value, MAX_PLATFORM_ANSWER_BYTES, signal));
      if (state === undefined) throw new PlatformOutage("platform_failed", "reply is no task");
      return accepted(state);
    },

    async start(task, caller) {
      const signal = AbortSignal.timeout(acceptTimeoutSeconds * 1000);
      const reply = await call(origin + invokePath(task, "async"), task, caller, signal);
      if (!reply.ok) return reply;
      await reply.value.body?.cancel();
      return accepted("started");
    },
  };
}

/** A header can carry it, and it is no longer than a key can be. */
function isSendable(apiKey: string): boolean {
  return apiKey.length <= MAX_API_KEY_CHARS && /^[\x21-\x7e]+$/.test(apiKey);
}

/** A 2xx reply, or what the platform refused; anything else throws. */
async function call(
  address: string,
  task: Task,
  { apiKey }: Caller,
  signal: AbortSignal,
): Promise<Result<Response>> {
  if (!isSendable(apiKey)) return refused({ reason: "api_key_invalid" });
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": apiKey },
    body: invokeBody(task),
    // workerd would follow a redirect to another host with the key.
    redirect: "manual",
    signal,
  } as const;
  let reply: Response;
  try {
    reply = await fetch(address, request);
  } catch (cause) {
    throw await outage(cause, address, signal);
  }
  if (reply.ok) return accepted(reply);
  return refused(await refusalOf(reply, signal));
}

async function outage(
  cause: unknown,
  address: string,
  signal: AbortSignal,
): Promise<PlatformOutage> {
  if (signal.aborted) return new PlatformOutage("platform_timeout", cause);
  const reason = (await isReachable(address)) ? "platform_failed" : "platform_unreachable";
  return new PlatformOutage(reason, cause);
}

/** The reply's text; a reply that breaks off, stalls or is too large is an outage. */
async function replyText(reply: Response, maxBytes: number, signal: AbortSignal): Promise<string> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = reply.body === null ? new Uint8Array() : await readAtMost(reply.body, maxBytes);
  } catch (cause) {
    throw new PlatformOutage(signal.aborted ? "platform_timeout" : "platform_failed", cause);
  }
  if (bytes === undefined) throw new PlatformOutage("platform_failed", "reply is too large");
  return new TextDecoder().decode(bytes);
}

/** What the platform refused, in our words (contract §1.7). */
async function refusalOf(reply: Response, signal: AbortSignal): Promise<Refusal> {
  switch (reply.status) {
    case 400:
    case 422: {
      const text = await replyText(reply, MAX_PLATFORM_REFUSAL_BYTES, signal);
      return { reason: "parameters_invalid", problems: readProblems(text) };
    }
    case 401:
    case 403:
    case 404:
    case 429:
      await reply.body?.cancel();
      return refusalOfStatus(reply.status, reply.headers);
    default:
      await reply.body?.cancel();
      throw new PlatformOutage(outageOfStatus(reply.status), `status ${reply.status}`);
  }
}

/** Cloudflare answers in an unreachable origin's place: refused, too slow to connect, no route, no name. */
const EDGE_UNREACHABLE: ReadonlySet<number> = new Set([521, 522, 523, 530]);
const EDGE_TIMEOUT = 524;

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
