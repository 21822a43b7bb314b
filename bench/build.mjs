// The three Workers as plain workerd takes them. Ours and bare are bundled by the same wrangler.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { quietEnv, root, wranglerBin } from "../scripts/wrangler.mjs";
import { compatibility, startWorker, toml, writeWorker } from "./worker.mjs";

/** Builds our Worker into dist/ and prints the bundle's size. */
export function buildOurs() {
  for (const script of ["build.mjs", "bundle-size.mjs"]) {
    execFileSync(process.execPath, [join(root, "scripts", script)], { stdio: "inherit" });
  }
}

/** The bundle of one of the bare Workers in this folder, made with our own bundle's settings. */
export function bundleBare(folder, name = "bare") {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "wrangler.json");
  writeFileSync(
    config,
    JSON.stringify({
      name,
      main: join(root, "bench", `${name}.js`),
      compatibility_date: compatibility.date,
      compatibility_flags: compatibility.flags,
      minify: setting("minify"),
      keep_names: setting("keep_names"),
    }),
  );
  const args = ["deploy", "--dry-run", "--config", config, "--outdir", join(folder, "dist")];
  execFileSync(process.execPath, [wranglerBin, ...args], {
    cwd: folder,
    env: { ...quietEnv, WRANGLER_LOG: "warn" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return readFileSync(join(folder, "dist", `${name}.js`), "utf8");
}

/** As `wrangler.toml` has it; left to wrangler where it says nothing. */
function setting(name) {
  const [, value] = new RegExp(`^${name} = (true|false)$`, "m").exec(toml) ?? [];
  return value && value === "true";
}

export const OUR_OBJECTS = {
  AGENT_DESKS: "AgentDesk",
  CONVERSATIONS: "Conversation",
  THREADS: "Thread",
};

/** Starts the platform, and writes the configurations of bare and ours that call it. */
export async function prepare(folder) {
  const stub = readFileSync(join(root, "bench", "platform.js"), "utf8");
  const platform = await startWorker(writeWorker(join(folder, "platform"), { script: stub }));
  const vars = {
    PLATFORM_URL: platform.origin,
    API_KEY: "bench-key",
    GATEWAY_SECRET: "more than 32 bytes, for the bench alone",
  };
  const bare = { script: bundleBare(join(folder, "bundle")), vars };
  const ours = {
    script: readFileSync(join(root, "dist", "index.js"), "utf8"),
    vars,
    objects: OUR_OBJECTS,
  };
  return {
    platform,
    bare: writeWorker(join(folder, "bare"), bare),
    ours: writeWorker(join(folder, "ours"), ours),
    // Left to itself, V8 takes what the machine has. At the edge an isolate has 128 MB.
    oursLimited: writeWorker(join(folder, "ours-limited"), {
      ...ours,
      v8Flags: ["--max-heap-size=128"],
    }),
  };
}
