// Bundles the Worker into dist/, as a deploy would, without an account.
import { execFileSync } from "node:child_process";
import { quietEnv, root, wranglerBin } from "./wrangler.mjs";

try {
  execFileSync(process.execPath, [wranglerBin, "deploy", "--dry-run", "--outdir", "dist"], {
    cwd: root,
    env: { ...quietEnv, WRANGLER_LOG: "warn" },
    stdio: ["ignore", "inherit", "inherit"],
  });
} catch (error) {
  process.exitCode = error.status ?? 1;
}
