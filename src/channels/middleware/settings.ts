import { waitUntil } from "cloudflare:workers";
import type { MiddlewareHandler } from "hono";
import { type Config, readConfig } from "../../config.ts";
import { deriveKey } from "../../derived-key.ts";
import type { Agent } from "../../platform/embedded/agent.ts";
import { createEmbeddedPlatform } from "../../platform/embedded/embedded.ts";
import type { Platform } from "../../platform/platform.ts";
import { createAcceptances } from "../../platform/remote/acceptances.ts";
import { createRemotePlatform } from "../../platform/remote/remote.ts";
import { createLinks } from "../../uploads/link.ts";
import type { AppEnv, Variables } from "../variables.ts";

export interface SettingsOptions {
  /** What the embedded platform runs. */
  readonly agents: ReadonlyMap<string, Agent>;
}

/** Reads the settings and picks the platform, once an isolate; throws while a setting is malformed. */
export function settings({ agents }: SettingsOptions): MiddlewareHandler<AppEnv> {
  const made = new WeakMap<Config, Pick<Variables, "platform" | "links">>();
  return function readSettings(c, next) {
    const config = readConfig(c.env);
    const { platform, links } = made.get(config) ?? {
      platform: createPlatform(config, c.env, agents),
      links: createLinks([config.GATEWAY_SECRET, config.GATEWAY_SECRET_PREVIOUS ?? []].flat()),
    };
    made.set(config, { platform, links });
    c.set("config", config);
    c.set("platform", platform);
    c.set("links", links);
    return next();
  };
}

function createPlatform(config: Config, env: Env, agents: ReadonlyMap<string, Agent>): Platform {
  const syncTimeoutSeconds = config.SYNC_TIMEOUT_SECONDS;
  const { PLATFORM_URL: origin } = config;
  if (origin !== undefined) {
    const hmacKey = deriveKey(config.GATEWAY_SECRET, "accepted-keys");
    const acceptances = createAcceptances({ namespace: env.ACCEPTED_KEYS, hmacKey, origin });
    return createRemotePlatform({ origin, syncTimeoutSeconds, acceptances });
  }
  return createEmbeddedPlatform({
    agents,
    threads: env.THREADS,
    bucket: env.FILES,
    apiKey: config.API_KEY,
    syncTimeoutSeconds,
    waitUntil,
  });
}
