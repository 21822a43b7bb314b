// Our Worker and a bare one on Miniflare used directly, as plain workerd has no R2.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { root } from "../scripts/wrangler.mjs";
import { workerOptions } from "../test/support/worker-options.ts";

const MIB = 1024 * 1024;

/** A platform that accepts every key and completes every task. */
export async function startStub() {
  let files = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const sent = Buffer.concat(chunks).toString();
      if (request.method === "POST") files = JSON.parse(sent).input.files;
      response.setHeader("content-type", "application/json");
      response.end('{"id":"t","organization_id":"org-1","status":"completed","result":"ok"}');
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** The links that the last task came with. */
    files: () => files,
    close: () => server.close(),
  };
}

export function startOurs(folder, platform) {
  const settings = {
    PLATFORM_URL: platform,
    MAX_FILE_BYTES: String(200 * MIB),
    MAX_UPLOAD_BYTES: String(200 * MIB),
  };
  const script = {
    modulesRoot: join(root, "dist"),
    modules: [module(join(root, "dist/index.js"))],
  };
  return start(join(folder, "ours"), { ...workerOptions(settings), ...script });
}

export function startBare(folder) {
  const { r2Buckets, compatibilityDate } = workerOptions({});
  const script = { modulesRoot: root, modules: [module(join(root, "bench/bare-store.js"))] };
  return start(join(folder, "bare"), { compatibilityDate, r2Buckets, ...script });
}

function module(path) {
  return { type: "ESModule", path };
}

async function start(persistTo, worker) {
  const before = new Set(children());
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: () => undefined,
      resourcePersistencePath: persistTo,
      workers: [{ ...worker, name: "bench" }],
    }),
  );
  const { origin } = await miniflare.ready;
  const pid = children().find((child) => !before.has(child));
  return {
    origin,
    stop: () => miniflare.dispose(),
    /** Bytes that the runtime holds now, and the most it has held since the last `resetPeak`. */
    rssBytes: () => memory(pid, "VmRSS"),
    peakBytes: () => memory(pid, "VmHWM"),
  };
}

/** This process's workerd processes; none where the system does not tell. */
function children() {
  try {
    const told = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)]);
    return Array.from(String(told).matchAll(/^\s*(\d+) .*workerd/gm), ([, pid]) => Number(pid));
  } catch {
    return [];
  }
}

function memory(pid, field) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)[1]) * 1024;
  } catch {
    return undefined;
  }
}
