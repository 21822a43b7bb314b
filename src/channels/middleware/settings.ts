import type { MiddlewareHandler } from "hono";
import { type Config, readConfig } from "../../config.ts";
import { waitUntil } from "cloudflare:workers";
import { createConversations } from "../../conversation/conversations.ts";
import { roomsOf } from "../../conversation/rooms.ts";
import { createLinks } from "../../uploads/link.ts";
import type { AppEnv, Variables } from "../variables.ts";

type Made = Pick<Variables, "config" | "platform" | "links" | "conversations">;

/** Reads the settings and makes the rooms, once an isolate; throws while a setting is malformed. */
export function settings(): MiddlewareHandler<AppEnv> {
  const made = new WeakMap<Config, Made>();
  return function readSettings(c, next) {
    const config = readConfig(c.env);
    const rooms = made.get(config) ?? make(config, c.env);
    made.set(config, rooms);
    c.set("config", rooms.config);
    c.set("platform", rooms.platform);
    c.set("links", rooms.links);
    c.set("conversations", rooms.conversations);
    return next();
  };
}

function make(config: Config, env: Env): Made {
  const { platform, seal, stash } = roomsOf(env);
  return {
    config,
    platform,
    links: createLinks([config.GATEWAY_SECRET, config.GATEWAY_SECRET_PREVIOUS ?? []].flat()),
    conversations: createConversations({
      namespace: () => env.CONVERSATIONS,
      platform,
      seal,
      stash,
      syncTimeoutSeconds: config.SYNC_TIMEOUT_SECONDS,
      waitUntil,
    }),
  };
}
