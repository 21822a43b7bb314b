import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway } from "../support/gateway.ts";

/** A gateway that is killed and started again on one and the same folder. */
export interface MortalGateway {
  /** Where it listens now; while it is dead, once it lives again. Its port changes each time. */
  url(): Promise<string>;
  /** `kill -9`, and a new life. */
  killAndRestart(): Promise<void>;
  /** Ends it in order, and removes its folder. */
  stop(): Promise<void>;
}

export async function startMortalGateway(
  vars: Readonly<Record<string, string>>,
): Promise<MortalGateway> {
  const persistTo = mkdtempSync(join(tmpdir(), "inlet-chaos-"));
  const removeFolder = () => rmSync(persistTo, { recursive: true, force: true });
  process.once("exit", removeFolder);
  const start = () => startGateway({ persistTo, vars });
  let living = start();
  await living;

  return {
    url: async () => (await living).url,
    async killAndRestart() {
      const dying = await living;
      living = dying.kill().then(start);
      await living;
    },
    async stop() {
      // One that did not start has told those who wait for its address.
      const last = await living.catch(() => undefined);
      await last?.stop();
      removeFolder();
      process.off("exit", removeFolder);
    },
  };
}
