import { describe, expect, it } from "vitest";
import { runChaos } from "../chaos/chaos.ts";

/** Half a minute as a rule; three attempts that fail in a row take two minutes more. */
const TIMEOUT_MS = 240_000;

describe("a gateway that is killed again and again before a platform that fails", () => {
  it(
    "runs each acknowledged delivery exactly once, and each conversation in order",
    { timeout: TIMEOUT_MS },
    async () => {
      const result = await runChaos({
        deliveries: 60,
        conversations: 20,
        kills: 3,
        seed: 4,
        rates: { invokes: 0.25, inARow: 1, asks: 0.05 },
        maxPauseMs: 2_000,
        patienceSeconds: 170,
        settleSeconds: 7,
      });
      expect(result).toEqual({
        deliveries: 60,
        acknowledged: 60,
        kills: 3,
        lost: 0,
        doubled: 0,
        outOfOrder: 0,
        overlaps: 0,
        seconds: expect.any(Number),
        evidence: [],
      });
    },
  );
});
