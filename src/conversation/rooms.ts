/** What a conversation's object works with, made once an isolate. */
import { type Config, readConfig } from "../config.ts";
import { createPlatform } from "../platform/create-platform.ts";
import type { Platform } from "../platform/platform.ts";
import { createSeal, type Seal } from "../seal.ts";
import { createStash, type Stash } from "./stash.ts";

export interface Rooms {
  readonly config: Config;
  readonly platform: Platform;
  readonly seal: Seal;
  readonly stash: Stash;
}

const made = new WeakMap<Config, Rooms>();

/** Throws `SettingsError` while a setting is malformed. */
export function roomsOf(env: Env): Rooms {
  const config = readConfig(env);
  const known = made.get(config);
  if (known !== undefined) return known;
  const rooms = {
    config,
    platform: createPlatform(config, env),
    seal: createSeal([config.GATEWAY_SECRET, config.GATEWAY_SECRET_PREVIOUS ?? []].flat()),
    stash: createStash(() => env.FILES),
  };
  made.set(config, rooms);
  return rooms;
}
