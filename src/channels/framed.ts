/** What every request has in common: its id, its rooms, the one place for what is thrown, its log line. */
import type { Context } from "hono";
import { SettingsError } from "../config.ts";
import { PlatformOutage } from "../platform/platform.ts";
import { channelRoomsOf } from "./channel-rooms.ts";
import { type Answering, type Handler, notesOf } from "./exchange.ts";
import { writeLogLine } from "./log-line.ts";
import { answerSender, refuse } from "./respond.ts";

const REQUEST_ID = /^[\w=-]{1,255}$/;

/** The caller's own `X-Request-Id` is the request's id where it is a plain word. */
export function framed(handler: Handler) {
  return async function answerRequest(context: Context<{ Bindings: Env }>): Promise<Response> {
    const startedAt = Date.now();
    const { env } = context;
    const request = context.req.raw;
    const { headers, url } = request;
    const given = headers.get("X-Request-Id") ?? "";
    const notes = notesOf(REQUEST_ID.test(given) ? given : crypto.randomUUID());
    let response: Response;
    try {
      const rooms = channelRoomsOf(env);
      response = await handler({ request, headers, url, env, rooms, notes, context });
    } catch (thrown) {
      response = await refuseThrown(thrown, { request, notes });
    }
    writeLogLine(notes, response.status, Date.now() - startedAt);
    return response;
  };
}

/** Fixed words to the caller, the cause to the log. A source's sender is told in its own words. */
function refuseThrown(thrown: unknown, exchange: Answering): Promise<Response> {
  const { reason, cause } = readThrown(thrown);
  const { notes } = exchange;
  notes.cause = cause;
  if (notes.trouble === undefined) return refuse(exchange, { reason });
  notes.refusalReason = reason;
  return answerSender(exchange, notes.trouble);
}

interface Thrown {
  readonly reason: PlatformOutage["reason"] | "setting_invalid" | "internal";
  readonly cause: string;
}

function readThrown(thrown: unknown): Thrown {
  if (thrown instanceof PlatformOutage) return { reason: thrown.reason, cause: thrown.why };
  if (thrown instanceof SettingsError) return { reason: "setting_invalid", cause: thrown.message };
  // A foreign error's message may quote what the caller sent; where it was thrown does not.
  const cause = thrown instanceof Error ? [thrown.name, ...frames(thrown)].join(" ") : "unknown";
  return { reason: "internal", cause };
}

function frames({ stack = "" }: Error): string[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
}
