/** How a task is to be handled in its conversation (contract §2.6 to §2.8). */
import type { Problem } from "../refusal.ts";
import { callbackProblem } from "./callback-address.ts";
import type { Overlap, Parameters } from "./parameter-schemas.ts";

export interface Handling {
  readonly asynchronous: boolean;
  /** How long the caller of an asynchronous task waits for its answer. */
  readonly waitSeconds?: number | undefined;
  readonly callbackUrl?: string | undefined;
  readonly overlap: Overlap;
  /** 0 for none. */
  readonly debounceSeconds: number;
}

/** What the settings and the request's headers say of it. */
export interface HandlingRules {
  /** Of `wait`. */
  readonly maxWaitSeconds: number;
  /** Empty if there are no callbacks. */
  readonly callbackHosts: readonly string[];
  /** `Prefer: wait=N`; a `wait` in the query counts before it. */
  readonly preferredWaitSeconds?: number | undefined;
}

export function readHandling(given: Partial<Parameters>, rules: HandlingRules): Handling {
  const { maxWaitSeconds, preferredWaitSeconds } = rules;
  const preferred = preferredWaitSeconds && Math.min(preferredWaitSeconds, maxWaitSeconds);
  const waitSeconds = given.wait ?? preferred;
  return {
    asynchronous: given.asynchronous === true || waitSeconds !== undefined,
    waitSeconds,
    callbackUrl: given.callback_url,
    overlap: given.overlap ?? "queue",
    debounceSeconds: given.debounce ?? 0,
  };
}

/** What is wrong with it; each is a parameter of the query alone. */
export function handlingProblems(handling: Handling, rules: HandlingRules): Problem[] {
  const { asynchronous, waitSeconds, callbackUrl, overlap, debounceSeconds } = handling;
  const problems: Problem[] = [];
  const refuse = (name: string, msg: string): void => {
    problems.push({ loc: ["query", name], msg, type: "custom" });
  };
  if (waitSeconds !== undefined && !(waitSeconds <= rules.maxWaitSeconds)) {
    refuse("wait", `must be whole seconds from 1 to ${rules.maxWaitSeconds}`);
  }
  if (callbackUrl !== undefined) {
    const problem = asynchronous
      ? callbackProblem(callbackUrl, rules.callbackHosts)
      : "needs asynchronous=true or wait";
    if (problem !== undefined) refuse("callback_url", problem);
  }
  if (overlap !== "queue" && !asynchronous) refuse("overlap", "needs asynchronous=true");
  if (debounceSeconds > 0 && !asynchronous) refuse("debounce", "needs asynchronous=true");
  return problems;
}
