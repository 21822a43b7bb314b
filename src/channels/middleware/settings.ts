import { waitUntil } from "cloudflare:workers";
import type { MiddlewareHandler } from "hono";
import { readConfig } from "../../config.ts";
import type { Agent } from "../../platform/embedded/agent.ts";
import { createEmbeddedPlatform } from "../../platform/embedded/embedded.ts";
import { createRemotePlatform } from "../../platform/remote/remote.ts";
import type { AppEnv } from "../variables.ts";

export interface SettingsOptions {
  /** What the embedded platform runs. */
  readonly agents: ReadonlyMap<string, Agent>;
}

/** Reads the settings and picks the platform; throws while a setting is malformed. */
export function settings({ agents }: SettingsOptions): MiddlewareHandler<AppEnv> {
  return async function readSettings(c, next) {
    const config = readConfig(c.env);
    const syncTimeoutSeconds = config.SYNC_TIMEOUT_SECONDS;
    c.set("config", config);
    c.set(
      "platform",
      config.PLATFORM_URL === undefined
        ? createEmbeddedPlatform({
            agents,
            threads: c.env.THREADS,
            apiKey: config.API_KEY,
            syncTimeoutSeconds,
            waitUntil,
          })
        : createRemotePlatform({ origin: config.PLATFORM_URL, syncTimeoutSeconds }),
    );
    return next();
  };
}
