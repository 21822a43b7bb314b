/** Telling a caller how its task ended (contract §2.7), signed as Standard Webhooks. */
import { createHmac } from "node:crypto";
import type { Shape } from "../invocation/invocation.ts";
import { shapeAnswer } from "../invocation/answer.ts";
import type { TaskState } from "../invocation/task.ts";
import { MAX_CALLBACK_SECONDS } from "../limits.ts";
import { within } from "../platform/deadline.ts";
import { tell } from "../refusal.ts";

/** Where the answer goes, and in which shape. */
export interface Callback {
  readonly url: string;
  readonly shape: Shape;
}

/** The answer as in contract §1.5; a getter that found nothing is told with the whole of it. */
export function callbackBody(state: TaskState, shape: Shape): string {
  const answer = shapeAnswer(state, shape);
  if (answer.ok) return answer.value.json;
  const { detail, task = "null" } = tell(answer.refusal);
  return `{"detail":${JSON.stringify(detail)},"task":${task}}`;
}

export interface SignedCallback {
  readonly url: string;
  /** The same for every attempt, so that the receiver knows a repeat. */
  readonly id: string;
  readonly body: string;
  /** `CALLBACK_SECRET`. */
  readonly secret: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. */
export function signatureHeaders({
  id,
  body,
  secret,
  now,
}: Omit<SignedCallback, "url">): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const signature = createHmac("sha256", keyOf(secret))
    .update(`${id}.${timestamp}.${body}`)
    .digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The specification's secrets are base64 behind `whsec_`; any other text is a key as it is. */
function keyOf(secret: string): Buffer {
  const text = secret.replace(/^whsec_/, "");
  return BASE64.test(text) ? Buffer.from(text, "base64") : Buffer.from(secret);
}

/** Any 2xx is done, 410 ends it, all else fails; redirects are not followed. Never throws. */
export async function postCallback(callback: SignedCallback): Promise<"done" | "gone" | "failed"> {
  const { url, body } = callback;
  const headers = { ...signatureHeaders(callback), "content-type": "application/json" };
  try {
    const post = fetch(url, { method: "POST", headers, body, redirect: "manual" });
    const reply = await within(MAX_CALLBACK_SECONDS, post);
    await reply.body?.cancel();
    if (reply.status === 410) return "gone";
    return reply.ok ? "done" : "failed";
  } catch {
    return "failed";
  }
}
