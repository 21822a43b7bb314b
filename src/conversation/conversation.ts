import { DurableObject } from "cloudflare:workers";
import { readConfig } from "../config.ts";
import { CONVERSATION_RETENTION_MS, LEASE_MS } from "../limits.ts";
import { createAttending } from "./attending.ts";
import { Book } from "./book.ts";
import { createDeliverer } from "./deliver.ts";
import { createEndings } from "./endings.ts";
import { logFailure } from "./log-failure.ts";
import type { Accepted, Arrival, DeadTask, Outcome, Seen, Status, View } from "./messages.ts";
import { nextStep, type Situation, type Step } from "./next-step.ts";
import { createOutcomes } from "./outcomes.ts";
import { createPlacing } from "./placing.ts";
import { roomsOf } from "./rooms.ts";
import type { TaskRow } from "./rows.ts";
import { createSending } from "./sending.ts";
import type { Snapshot } from "./snapshot.ts";
import { type Kept, liesInBucket } from "./stash.ts";
import { deadOf, endOf, firstOf, LOST, statusOf } from "./view.ts";

/**
 * One conversation: all the tasks of one organisation that share a `task_id`, in their order.
 *
 * It keeps the book, and does no waiting. A task is *accepted* into the queue in one transaction
 * with the alarm that will see to it, so what was acknowledged is on disk. The first of the queue
 * has its turn; the others wait until it is over.
 *
 * An *asynchronous* task is sent by the alarm. First what the platform shows for the id is written
 * down together with `delivering`, and only then the call goes out. So whatever happens next, a
 * crash or an answer that never comes, the question "has it been taken?" can be settled: five
 * seconds later at the earliest the platform is asked, and what it shows now is compared. The same
 * as before: not taken, and sent again on the schedule of `backoff.ts`. Something else: taken. No
 * answer: asked again, never sent.
 *
 * A *synchronous* task is sent by the Worker that waits for it, since waiting is free there. The
 * Worker asks (`attend`) until it is told to go, tells what the platform showed (`begin`), calls
 * the platform, renews its lease (`renew`), and tells the outcome (`settle`). If it dies, the lease
 * runs out: before its turn it just leaves the queue, after it the platform is asked as above.
 *
 * A turn is *over* when what the platform shows has ended and differs from what it showed before,
 * when it is paused, or when it took longer than `MAX_TURN_MINUTES`. That is asked for only while
 * somebody waits: by the alarm, with the key of a task that waits here, or by Workers that wait,
 * each told by `attend` when to ask and telling by `observe` what it saw.
 *
 * Nothing is kept longer than it is needed: tokens until the platform has them, a key until nobody
 * asks with it, ends and dead tasks for 30 days, and then the object deletes itself. The rules
 * (whose turn it is, what overlap does, how long to back off) are pure functions beside this class.
 */
export class Conversation extends DurableObject<Env> {
  readonly #awakeSince = Date.now();
  readonly #book = new Book(this.ctx.storage.sql);
  readonly #sending = createSending(this.#book);
  readonly #endings = createEndings(this.#book, (kept) => {
    this.#discard(kept);
  });
  readonly #placing = createPlacing({
    book: this.#book,
    endings: this.#endings,
    maxFiles: () => readConfig(this.env).MAX_FILES,
  });
  readonly #outcomes = createOutcomes({
    book: this.#book,
    endings: this.#endings,
    awakeSince: this.#awakeSince,
    isSending: () => this.#deliverer.isSending(),
    discard: (kept) => {
      this.#discard(kept);
    },
  });
  readonly #deliverer = createDeliverer({
    book: this.#book,
    endings: this.#endings,
    sending: this.#sending,
    outcomes: this.#outcomes,
    rooms: () => roomsOf(this.env),
    sync: () => this.ctx.storage.sync(),
  });
  readonly #attending = createAttending({
    book: this.#book,
    sending: this.#sending,
    situation: (now) => this.#situation(now),
  });
  #alarmAt: number | undefined;
  #repeatsRemovedAt = 0;

  /** Commits a task, or says why it has no place; a repeat finds its first. */
  async accept(arrival: Arrival): Promise<Accepted> {
    const now = Date.now();
    if (arrival.isNew) this.#book.begin();
    const accepted = this.#placing.repeated(arrival, now) ?? this.#accept(arrival, now);
    if (accepted.kind !== "ask_first") this.#discardUnused(arrival, accepted);
    await this.#wake(now);
    return accepted;
  }

  /** For a Worker that waits: how the task stands, and whether it is to send it or to ask. */
  async attend(turn: number): Promise<View> {
    const now = Date.now();
    this.#tidy(now);
    const row = this.#whereItWent(turn);
    const view = row === undefined ? LOST : (endOf(row) ?? this.#attending.attend(row, now));
    await this.#wake(now);
    return view;
  }

  /** A Worker has waited for long enough: its task is not sent. */
  async leave(turn: number): Promise<void> {
    const now = Date.now();
    const row = this.#book.find(turn);
    if (row?.state === "waiting" && row.runs === "worker") this.#outcomes.drop(row, now);
    await this.#wake(now);
  }

  /** The Worker has asked what the platform shows; `false` if it may no longer send. */
  async begin(turn: number, attempt: number, snapshot: Snapshot): Promise<boolean> {
    const now = Date.now();
    const row = this.#book.find(turn);
    if (row?.state !== "delivering" || row.attempts !== attempt) return false;
    this.#sending.mark(row, [snapshot], now);
    await this.#wake(now);
    return true;
  }

  /** The Worker is alive and still waits for the platform. */
  renew(turn: number, attempt: number): void {
    const row = this.#book.find(turn);
    if (row?.state !== "delivering" || row.attempts !== attempt) return;
    this.#book.update(turn, { lease_until: Date.now() + LEASE_MS });
  }

  /** What came of a Worker's attempt. */
  async settle(turn: number, attempt: number, outcome: Outcome): Promise<void> {
    const now = Date.now();
    this.#outcomes.settle(turn, attempt, { outcome, now });
    await this.#wake(now);
  }

  /** What a Worker saw when it asked how a turn stands, so long ago; whether it is of this turn. */
  async observe(turn: number, seen: Seen, ageMs: number): Promise<boolean> {
    const now = Date.now();
    const isOfThis = this.#outcomes.observe(turn, seen, { now, askedAt: now - ageMs });
    await this.#wake(now);
    return isOfThis;
  }

  /** The platform would not say how the turn stands: it is asked later. */
  postpone(turn: number, delayMs: number): void {
    const row = this.#book.find(turn);
    if (row === undefined || row.ended_at !== null) return;
    this.#book.update(turn, { next_at: Math.max(row.next_at, Date.now() + delayMs) });
  }

  /** Contract §2.5; the newest without a `turn`. Leaves no trace where there is nothing. */
  look(turn: number | undefined): Status | undefined {
    const book = this.#book;
    const row = turn === undefined ? book.newest() : book.find(turn);
    if (row === undefined) return undefined;
    return statusOf(row, this.#isLatest(row));
  }

  /** The newest dead task that can be sent again. */
  lookForDead(): Status | undefined {
    const row = this.#book.newestDead();
    return row && statusOf(row, false);
  }

  /** Whether a task with this key would be a repeat. */
  knows(key: string): boolean {
    return this.#book.findRepeat(key, Date.now()) !== undefined;
  }

  /** Those of these tasks that are dead; of one that was merged, what it was merged into. */
  deadAmong(turns: readonly number[]): DeadTask[] {
    return deadOf(turns.map((turn) => this.#whereItWent(turn)));
  }

  /** Puts a dead task (the newest without a `turn`) at the end of the queue; its turn, or nothing. */
  async retry(turn: number | undefined, apiKey: string): Promise<number | undefined> {
    const now = Date.now();
    const row = turn === undefined ? this.#book.newestDead() : this.#book.find(turn);
    if (row?.state !== "dead" || row.task === null) return undefined;
    // Whether it was taken after all can be asked as long as nothing else was sent.
    const { before } = this.#book.first() === undefined && this.#isLatest(row) ? row : UNKNOWN;
    this.#book.removeCallback(row.turn);
    this.#book.update(row.turn, {
      state: before === null ? "waiting" : "delivering",
      api_key: apiKey,
      before,
      is_new: 0,
      failures: 0,
      asked: 0,
      last_error: null,
      refusal: null,
      next_at: now,
      ended_at: null,
    });
    this.#book.enqueue(row.turn);
    await this.#wake(now);
    return row.turn;
  }

  /** Never throws: an alarm that throws six times is dropped. */
  override async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    try {
      await Promise.all([this.#advance(), this.#deliverer.callBack()]);
      const now = Date.now();
      this.#removeOld(now);
      await this.#wake(now);
    } catch (thrown) {
      logFailure("alarm_failed", thrown);
      await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    }
  }

  #accept(arrival: Arrival, now: number): Accepted {
    this.#tidy(now);
    if (arrival.overlap === "drop") {
      const running = this.#book.first();
      if (running !== undefined && !arrival.hasAsked && this.#mayBeOver(running, now)) {
        return { kind: "ask_first", turn: running.turn };
      }
      // It would wait if it were not dropped.
      this.#tidy(now, true);
    }
    const first = this.#book.first();
    if (arrival.shown !== null) this.#hurry(first, now);
    const placed = this.#placing.place(arrival, now);
    const mayGo = arrival.runs === "worker" && placed.kind === "accepted" && first === undefined;
    const row = mayGo ? this.#book.first() : undefined;
    return row === undefined || placed.kind !== "accepted"
      ? placed
      : { ...placed, go: this.#sending.claim(row, now, arrival.shown) };
  }

  /** The platform answers again: what it did not answer need not wait for its next time. */
  #hurry(first: TaskRow | undefined, now: number): void {
    if (first?.state !== "delivering" || first.next_at <= now) return;
    const unanswered = first.failures - (first.runs === "alarm" ? 1 : 0);
    if (unanswered > 0) this.#book.update(first.turn, { next_at: now });
  }

  #mayBeOver(running: TaskRow, now: number): boolean {
    if (running.state !== "delivering") return running.state === "delivered";
    return nextStep(firstOf(running), { ...this.#situation(now), canAsk: true }).do === "ask";
  }

  /** No other task was sent since. */
  #isLatest({ turn }: TaskRow): boolean {
    return this.#book.latest()?.turn === turn;
  }

  /** A repeat, and what was merged or dropped, has no use for what came with it. */
  #discardUnused({ task, userTokens }: Arrival, accepted: Accepted): void {
    if (!liesInBucket(task) && !liesInBucket(userTokens)) return;
    const row = "turn" in accepted ? this.#book.find(accepted.turn) : undefined;
    this.#discard([task === row?.task ? null : task]);
    this.#discard([userTokens === row?.user_tokens ? null : userTokens]);
  }

  #whereItWent(turn: number): TaskRow | undefined {
    const row = this.#book.find(turn);
    const into = row?.merged_into ?? null;
    return into === null ? row : this.#book.find(into);
  }

  /** Does what needs neither the platform nor time; returns what is left to do. */
  #tidy(now: number, isAwaited?: boolean): Step {
    for (;;) {
      const first = this.#book.first();
      const step = nextStep(first && firstOf(first), this.#situation(now, isAwaited));
      if (first === undefined) return step;
      switch (step.do) {
        case "drop":
          this.#outcomes.drop(first, now);
          break;
        case "unsend":
          this.#book.update(first.turn, { state: "waiting", lease_until: first.watched_until });
          break;
        case "free":
          this.#endings.free(first, now);
          break;
        case "rest":
        case "send":
        case "ask":
          return step;
      }
    }
  }

  #situation(now: number, isAwaited = this.#book.isAwaited()): Situation {
    return {
      now,
      awakeSince: this.#awakeSince,
      maxTurnMs: readConfig(this.env).MAX_TURN_MINUTES * 60_000,
      canAsk: this.#book.hasKey(),
      isAwaited,
      isSending: this.#deliverer.isSending(),
    };
  }

  async #advance(): Promise<void> {
    for (;;) {
      const step = this.#tidy(Date.now());
      const row = step.do === "rest" ? undefined : this.#book.find(step.turn);
      if (row === undefined) return;
      if (step.do === "send") await this.#deliverer.send(row);
      else await this.#deliverer.ask(row);
    }
  }

  /** Sets the one alarm to what is due first; deletes everything once nothing is. */
  async #wake(now: number): Promise<void> {
    const step = this.#tidy(now);
    const due = Math.min(
      step.do === "rest" ? step.until : now,
      this.#book.nextCallback()?.due_at ?? Number.POSITIVE_INFINITY,
    );
    // What is old can wait for whatever is due.
    const at = Number.isFinite(due) ? due : this.#oldAt();
    if (at === undefined) {
      if (!this.#book.isMade()) return;
      this.#book.reset();
      this.#alarmAt = undefined;
      await this.ctx.storage.deleteAll();
      return;
    }
    if (at === this.#alarmAt) return;
    this.#alarmAt = at;
    await this.ctx.storage.setAlarm(at);
  }

  /** When the oldest record has been kept for long enough; `undefined` if there is none. */
  #oldAt(): number | undefined {
    const oldestAt = this.#book.oldestAt();
    if (oldestAt === undefined) return undefined;
    // On the hour: a task that ends a moment later does not move it.
    return Math.ceil((oldestAt + CONVERSATION_RETENTION_MS) / HOUR_MS) * HOUR_MS;
  }

  #removeOld(now: number): void {
    this.#discard(this.#book.removeUntil(now - CONVERSATION_RETENTION_MS));
    if (now - this.#repeatsRemovedAt < HOUR_MS) return;
    this.#repeatsRemovedAt = now;
    this.#book.removeRepeats(now);
  }

  #discard(kept: readonly (Kept | null)[]): void {
    if (kept.some(liesInBucket)) {
      this.ctx.waitUntil(roomsOf(this.env).stash.discard(kept));
    }
  }
}

const HOUR_MS = 60 * 60 * 1000;
const ALARM_RETRY_MS = 30_000;

/** Of what the platform showed before. */
const UNKNOWN = { before: null } as const;
