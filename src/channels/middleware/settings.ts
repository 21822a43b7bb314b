import type { MiddlewareHandler } from "hono";
import { createDesks } from "../../agent-desk/desks.ts";
import { type Config, readConfig } from "../../config.ts";
import { waitUntil } from "cloudflare:workers";
import { createConversations } from "../../conversation/conversations.ts";
import { createPast } from "../../conversation/past.ts";
import { roomsOf } from "../../conversation/rooms.ts";
import { createLinks } from "../../uploads/link.ts";
import type { AppEnv, Variables } from "../variables.ts";

type Made = Pick<
  Variables,
  "config" | "platform" | "links" | "conversations" | "past" | "desks" | "rooms"
>;

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
    c.set("past", rooms.past);
    c.set("desks", rooms.desks);
    c.set("rooms", rooms.rooms);
    return next();
  };
}

function make(config: Config, env: Env): Made {
  const rooms = roomsOf(env);
  const { platform, seal, stash } = rooms;
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
    past: createPast(() => env.CONVERSATIONS),
    desks: createDesks({ namespace: () => env.AGENT_DESKS, seal, waitUntil }),
    rooms,
  };
}
