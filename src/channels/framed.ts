/** What every request has in common: its id, its rooms, the one place for what is thrown, its log line. */
import type { Context } from "hono";
import { SettingsError } from "../config.ts";
import { PlatformOutage } from "../platform/platform.ts";
import { channelRoomsOf } from "./channel-rooms.ts";
import { writeLogLine } from "./log-line.ts";
import { answerSender, refuse } from "./respond.ts";
import { type AppEnv, type Handler, notesOf } from "./variables.ts";

const REQUEST_ID = /^[\w=-]{1,255}$/;

/** The caller's own `X-Request-Id` is the request's id where it is a plain word. */
export function framed(handler: Handler) {
  return async function answerRequest(c: Context<AppEnv>): Promise<Response> {
    const startedAt = Date.now();
    const given = c.req.raw.headers.get("X-Request-Id") ?? "";
    const notes = notesOf(REQUEST_ID.test(given) ? given : crypto.randomUUID());
    c.set("notes", notes);
    let response: Response;
    try {
      c.set("rooms", channelRoomsOf(c.env));
      response = await handler(c);
    } catch (thrown) {
      response = await refuseThrown(thrown, c);
    }
    writeLogLine(notes, response.status, Date.now() - startedAt);
    return response;
  };
}

/** Fixed words to the caller, the cause to the log. A source's sender is told in its own words. */
function refuseThrown(thrown: unknown, c: Context<AppEnv>): Promise<Response> {
  const { reason, cause } = readThrown(thrown);
  const notes = c.get("notes");
  notes.cause = cause;
  if (notes.trouble === undefined) return refuse(c, { reason });
  notes.refusalReason = reason;
  return answerSender(c, notes.trouble);
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
