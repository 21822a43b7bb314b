// Writes worker-configuration.d.ts. An empty file stands in for .dev.vars, so that the types are
// the same whether or not somebody has secrets on this machine.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quietEnv, root, wranglerBin } from "./wrangler.mjs";

const folder = mkdtempSync(join(tmpdir(), "inlet-types-"));
const noSecrets = join(folder, "empty.env");
try {
  writeFileSync(noSecrets, "");
  execFileSync(process.execPath, [wranglerBin, "types", "--env-file", noSecrets], {
    cwd: root,
    env: { ...quietEnv, WRANGLER_LOG: "warn" },
    stdio: ["ignore", "inherit", "inherit"],
  });
} catch (error) {
  process.exitCode = error.status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
