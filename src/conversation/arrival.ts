/** A task on its way into its conversation. */
import type { Handling } from "../invocation/handling.ts";
import type { Shape } from "../invocation/invocation.ts";
import type { Task } from "../invocation/task.ts";
import type { Seal } from "../seal.ts";
import type { Callback } from "./callback.ts";
import type { Arrival, Repeat } from "./messages.ts";
import type { WaitingTask } from "./overlap.ts";
import type { Stash } from "./stash.ts";

export interface TurnCall {
  readonly organisation: string;
  readonly task: Task;
  /** The gateway made the task's id for it alone. */
  readonly isNew: boolean;
  readonly handling: Handling;
  readonly shape: Shape;
  readonly apiKey: string;
  readonly repeat: Repeat | null;
}

/** What the object is handed: keys and tokens sealed, and what is large kept in R2. */
export async function arrivalOf(
  call: TurnCall,
  { seal, stash }: { readonly seal: Seal; readonly stash: Stash },
): Promise<Arrival> {
  const { task, handling, shape, apiKey, isNew, repeat } = call;
  const { overlap, debounceSeconds, callbackUrl: url } = handling;
  const common = { agentId: task.agentId, taskId: task.id, isNew, overlap, repeat };
  const none = { hasAsked: false, shown: null, callback: null, agreement: null, debounceMs: 0 };
  if (!handling.asynchronous) {
    return { ...common, ...none, runs: "worker", task: null, apiKey: null, userTokens: null };
  }
  const { userTokens, context, ...rest } = task;
  const waiting: WaitingTask = {
    task: rest,
    contexts: context === undefined ? [] : [context],
    shape,
  };
  const callback: Callback | undefined = url === undefined ? undefined : { url, shape };
  const tokens = userTokens === undefined ? undefined : await seal.close(userTokens);
  const mayMerge = overlap !== "queue" || debounceSeconds > 0;
  return {
    ...common,
    hasAsked: false,
    shown: null,
    runs: "alarm",
    task: await stash.keep("waiting", JSON.stringify(waiting)),
    apiKey: await seal.closeKey(apiKey),
    userTokens: tokens === undefined ? null : await stash.keep("waiting", tokens),
    callback: callback === undefined ? null : JSON.stringify(callback),
    debounceMs: debounceSeconds * 1000,
    agreement: mayMerge ? await agreementOf(call) : null,
  };
}

/** The same for tasks that one person sent with the same rights and wishes (contract §2.8). */
async function agreementOf({ task, handling, shape, apiKey }: TurnCall): Promise<string> {
  const { agentId, agentVersion, user, userTokens, disableAttachmentInjection } = task;
  const parts = [
    [agentId, agentVersion, user, userTokens, disableAttachmentInjection],
    [shape.getter?.path, shape.json, handling.callbackUrl, handling.overlap, apiKey],
  ];
  const text = new TextEncoder().encode(JSON.stringify(parts));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return digest.toBase64({ alphabet: "base64url", omitPadding: true });
}
