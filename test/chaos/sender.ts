// One sender, which writes to one conversation and does not rest until each delivery is taken.
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, send } from "../support/http.ts";
import { testSecrets } from "../support/worker-options.ts";
import type { Random } from "./random.ts";
import type { Seen } from "./verdict.ts";

export interface Acknowledged extends Seen {
  readonly at: number;
}

export interface Conversation {
  readonly taskId: string;
  readonly deliveries: number;
  /** The longest pause before a delivery. Half of them have none: senders come in bursts. */
  readonly maxPauseMs: number;
}

export interface SenderTools {
  readonly random: Random;
  /** Where the gateway listens now. */
  readonly url: () => Promise<string>;
  /** Told of each delivery once, when it is first known to be acknowledged. */
  readonly acknowledge: (delivery: Acknowledged) => void;
  /** Ends the sender, whatever is left. */
  readonly signal: AbortSignal;
}

/** The share of deliveries that are sent twice at the same time, with one key. */
const TWINS = 0.02;
/** The share of acknowledged deliveries after which one of the conversation is sent once more. */
const AGAIN = 0.05;
const ANSWER_WITHIN_MS = 20_000;

/** The next delivery goes out when the one before is acknowledged: so their order is known. */
export async function sendConversation(
  { taskId, deliveries, maxPauseMs }: Conversation,
  { random, url, acknowledge, signal }: SenderTools,
): Promise<void> {
  const deliver = async (text: string): Promise<boolean> => {
    while (!signal.aborted) {
      const address = `${await url()}/?agent_id=a&asynchronous=true&task_id=${taskId}`;
      const answer = await post(address, text);
      if (answer !== undefined && isStarted(answer)) return true;
      await sleep(random.between(50, 400));
    }
    return false;
  };

  for (let place = 1; place <= deliveries && !signal.aborted; place += 1) {
    if (random.chance(0.5)) await sleep(random.between(0, maxPauseMs));
    const text = `${taskId}:${place}`;
    const copies = random.chance(TWINS) ? [text, text] : [text];
    const answered = await Promise.all(copies.map(deliver));
    if (answered.includes(false)) return;
    acknowledge({ taskId, text, at: Date.now() });
    if (random.chance(AGAIN)) await deliver(`${taskId}:${Math.ceil(random.between(0, place))}`);
  }
}

/** `undefined` if no answer came: it may have been taken all the same. */
async function post(address: string, text: string): Promise<Answer | undefined> {
  try {
    return await send(address, {
      headers: {
        "x-api-key": testSecrets.API_KEY,
        "content-type": "application/json",
        "idempotency-key": text,
      },
      body: JSON.stringify({ prompt: text }),
      timeoutMs: ANSWER_WITHIN_MS,
    });
  } catch {
    return undefined;
  }
}

/** An answer that asks for a repeat is no `Started`; one that no repeat can mend throws. */
function isStarted({ status, text }: Answer): boolean {
  if (status === 200 && text === '{"status":"Started"}') return true;
  if (status === 429 || status >= 500) return false;
  throw new Error(`The gateway answered ${status} ${text}`);
}
