import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a Worker under test gets unless a test says otherwise. */
export const testSecrets = {
  API_KEY: "test-key",
  GATEWAY_SECRET: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
};

/**
 * The Worker as wrangler.toml describes it, for Miniflare, with the settings given; one that is
 * `undefined` is taken away. Nothing comes from a developer's own .dev.vars, which wrangler would
 * mix in.
 */
export function workerOptions(settings: Readonly<Record<string, string | undefined>>) {
  process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
  process.env["WRANGLER_LOG"] ??= "warn";
  const configPath = join(root, "wrangler.toml");
  const { modulesRules: _, ...options } =
    unstable_getMiniflareWorkerOptions(configPath).workerOptions;
  const { vars } = unstable_readConfig({ config: configPath }, { hideWarnings: true });
  const bindings: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...vars, ...testSecrets, ...settings })) {
    if (typeof value === "string") bindings[name] = value;
  }
  return { ...options, bindings };
}
