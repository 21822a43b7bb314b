// How the stand-in platform misbehaves.
import { createRandom, type Random } from "./random.ts";

/** What becomes of one call. A task is taken when the call has arrived, or never. */
export interface Behaviour {
  /** As the evidence names it. */
  readonly name: string;
  readonly takes: boolean;
  readonly afterMs: number;
  /** A status, with which a task is shown if it is 200. */
  readonly ends: number | "never" | "hangs up";
}

export interface FaultRates {
  /** The share of invokes that misbehave. */
  readonly invokes: number;
  /** The same of a task's invokes one after another, at most: the gateway waits longer each time. */
  readonly inARow: number;
  /** The share of `GET /v1/tasks/…` that fail. */
  readonly asks: number;
}

type Fault = (random: Random) => Behaviour;

const at = (name: string, takes: boolean, ends: Behaviour["ends"]): Fault => {
  return () => ({ name, takes, ends, afterMs: 0 });
};
const late = (name: string, takes: boolean, ends: Behaviour["ends"]): Fault => {
  // On both sides of the 5 s after which the gateway gives up.
  return (random) => ({ name, takes, ends, afterMs: random.between(1_000, 7_000) });
};

const INVOKE_FAULTS: readonly [Fault, ...Fault[]] = [
  at("500, not taken", false, 500),
  at("503, not taken", false, 503),
  at("429, not taken", false, 429),
  at("502, not taken", false, 502),
  at("502, taken", true, 502),
  at("504, taken", true, 504),
  at("no answer, not taken", false, "never"),
  at("no answer, taken", true, "never"),
  at("hung up, not taken", false, "hangs up"),
  at("hung up, taken", true, "hangs up"),
  late("200 late, taken", true, 200),
  late("503 late, not taken", false, 503),
  late("hung up late, taken", true, "hangs up"),
];

const ASK_FAULTS: readonly [Fault, ...Fault[]] = [
  at("500", false, 500),
  at("hung up", false, "hangs up"),
];

export interface Faults {
  ofInvoke(taskId: string, text: string): Behaviour;
  ofAsk(): Behaviour;
}

export function createFaults(seed: number, rates: FaultRates): Faults {
  const invokes = new Map<string, { count: number; inARow: number }>();
  const asks = createRandom(seed, "asks");

  return {
    ofInvoke(taskId, text) {
      const key = `${taskId} ${text}`;
      const { count, inARow } = invokes.get(key) ?? { count: 0, inARow: 0 };
      const random = createRandom(seed, `invoke ${count} of ${key}`);
      const fails = inARow < rates.inARow && random.chance(rates.invokes);
      invokes.set(key, { count: count + 1, inARow: fails ? inARow + 1 : 0 });
      if (fails) return random.pick(INVOKE_FAULTS)(random);
      return { name: "200, taken", takes: true, ends: 200, afterMs: random.between(0, 50) };
    },

    ofAsk() {
      if (asks.chance(rates.asks)) return asks.pick(ASK_FAULTS)(asks);
      return { name: "200", takes: false, ends: 200, afterMs: 0 };
    },
  };
}
