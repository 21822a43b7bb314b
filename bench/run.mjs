// `npm run bench`: our Worker beside a bare one, on plain workerd. README.md says how to read it.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchConversations } from "./conversations.mjs";
import { buildOurs, prepare } from "./build.mjs";
import { large, small } from "./cases.mjs";
import { measureMemory, measureSpeed, measureStartup } from "./measure.mjs";
import { reportMemory, reportSpeed } from "./report.mjs";
import { benchUploads } from "./upload.mjs";
import { benchSources } from "./sources.mjs";
import { startWorker } from "./worker.mjs";

const { quick, check } = parseArgs({
  options: { quick: { type: "boolean" }, check: { type: "boolean" } },
}).values;

// As many as the open files that a process may have allow, three for each; 10,000 at most.
const MANY_CONVERSATIONS = Math.min(10_000, Math.floor(openFileLimit() / 4));
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
const extent = quick
  ? { starts: 3, speedStarts: 1, rounds: 2, seconds: 1, warmUp: 0.1, requests: 5_000 }
  : { starts: 9, speedStarts: 4, rounds: 4, seconds: 2.5, warmUp: 1, requests: 100_000 };

const folder = mkdtempSync(join(tmpdir(), "inlet-bench-"));
// What a commit costs the disk is the same for both sides, and would hide what they cost themselves.
const inMemory = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/inlet-bench-") : folder;
process.on("exit", () => {
  for (const made of [folder, inMemory]) rmSync(made, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

/** How many files a process may have open; 1,024 where the system does not tell. */
function openFileLimit() {
  const { stdout } = spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" });
  return stdout?.trim() === "unlimited" ? 1e9 : Number(stdout) || 1_024;
}

const workers = {};
const missed = [];
try {
  buildOurs();
  const { platform, ...configs } = await prepare(folder);
  workers.platform = platform;

  const { bareMs, longerMs } = await measureStartup(configs, extent.starts);
  console.log(`Start-up: ${longerMs.toFixed(0)} ms longer than bare's ${bareMs.toFixed(0)} ms`);

  for (const what of [small, large]) {
    missed.push(...reportSpeed(what, await measureSpeed(workers, configs, what, extent)));
  }

  workers.oursLimited = await startWorker(configs.oursLimited);
  const curve = await measureMemory(workers.oursLimited, small, extent.requests);
  const maxGrowthBytes = quick ? undefined : MAX_GROWTH_BYTES;
  missed.push(...reportMemory(curve, extent.requests, maxGrowthBytes));

  for (const worker of Object.values(workers)) await worker.stop();
  const turns = quick
    ? { rounds: 1, seconds: 1, conversations: 500 }
    : { rounds: 15, seconds: 1, conversations: MANY_CONVERSATIONS };
  missed.push(
    ...(await benchConversations(join(inMemory, "conversations"), join(folder, "rows"), turns)),
  );
  const hooks = { ...turns, tries: quick ? 200 : 10_000 };
  missed.push(...(await benchSources(join(inMemory, "sources"), hooks)));
  missed.push(...(await benchUploads(join(folder, "uploads"), { rounds: quick ? 1 : 7 })));

  console.log(missed.length === 0 ? "\nNo target is missed." : `\nMissed: ${missed.join("; ")}`);
  process.exitCode = check && missed.length > 0 ? 1 : 0;
} catch (failure) {
  console.error(failure);
  for (const [name, worker] of Object.entries(workers)) {
    console.error(`\nworkerd, running ${name}, complains:\n${worker.complaints()}`);
  }
  process.exitCode = 1;
}
process.exit();
