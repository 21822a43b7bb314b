/** A Worker's way to the conversations: handing a task over, taking a turn, and waiting for one. */
import { readTask } from "../invocation/read-task.ts";
import type { TaskState } from "../invocation/task.ts";
import { type Caller, type Platform, PlatformOutage } from "../platform/platform.ts";
import { accepted, type Refusal, refused, type Result } from "../refusal.ts";
import type { Seal } from "../seal.ts";
import { arrivalOf, type TurnCall } from "./arrival.ts";
import { retryAfterMs } from "./backoff.ts";
import type { TurnState } from "./rows.ts";
import type { Conversation } from "./conversation.ts";
import { unseenState } from "./endings.ts";
import type { Accepted, Arrival, Go, Status, View } from "./messages.ts";
import { see } from "./see.ts";
import { snapshotOf } from "./snapshot.ts";
import type { Kept, Stash } from "./stash.ts";
import { MIN_PAUSE_MS, pauseMs, reattaching, sleep } from "./waiting.ts";
import { createWorkerSending, type Running } from "./worker-sending.ts";

/** Its place there. */
export interface Placed {
  readonly turn: number;
  readonly isRepeat: boolean;
  readonly isDropped: boolean;
  /** The Worker may send it at once. */
  readonly go: Go | null;
}

/** How a task stands (contract §2.5). */
export interface Standing extends Status {
  readonly task: TaskState;
}

export interface Conversations {
  /** Once this has come back, the task is on disk. `conflict`: its key was used for another request. */
  place(call: TurnCall): Promise<Placed | "conflict">;
  /**
   * Takes the turn of a synchronous task, or waits for the answer that its first caller gets. Who
   * waits for a turn that the platform may not have is told that it cannot be reached.
   */
  run(call: TurnCall, placed: Placed, running: Running): Promise<Result<TaskState>>;
  /** Waits for the end of an asynchronous task; `undefined` if it is not there in time. */
  waitFor(
    call: TurnCall,
    turn: number,
    seconds: number,
  ): Promise<Result<TaskState> | "dropped" | undefined>;
  /** `undefined` if the gateway holds no such task; the newest without a `turn`. */
  look(place: TaskPlace, caller: Caller): Promise<Standing | undefined>;
  /** The turn that is sent again; `undefined` if none is dead. */
  retry(place: TaskPlace, caller: Caller): Promise<number | undefined>;
  /** Whose task it is: asked before anything of it is told. */
  agentOf(place: TaskPlace): Promise<string | undefined>;
}

export interface TaskPlace {
  readonly organisation: string;
  readonly taskId: string;
  readonly turn: number | undefined;
}

export interface ConversationsOptions {
  readonly namespace: () => DurableObjectNamespace<Conversation>;
  readonly platform: Platform;
  readonly seal: Seal;
  readonly stash: Stash;
  readonly syncTimeoutSeconds: number;
  /** Keeps the Worker alive for what its caller no longer waits for. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export function createConversations(options: ConversationsOptions): Conversations {
  const { namespace, platform, seal, stash, waitUntil } = options;
  const objectOf = ({ organisation, taskId }: Omit<TaskPlace, "turn">) =>
    namespace().getByName(`${organisation}/${taskId}`);
  const objectFor = ({ organisation, task }: TurnCall) =>
    objectOf({ organisation, taskId: task.id });

  const worker = createWorkerSending({ ...options, objectFor });

  /** The outage, if the platform could not answer: it is asked again when that is due. */
  const askAndTell = async (call: TurnCall, turn: number): Promise<PlatformOutage | undefined> => {
    try {
      const askedAt = Date.now();
      const shown = await platform.show(call.task.id, call);
      if (shown.ok) {
        const seen = await see(shown.value, stash);
        await reattaching(() => objectFor(call).observe(turn, seen, Date.now() - askedAt));
      } else if (shown.refusal.reason === "rate_limited") {
        const delay = retryAfterMs(shown.refusal.retryAfter, Date.now());
        await reattaching(() => objectFor(call).postpone(turn, delay));
      }
    } catch (thrown) {
      if (!(thrown instanceof PlatformOutage)) throw thrown;
      return thrown;
    }
    return undefined;
  };

  const accept = async (call: TurnCall, arrival: Arrival): Promise<Accepted> => {
    const answer: Accepted = await objectFor(call).accept(arrival);
    if (answer.kind !== "ask_first") return answer;
    await askAndTell(call, answer.turn);
    return objectFor(call).accept({ ...arrival, hasAsked: true });
  };

  /** A turn that is free is taken with one message less if the platform was asked before. */
  const showEarly = async (call: TurnCall): Promise<(() => Arrival["shown"]) | null> => {
    if (call.handling.asynchronous || call.isNew || call.repeat !== null) return null;
    const startedAt = Date.now();
    const shown = await worker.show(call);
    if (!shown.ok) return null;
    const snapshot = snapshotOf(shown.value);
    return () => ({ snapshot, ageMs: Date.now() - startedAt });
  };

  /** Until `deadline`, or until the view is anything but "wait"; the last view. */
  const attend = async (
    call: TurnCall,
    turn: number,
    { deadline, onOutage }: { readonly deadline: number; readonly onOutage?: OnOutage },
  ): Promise<View> => {
    const startedAt = Date.now();
    let outages = 0;
    for (;;) {
      const view: View = await reattaching<View>(() => objectFor(call).attend(turn));
      if (view.kind !== "wait") return view;
      const now = Date.now();
      if (now >= deadline) return view;
      if (view.ask === null) {
        const pause = Math.min(pauseMs(now - startedAt), view.askAt - now, deadline - now);
        await sleep(Math.max(pause, MIN_PAUSE_MS));
      } else {
        const outage = await askAndTell(call, view.ask);
        const isGone = view.isUnsettled && outage?.reason === "platform_unreachable";
        outages = isGone ? outages + 1 : 0;
        if (isGone && outages >= MAX_OUTAGES) await onOutage?.(outage);
      }
    }
  };

  const answerIn = async (kept: Kept): Promise<TaskState> => {
    const state = readTask(await stash.recall(kept));
    if (state === undefined) throw new Error("a kept answer cannot be read");
    return state;
  };

  return {
    async place(call) {
      const shown = await showEarly(call);
      const arrival = await arrivalOf(call, { seal, stash });
      const answer = await accept(call, { ...arrival, shown: shown && shown() });
      switch (answer.kind) {
        case "accepted":
          return { turn: answer.turn, isRepeat: false, isDropped: false, go: answer.go };
        case "repeated":
          return {
            turn: answer.turn,
            isRepeat: true,
            isDropped: answer.state === "dropped",
            go: null,
          };
        case "dropped":
          return { turn: answer.turn, isRepeat: false, isDropped: true, go: null };
        case "conflict":
          return "conflict";
        case "ask_first":
          throw new Error("was asked already");
      }
    },

    async run(call, { turn, go, isRepeat }, { deadline, onSent }) {
      const leave = async () => {
        if (!isRepeat) await reattaching(() => objectFor(call).leave(turn));
      };
      const waiting = {
        deadline,
        async onOutage(outage: PlatformOutage) {
          await leave();
          throw outage.told(true);
        },
      };
      let view: View = go === null ? await attend(call, turn, waiting) : { kind: "go", go };
      for (;;) {
        switch (view.kind) {
          case "answered":
            return accepted(await answerIn(view.answer));
          case "refused":
            return refused(view.refusal);
          case "lost":
            return refused(lostRefusal(view.state));
          case "wait":
            if (view.state === "waiting") {
              await leave();
              return refused({ reason: "conversation_busy" });
            }
            // What a repeat has brought is of no use to a task that its first has sent.
            throw new PlatformOutage("platform_timeout", "no end in time", {
              tookNothing: isRepeat,
            });
          case "go": {
            const sending = worker.send(call, turn, { deadline, onSent, go: view.go });
            waitUntil(sending.catch(() => undefined));
            const reply = await sending;
            if (reply !== undefined) return reply;
            view = await attend(call, turn, waiting);
          }
        }
      }
    },

    async waitFor(call, turn, seconds) {
      const view = await attend(call, turn, { deadline: Date.now() + seconds * 1000 });
      switch (view.kind) {
        case "answered":
          return accepted(await answerIn(view.answer));
        case "refused":
          return refused(view.refusal);
        case "lost":
          return view.state === "dropped" ? "dropped" : refused(lostRefusal(view.state));
        case "go":
        case "wait":
          return undefined;
      }
    },

    async agentOf(place) {
      return (await objectOf(place).look(place.turn))?.agentId;
    },

    async look(place, caller) {
      const object = objectOf(place);
      let status: Status | undefined = await object.look(place.turn);
      if (status === undefined) return undefined;
      let shownState: TaskState | undefined;
      if (status.isShown) {
        const askedAt = Date.now();
        const shown = await platform.show(place.taskId, caller).catch(() => undefined);
        if (shown?.ok === true) {
          const seen = await see(shown.value, stash);
          const isOfThis = await object.observe(status.turn, seen, Date.now() - askedAt);
          status = (await object.look(status.turn)) ?? status;
          // What was paused may go on without us.
          if (isOfThis && status.state === "delivered") shownState = shown.value;
        }
      }
      const kept = status.answer === null ? undefined : await answerIn(status.answer);
      return { ...status, task: shownState ?? kept ?? unseenTask(place.taskId, status) };
    },

    async retry(place, caller) {
      const object = objectOf(place);
      const apiKey = await seal.close(caller.apiKey);
      if (place.turn !== undefined) return object.retry(place.turn, apiKey);
      const dead: Status | undefined = await object.lookForDead();
      if (dead === undefined) return undefined;
      // Its agent may be another one than that of the newest task, which was looked at.
      const right = await platform.admit(dead.agentId, caller);
      return right.ok ? object.retry(dead.turn, apiKey) : undefined;
    },
  };
}

/** Told once a platform that is asked for an unsettled turn was gone so often in a row; may throw. */
type OnOutage = (outage: PlatformOutage) => Promise<void>;

/** Once is a slip of the line. */
const MAX_OUTAGES = 2;

function lostRefusal(state: TurnState): Refusal {
  return state === "dropped" ? { reason: "conversation_busy" } : { reason: "platform_failed" };
}

function unseenTask(taskId: string, status: Status): TaskState {
  const { agentId, state, acceptedAt, attempts } = status;
  return unseenState({
    task_id: taskId,
    agent_id: agentId,
    state,
    accepted_at: acceptedAt,
    attempts,
  });
}
