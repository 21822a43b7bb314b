import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBucket, type Stored } from "./bucket.ts";
import { root, workerOptions } from "./worker-options.ts";

export interface Gateway {
  /** The origin, without a slash at its end. */
  readonly url: string;
  /** All that the gateway has printed so far, on both streams. */
  output(): string;
  /** What lies in its bucket. */
  stored(): Stored;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Ends it at once, as `kill -9` and a power cut do. */
  kill(): Promise<void>;
}

export interface GatewaySettings {
  /** Settings and secrets beside those of `testSecrets`; `undefined` takes one away. */
  readonly vars?: Readonly<Record<string, string | undefined>>;
  /** The folder that outlives this gateway, for one that is started again. */
  readonly persistTo?: string;
}

export interface GatewayOrder {
  readonly worker: ReturnType<typeof workerOptions>;
  readonly bundle: string;
  readonly persistTo: string;
}

const isWindows = process.platform === "win32";

/** Runs the built Worker (dist/, made by the global setup) on a free port of 127.0.0.1. */
export async function startGateway(settings: GatewaySettings = {}): Promise<Gateway> {
  const child = fork(join(import.meta.dirname, "gateway-process.ts"), {
    // workerd is in the group too, and ends with it.
    detached: !isWindows,
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const persistTo = settings.persistTo ?? mkdtempSync(join(tmpdir(), "inlet-"));
  const closed = closing(child, settings.persistTo === undefined ? persistTo : undefined);
  const order: GatewayOrder = {
    worker: workerOptions(settings.vars ?? {}),
    bundle: join(root, "dist"),
    persistTo,
  };
  child.send(order);

  const started = await Promise.race([once(child, "message"), closed.then(() => undefined)]);
  if (started === undefined) throw new Error(`The gateway did not start:\n${output}`);

  return {
    url: String(started[0]),
    output: () => output,
    stored: () => readBucket(persistTo),
    async stop() {
      if (child.connected) child.send("stop");
      await closed;
    },
    async kill() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        if (isWindows) child.kill("SIGKILL");
        else process.kill(-child.pid, "SIGKILL");
      }
      await closed;
    },
  };
}

/** Until the process is gone, and its temporary folder with it. */
async function closing(child: ChildProcess, folder: string | undefined): Promise<void> {
  await once(child, "close");
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
