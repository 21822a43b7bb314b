// Prints the bundle's size and fails above the limit. Source maps are not part of what starts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./wrangler.mjs";

// Each later room adds its own line: what starts is read by all requests.
const budgetKib = {
  "the webhook, files, both platforms": 100,
  "conversations: turns, repeats, callbacks, /v1/tasks": 10,
  "sources: 26 kinds of sender, the agent desk, /hooks": 22,
};
const maxGzippedBytes = Object.values(budgetKib).reduce((sum, kib) => sum + kib) * 1024;

const folder = join(root, "dist");
const modules = readdirSync(folder)
  .filter((name) => /\.(js|mjs|wasm)$/.test(name))
  .map((name) => readFileSync(join(folder, name)));
const rawBytes = modules.reduce((sum, bytes) => sum + bytes.length, 0);
const gzippedBytes = modules.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
console.log(
  `Bundle: ${kib(rawBytes)}, gzipped ${kib(gzippedBytes)} (limit ${kib(maxGzippedBytes)})`,
);
if (modules.length === 0 || !(gzippedBytes <= maxGzippedBytes)) {
  console.error(modules.length === 0 ? "There is no bundle." : "The bundle is over its limit.");
  process.exitCode = 1;
}
