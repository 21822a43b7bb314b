// Faults, tried for real: a gateway that is killed again and again, before a platform that fails.
import { evidenceOf } from "./evidence.ts";
import { startMortalGateway } from "./mortal-gateway.ts";
import { oversee, type Progress } from "./oversee.ts";
import type { FaultRates } from "./platform-faults.ts";
import { createRandom } from "./random.ts";
import { startRowPlatform } from "./row-platform.ts";
import { type Acknowledged, sendConversation } from "./sender.ts";
import { judge } from "./verdict.ts";

export interface ChaosOrder {
  readonly deliveries: number;
  readonly conversations: number;
  readonly kills: number;
  /** Fixes what is sent and which faults it meets; when exactly a kill hits is the machine's. */
  readonly seed: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly rates?: FaultRates;
  /** The longest pause of a sender. */
  readonly maxPauseMs?: number;
  /** It ends when nothing has moved for so long. Longer than the gateway waits for its third attempt. */
  readonly patienceSeconds?: number;
  /** How long it watches for what runs twice when all has run once. */
  readonly settleSeconds?: number;
}

export interface ChaosResult {
  readonly deliveries: number;
  /** Fewer than the deliveries if nothing moved any more. */
  readonly acknowledged: number;
  readonly kills: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Turns that began while one of their conversation was running. */
  readonly overlaps: number;
  readonly seconds: number;
  /** Lines that tell what befell each delivery that went wrong. */
  readonly evidence: readonly string[];
}

const DEFAULTS = {
  rates: { invokes: 0.1, inARow: 2, asks: 0.05 },
  maxPauseMs: 10_000,
  patienceSeconds: 200,
  settleSeconds: 20,
};

/** The longest that a call of the gateway's hangs. */
const GATEWAY_VARS = { SYNC_TIMEOUT_SECONDS: "5" };

export async function runChaos(order: ChaosOrder): Promise<ChaosResult> {
  const whole = { ...DEFAULTS, ...order };
  const { deliveries, conversations, seed, rates, maxPauseMs } = whole;
  const startedAt = Date.now();
  const acknowledged: Acknowledged[] = [];
  const ending = new AbortController();
  const platform = await startRowPlatform(seed, rates);
  const gateway = await startMortalGateway({ ...GATEWAY_VARS, PLATFORM_URL: platform.url });

  const senders = Array.from({ length: conversations }, (_, index) => {
    const taskId = `c${index + 1}`;
    const share = Math.floor((deliveries + conversations - 1 - index) / conversations);
    return sendConversation(
      { taskId, deliveries: share, maxPauseMs },
      {
        random: createRandom(seed, taskId),
        url: () => gateway.url(),
        acknowledge: (delivery) => acknowledged.push(delivery),
        signal: ending.signal,
      },
    );
  });
  const overseeing = oversee(whole, { startedAt, acknowledged, platform, gateway, ending });
  try {
    const [killedAt] = await Promise.all([overseeing, ...senders]);
    const executions = platform.attempts.filter(({ taken }) => taken);
    const verdict = judge(acknowledged, executions);
    const overlaps = executions.filter((execution) => execution.overlaps);
    return {
      deliveries,
      acknowledged: acknowledged.length,
      kills: killedAt.length,
      lost: verdict.lost.length,
      doubled: verdict.doubled.length,
      outOfOrder: verdict.outOfOrder.length,
      overlaps: overlaps.length,
      seconds: Math.round((Date.now() - startedAt) / 1000),
      evidence: evidenceOf({ ...verdict, overlaps }, platform.attempts, { startedAt, killedAt }),
    };
  } finally {
    ending.abort();
    await Promise.allSettled([overseeing, ...senders]);
    await gateway.stop();
    await platform.close();
  }
}
