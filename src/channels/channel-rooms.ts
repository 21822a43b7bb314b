/** What channels work with. */
import { waitUntil } from "cloudflare:workers";
import { createDesks, type Desks } from "../agent-desk/desks.ts";
import { type Conversations, createConversations } from "../conversation/conversations.ts";
import { createPast, type Past } from "../conversation/past.ts";
import { type Rooms, roomsOf } from "../conversation/rooms.ts";
import { createLinks, type Links } from "../uploads/link.ts";

export interface ChannelRooms extends Rooms {
  readonly links: Links;
  readonly conversations: Conversations;
  readonly past: Past;
  readonly desks: Desks;
}

const made = new WeakMap<Env, ChannelRooms>();

/** Makes the rooms once an isolate; throws `SettingsError` while a setting is malformed. */
export function channelRoomsOf(env: Env): ChannelRooms {
  const known = made.get(env);
  if (known !== undefined) return known;
  const rooms = make(env);
  made.set(env, rooms);
  return rooms;
}

function make(env: Env): ChannelRooms {
  const rooms = roomsOf(env);
  const { config, platform, seal, stash } = rooms;
  return {
    ...rooms,
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
  };
}
