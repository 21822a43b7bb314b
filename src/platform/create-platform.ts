import { waitUntil } from "cloudflare:workers";
import type { Config } from "../config.ts";
import { deriveKey } from "../derived-key.ts";
import { createEmbeddedPlatform } from "./embedded/embedded.ts";
import type { Platform } from "./platform.ts";
import { createAcceptances } from "./remote/acceptances.ts";
import { createRemotePlatform } from "./remote/remote.ts";

/** The platform that the settings name: `PLATFORM_URL`, or else the embedded one. */
export function createPlatform(config: Config, env: Env): Platform {
  const syncTimeoutSeconds = config.SYNC_TIMEOUT_SECONDS;
  const { PLATFORM_URL: origin } = config;
  if (origin !== undefined) {
    const hmacKey = deriveKey(config.GATEWAY_SECRET, "accepted-keys");
    const acceptances = createAcceptances({ namespace: env.ACCEPTED_KEYS, hmacKey, origin });
    return createRemotePlatform({ origin, syncTimeoutSeconds, acceptances });
  }
  return createEmbeddedPlatform({
    threads: env.THREADS,
    bucket: env.FILES,
    apiKey: config.API_KEY,
    syncTimeoutSeconds,
    waitUntil,
  });
}
