// One gateway in a process of its own: so that a test can kill it as a crash would, and so that
// all that it prints can be read. `startGateway` forks this and sends what to run.
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import type { GatewayOrder } from "./gateway.ts";

const order = await new Promise<GatewayOrder>((resolve) => {
  process.once("message", (message: GatewayOrder) => resolve(message));
});

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.WARN),
    resourcePersistencePath: order.persistTo,
    workers: [
      {
        ...order.worker,
        name: "inlet",
        modulesRoot: order.bundle,
        modules: [{ type: "ESModule", path: join(order.bundle, "index.js") }],
      },
    ],
  }),
);

function stop(): void {
  void miniflare.dispose().finally(() => process.exit(0));
}
process.once("message", stop);
// The test's own process is gone.
process.once("disconnect", stop);

process.send?.((await miniflare.ready).origin);
