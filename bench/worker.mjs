// Runs a Worker on plain workerd: a process of its own, on a port that the system chooses.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import workerd from "workerd";
import { root } from "../scripts/wrangler.mjs";

/** Our own settings. */
export const toml = readFileSync(join(root, "wrangler.toml"), "utf8");
export const compatibility = {
  date: /^compatibility_date = "([^"]+)"/m.exec(toml)[1],
  flags: JSON.parse(/^compatibility_flags = (\[.*\])/m.exec(toml)?.[1] ?? "[]"),
};

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

const noKv = readFileSync(join(root, "bench", "no-kv.js"), "utf8");

/**
 * Writes what workerd is to run into `folder`; returns the configuration's path. `isOnDisk`: what
 * Durable Objects write is committed to files, as it is where it has to last.
 */
export function writeWorker(folder, options) {
  const { script, vars = {}, objects = {}, v8Flags = [], isOnDisk = false } = options;
  mkdirSync(folder);
  mkdirSync(join(folder, "objects"));
  writeFileSync(join(folder, "no-kv.js"), noKv);
  writeFileSync(join(folder, "index.js"), script);
  const texts = Object.entries(vars).map(
    ([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`,
  );
  const namespaces = Object.entries(objects).map(
    ([name, className]) => `(name = "${name}", durableObjectNamespace = "${className}")`,
  );
  const classes = Object.values(objects).map(
    (className) => `(className = "${className}", uniqueKey = "${className}", enableSql = true)`,
  );
  const config = join(folder, "config.capnp");
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ${JSON.stringify(v8Flags)},
  services = [
    (name = "worker", worker = (
      modules = [(name = "index.js", esModule = embed "index.js")],
      compatibilityDate = "${compatibility.date}",
      compatibilityFlags = ${JSON.stringify(compatibility.flags)},
      bindings = [${[...texts, ...namespaces, '(name = "ACCEPTED_KEYS", kvNamespace = "kv")'].join(", ")}],
      durableObjectNamespaces = [${classes.join(", ")}],
      durableObjectStorage = (${isOnDisk ? 'localDisk = "objects"' : "inMemory = void"}),
    )),
    (name = "objects", disk = (path = ${JSON.stringify(join(folder, "objects"))}, writable = true)),
    (name = "kv", worker = (
      modules = [(name = "no-kv.js", esModule = embed "no-kv.js")],
      compatibilityDate = "${compatibility.date}",
    )),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`,
  );
  return config;
}

/** Comes back once workerd listens. */
export async function startWorker(config) {
  // What the Worker logs is thrown away; what is complained of is kept, to be shown at a failure.
  const child = spawn(workerd.default, ["serve", "--control-fd=3", config], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  running.add(child);
  const closed = new Promise((resolve) => child.once("close", resolve)).then(() =>
    running.delete(child),
  );
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints = (complaints + text).slice(-4_096);
  });
  for await (const line of createInterface({ input: child.stdio[3] })) {
    const { event, port } = JSON.parse(line);
    if (event !== "listen") continue;
    return {
      origin: `http://127.0.0.1:${port}`,
      complaints: () => complaints,
      rssBytes: () => rssBytes(child.pid),
      cpuSeconds: () => cpuSeconds(child.pid),
      async stop() {
        child.kill("SIGKILL");
        await closed;
      },
    };
  }
  await closed;
  throw new Error(`workerd does not start:\n${complaints}`);
}

/** Memory that a process holds; undefined where the system does not tell. */
function rssBytes(pid) {
  const told =
    procFile(pid, "status", /^VmRSS:\s+(\d+) kB/m)?.[1] ??
    spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).stdout;
  const kib = Number.parseInt(told, 10);
  return Number.isNaN(kib) ? undefined : kib * 1024;
}

const TICKS_A_SECOND = 100;

/** Time that all threads of a process have computed for; undefined but on Linux. */
function cpuSeconds(pid) {
  const fields = procFile(pid, "stat", /\) (.+)/)?.[1].split(" ");
  return fields && (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function procFile(pid, name, pattern) {
  try {
    return pattern.exec(readFileSync(`/proc/${pid}/${name}`, "utf8"));
  } catch {
    return undefined;
  }
}
