import { setTimeout as sleep } from "node:timers/promises";
import type { MortalGateway } from "./mortal-gateway.ts";
import { createRandom } from "./random.ts";
import type { RowPlatform } from "./row-platform.ts";
import type { Acknowledged } from "./sender.ts";

/** How far it is; `executed` counts deliveries, not runs. */
export interface Progress {
  readonly acknowledged: number;
  readonly executed: number;
  readonly kills: number;
  readonly seconds: number;
}

interface Order {
  readonly deliveries: number;
  readonly kills: number;
  readonly seed: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly patienceSeconds: number;
  readonly settleSeconds: number;
}

interface Stage {
  readonly startedAt: number;
  readonly acknowledged: readonly Acknowledged[];
  readonly platform: RowPlatform;
  readonly gateway: MortalGateway;
  /** Aborted by whoever sees first that it cannot go on. */
  readonly ending: AbortController;
}

/** Kills until all is done, and a while is over in which nothing ran twice; when each kill was. */
export async function oversee(order: Order, stage: Stage): Promise<readonly number[]> {
  const { deliveries, kills, seed, onProgress, patienceSeconds, settleSeconds } = order;
  const { startedAt, acknowledged, platform, gateway, ending } = stage;
  const random = createRandom(seed, "kills");
  // By progress, not by the clock: so they are spread over the whole, however long it takes.
  const killsDueAt = Array.from({ length: kills }, (_, n) => (n + random.between(0, 1)) / kills);
  const killedAt: number[] = [];
  let done = 0;
  let movedAt = Date.now();

  while (!ending.signal.aborted) {
    const ran = platform.attempts.filter(({ taken }) => taken).map(({ text }) => text);
    const executed = new Set(ran).size;
    const doneNow = (acknowledged.length + executed) / (2 * deliveries);
    if (doneNow > done) movedAt = Date.now();
    done = doneNow;
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    onProgress?.({ acknowledged: acknowledged.length, executed, kills: killedAt.length, seconds });

    if (done >= (killsDueAt[killedAt.length] ?? Number.POSITIVE_INFINITY)) {
      await sleep(random.between(0, 1_000));
      killedAt.push(Date.now());
      await gateway.killAndRestart();
    } else if (done >= 1) {
      await sleep(settleSeconds * 1000);
      break;
    } else if (Date.now() - movedAt > patienceSeconds * 1000) {
      ending.abort();
    }
    await sleep(100);
  }
  return killedAt;
}
