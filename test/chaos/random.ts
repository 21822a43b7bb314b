import { createHash } from "node:crypto";

export interface Random {
  /** True in this share of the calls, from 0 to 1. */
  chance(share: number): boolean;
  /** From the least up to, but not, the most. */
  between(least: number, most: number): number;
  pick<Choice>(choices: readonly [Choice, ...Choice[]]): Choice;
}

/**
 * The same seed and name give the same row of numbers. Each thing that is left to chance has a name
 * of its own, so that what befalls it hangs on no other's timing.
 */
export function createRandom(seed: number, name: string): Random {
  let drawn = 0;
  const draw = (): number => {
    const digest = createHash("sha256").update(`${seed} ${name} ${drawn++}`).digest();
    return digest.readUInt32BE() / 2 ** 32;
  };
  return {
    chance: (share) => draw() < share,
    between: (least, most) => least + draw() * (most - least),
    pick: (choices) => choices[Math.floor(draw() * choices.length)] ?? choices[0],
  };
}
