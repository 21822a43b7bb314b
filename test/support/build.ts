import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./worker-options.ts";

/** Vitest's global setup: the conformance tests run what a deploy would upload. */
export default function build(): void {
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
}
