/** The alarm's work: sending a task, asking how one stands, and calling back. */
import { SettingsError } from "../config.ts";
import { callbackProblem } from "../invocation/callback-address.ts";
import { readTask } from "../invocation/read-task.ts";
import type { Task } from "../invocation/task.ts";
import { type Caller, PlatformOutage } from "../platform/platform.ts";
import type { Refusal } from "../refusal.ts";
import { askDelayMs, retryAfterMs, retryDelayMs } from "./backoff.ts";
import type { Book } from "./book.ts";
import type { CallbackRow, TaskRow } from "./rows.ts";
import { type Callback, callbackBody, postCallback } from "./callback.ts";
import { type Endings, unseenState } from "./endings.ts";
import { logFailure } from "./log-failure.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Sending } from "./sending.ts";
import { UNKNOWN_MS } from "./next-step.ts";
import { taskToSend, type WaitingTask } from "./overlap.ts";
import type { Rooms } from "./rooms.ts";
import { see } from "./see.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import type { Kept } from "./stash.ts";

export interface Deliverer {
  isSending(): boolean;
  send(row: TaskRow): Promise<void>;
  ask(row: TaskRow): Promise<void>;
  /** Posts the callback that is due first: a host that hangs holds the next alarm up only once. */
  callBack(): Promise<void>;
}

export interface DelivererOptions {
  readonly book: Book;
  readonly endings: Endings;
  readonly rooms: () => Rooms;
  /** Comes back once all that was written is on disk. */
  readonly sync: () => Promise<void>;
  readonly sending: Sending;
  readonly outcomes: Outcomes;
}

export function createDeliverer(options: DelivererOptions): Deliverer {
  const { book, endings, rooms, sync, sending, outcomes } = options;
  let isSending = false;

  /** Tries again later, or gives up. What may have been taken is asked for first. */
  const fail = (turn: number, why: string, { retryAfter, isUnknown }: Failure): void => {
    const row = book.find(turn);
    if (row === undefined || !isUnsettled(row)) return;
    const now = Date.now();
    const failures = row.failures + 1;
    const delay = retryDelayMs(failures, Math.random());
    if (delay === undefined) {
      endings.die(row, why, now);
      return;
    }
    const least = Math.max(isUnknown ? UNKNOWN_MS : 0, retryAfterMs(retryAfter, now));
    book.update(turn, {
      state: isUnknown ? "delivering" : "waiting",
      failures,
      last_error: why,
      next_at: now + Math.max(delay, least),
    });
  };

  const refuse = (turn: number, refusal: Refusal): void => {
    const row = book.find(turn);
    if (row === undefined || !isUnsettled(row)) return;
    // Certainly not taken; what the platform shows may be another thing by then.
    book.update(turn, { before: null });
    if (refusal.reason === "rate_limited") {
      fail(turn, refusal.reason, { retryAfter: retryAfterOf(refusal), isUnknown: false });
    } else {
      endings.refuse(row, refusal, Date.now());
    }
  };

  const callerOf = async (row: TaskRow): Promise<Caller> => {
    const { text, isStale } = await rooms().seal.open(row.api_key ?? "");
    if (!isStale) return { apiKey: text };
    const api_key = await rooms().seal.close(text);
    // Meanwhile it may have been erased.
    if (book.find(row.turn)?.api_key === row.api_key) book.update(row.turn, { api_key });
    return { apiKey: text };
  };

  const keepTokens = async (row: TaskRow, user_tokens: Kept): Promise<void> => {
    const isStill = book.find(row.turn)?.user_tokens === row.user_tokens;
    if (isStill) book.update(row.turn, { user_tokens });
    await rooms().stash.discard([isStill ? row.user_tokens : user_tokens]);
  };

  const taskOf = async (row: TaskRow): Promise<Task> => {
    const { seal, stash } = rooms();
    const waiting: WaitingTask = JSON.parse(await stash.recall(row.task ?? ""));
    if (row.user_tokens === null) return taskToSend(waiting, null);
    const { text, isStale } = await seal.open(await stash.recall(row.user_tokens));
    if (isStale) await keepTokens(row, await stash.keep("waiting", await seal.close(text)));
    return taskToSend(waiting, text);
  };

  /** What the platform shows before the task is sent; `undefined` if that was not to be had. */
  const lookBefore = async (
    row: TaskRow,
    caller: Caller,
  ): Promise<readonly Snapshot[] | undefined> => {
    const known = sending.knownBefore(row, Date.now());
    if (known !== undefined) return known;
    const shown = await rooms().platform.show(row.task_id, caller);
    if (shown.ok) return [snapshotOf(shown.value)];
    refuse(row.turn, shown.refusal);
    return undefined;
  };

  const attempt = async (row: TaskRow): Promise<void> => {
    const { platform } = rooms();
    const caller = await callerOf(row);
    const before = await lookBefore(row, caller);
    if (before === undefined) return;
    // Read only now: while it was not yet begun, others could be merged into it.
    const task = await taskOf(row);
    sending.mark(row, before, Date.now());
    await sync();
    const started = await platform.start(task, caller);
    const sent = book.find(row.turn);
    if (sent === undefined) return;
    if (started.ok) endings.taken(sent, Date.now());
    else refuse(row.turn, started.refusal);
  };

  const post = async (due: CallbackRow, row: TaskRow) => {
    const { url, shape }: Callback = JSON.parse(due.callback);
    try {
      const { CALLBACK_SECRET: secret, CALLBACK_HOSTS: hosts = [] } = rooms().config;
      // Its owner may have ended that, or mistyped it: it is owed until its schedule is over.
      if (secret === undefined || callbackProblem(url, hosts) !== undefined) {
        throw new SettingsError("CALLBACK_HOSTS or CALLBACK_SECRET no longer allows a callback");
      }
      const answer = row.answer === null ? undefined : await rooms().stash.recall(row.answer);
      const state = answer === undefined ? undefined : readTask(answer);
      const body = callbackBody(state ?? unseenState(row), shape);
      return await postCallback({ url, id: due.id, body, secret, now: Date.now() });
    } catch (thrown) {
      logFailure("callback_failed", thrown);
      return "failed";
    }
  };

  return {
    isSending: () => isSending,

    async send(row) {
      isSending = true;
      // From here on it is neither merged nor replaced.
      book.update(row.turn, { attempts: row.attempts + 1, restarts: null });
      try {
        await attempt(row);
      } catch (thrown) {
        const isUnknown = book.find(row.turn)?.state === "delivering";
        if (thrown instanceof PlatformOutage) {
          fail(row.turn, thrown.reason, { retryAfter: thrown.retryAfter, isUnknown });
        } else {
          fail(row.turn, "internal", { retryAfter: undefined, isUnknown });
          logFailure("send_failed", thrown);
        }
      } finally {
        isSending = false;
      }
    },

    async ask(row) {
      const asker = book.withKey();
      if (asker === undefined) return;
      const isUnknown = row.state === "delivering";
      const later = (retryAfter: string | undefined): void => {
        const asked = row.asked + 1;
        const now = Date.now();
        const delay = Math.max(askDelayMs(asked), retryAfterMs(retryAfter, now));
        book.update(row.turn, { asked, next_at: now + delay });
      };
      const notAnswered = (why: string, retryAfter: string | undefined): void => {
        if (!isUnknown) later(retryAfter);
        else {
          book.update(row.turn, { attempts: row.attempts + 1 });
          fail(row.turn, why, { retryAfter, isUnknown });
        }
      };
      try {
        const { platform, stash } = rooms();
        const askedAt = Date.now();
        const shown = await platform.show(row.task_id, await callerOf(asker));
        if (shown.ok) {
          later(undefined);
          // What is not known to be taken keeps its own time.
          if (isUnknown) book.update(row.turn, { next_at: row.next_at });
          outcomes.observe(row.turn, await see(shown.value, stash), { now: Date.now(), askedAt });
        } else if (
          isUnknown &&
          asker.turn === row.turn &&
          shown.refusal.reason !== "rate_limited"
        ) {
          const still = book.find(row.turn);
          if (still && isUnsettled(still)) endings.refuse(still, shown.refusal, Date.now());
        } else {
          notAnswered(shown.refusal.reason, retryAfterOf(shown.refusal));
        }
      } catch (thrown) {
        if (!(thrown instanceof PlatformOutage)) logFailure("ask_failed", thrown);
        const outage = thrown instanceof PlatformOutage ? thrown : undefined;
        notAnswered(outage?.reason ?? "internal", outage?.retryAfter);
      }
    },

    async callBack() {
      const due = book.nextCallback();
      if (due === undefined || due.due_at > Date.now()) return;
      const row = book.find(due.turn);
      const posted = row === undefined ? "gone" : await post(due, row);
      // Sent again by hand meanwhile, it has another end to tell.
      if (book.findCallback(due.turn)?.id !== due.id) return;
      if (posted === "failed") postpone(book, due);
      else book.removeCallback(due.turn);
    },
  };
}

interface Failure {
  readonly retryAfter: string | undefined;
  readonly isUnknown: boolean;
}

/** Nobody has seen meanwhile that the platform has it. */
function isUnsettled({ state, ended_at }: TaskRow): boolean {
  return ended_at === null && (state === "waiting" || state === "delivering");
}

function retryAfterOf(refusal: Refusal): string | undefined {
  return refusal.reason === "rate_limited" ? refusal.retryAfter : undefined;
}

function postpone(book: Book, due: CallbackRow): void {
  const failures = due.failures + 1;
  const delay = retryDelayMs(failures, Math.random());
  if (delay === undefined) book.removeCallback(due.turn);
  else book.addCallback({ ...due, failures, due_at: Date.now() + delay });
}
