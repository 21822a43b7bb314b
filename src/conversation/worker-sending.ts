/** A Worker that sends a synchronous task itself, in its turn (`conversation.ts` says when). */
import type { Shown, TaskState } from "../invocation/task.ts";
import { LEASE_MS } from "../limits.ts";
import { within } from "../platform/deadline.ts";
import { type Platform, PlatformOutage } from "../platform/platform.ts";
import { refused, type Result } from "../refusal.ts";
import type { TurnCall } from "./arrival.ts";
import type { Conversation } from "./conversation.ts";
import type { Go, Outcome } from "./messages.ts";
import { see } from "./see.ts";
import { snapshotOf } from "./snapshot.ts";
import type { Stash } from "./stash.ts";
import { MIN_PAUSE_MS, reattaching, secondsTo } from "./waiting.ts";

export interface Running {
  /** Until then it waits: unix milliseconds. */
  readonly deadline: number;
  /** Told before the task goes to the platform from here, as this call has it. */
  readonly onSent: () => void;
}

export interface WorkerSendingOptions {
  readonly objectFor: (call: TurnCall) => DurableObjectStub<Conversation>;
  readonly platform: Platform;
  readonly stash: Stash;
  readonly syncTimeoutSeconds: number;
  /** Keeps the Worker alive for what its caller no longer waits for. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export interface WorkerSending {
  /** What the platform shows of the task; an outage has certainly taken nothing. */
  show(call: TurnCall, seconds?: number): Promise<Result<Shown | undefined>>;
  /** Sends the task; `undefined` if its turn was lost meanwhile. */
  send(
    call: TurnCall,
    turn: number,
    running: Running & { readonly go: Go },
  ): Promise<Result<TaskState> | undefined>;
}

export function createWorkerSending(options: WorkerSendingOptions): WorkerSending {
  const { objectFor, platform, stash, syncTimeoutSeconds, waitUntil } = options;

  /** Nothing was sent yet, whatever comes of it. */
  const show = async (call: TurnCall, seconds = syncTimeoutSeconds) => {
    try {
      return await within(seconds, platform.show(call.task.id, call));
    } catch (thrown) {
      throw thrown instanceof PlatformOutage ? thrown.told(true) : thrown;
    }
  };

  const send = async (
    call: TurnCall,
    turn: number,
    { go, deadline, onSent }: Running & { readonly go: Go },
  ): Promise<Result<TaskState> | undefined> => {
    const settle = (outcome: Outcome) =>
      reattaching(() => objectFor(call).settle(turn, go.attempt, outcome));
    const renewal = setInterval(() => {
      waitUntil(
        objectFor(call)
          .renew(turn, go.attempt)
          .catch(() => undefined),
      );
    }, LEASE_MS / 3);
    let mayBeSent = go.isReady;
    // What is begun too late to be answered is not begun.
    const isTooLate = async (): Promise<boolean> => {
      if (deadline - Date.now() > MIN_PAUSE_MS) return false;
      await settle({ kind: "not_sent" });
      return true;
    };
    try {
      if (await isTooLate()) return refused({ reason: "conversation_busy" });
      if (!go.isReady) {
        const shown = await show(call, secondsTo(deadline));
        if (!shown.ok) {
          await settle({ kind: "not_sent" });
          return shown;
        }
        if (await isTooLate()) return refused({ reason: "conversation_busy" });
        const snapshot = snapshotOf(shown.value);
        const mayBegin = await reattaching(() => objectFor(call).begin(turn, go.attempt, snapshot));
        if (!mayBegin) return undefined;
        mayBeSent = true;
      }
      onSent();
      const reply = await within(secondsTo(deadline), platform.run(call.task, call));
      const settled = outcomeOf(reply, stash).then(settle);
      // What a repeat is told must be on disk before the first caller is told it. Otherwise a crash
      // in between costs the next turn a lease, as any crash of a Worker does.
      if (call.repeat === null) waitUntil(settled.catch(() => undefined));
      else await settled;
      return reply;
    } catch (thrown) {
      const reason = thrown instanceof PlatformOutage ? thrown.reason : "internal";
      await settle(mayBeSent ? { kind: "unknown", why: reason } : { kind: "not_sent" });
      // The platform is asked from here on, whatever it answered, and wherever it has gone: it may
      // have the task.
      throw mayBeSent && thrown instanceof PlatformOutage ? thrown.told(false) : thrown;
    } finally {
      clearInterval(renewal);
    }
  };

  return { show, send };
}

async function outcomeOf(reply: Result<Shown>, stash: Stash): Promise<Outcome> {
  if (!reply.ok) {
    const { refusal } = reply;
    // A limit that was reached says nothing about the next attempt: its repeat may run.
    return { kind: "refused", refusal, isFinal: refusal.reason !== "rate_limited" };
  }
  try {
    return { kind: "replied", ...(await see(reply.value, stash)) };
  } catch {
    // What cannot be kept now is asked for when somebody wants it: its caller has it already.
    return { kind: "unknown", why: "internal" };
  }
}
