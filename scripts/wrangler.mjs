import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const manifest = createRequire(import.meta.url).resolve("wrangler/package.json");

/** wrangler's entry, to be run by this same Node: no shell, so that Windows needs no `.cmd`. */
export const wranglerBin = join(dirname(manifest), "bin", "wrangler.js");

/** An environment in which wrangler asks nothing, looks nothing up and reports to nobody. */
export const quietEnv = {
  ...process.env,
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  DO_NOT_TRACK: "1",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_LOG: "log",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_WRITE_LOGS: "false",
  // The explorer would show what is stored to whoever reaches the port; the trace store slows.
  X_LOCAL_EXPLORER: "false",
  X_LOCAL_OBSERVABILITY: "false",
};
