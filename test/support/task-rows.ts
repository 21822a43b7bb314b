/** What an invoke carried, as far as the stand-in reads it. */
export interface SentTask {
  readonly id?: string;
  readonly input: { readonly text?: string; readonly files?: readonly string[] };
  readonly additional_context?: string;
  readonly user_tokens?: unknown;
  readonly source?: string;
}

/** How a task ended, or was paused. */
export interface End {
  readonly status: string;
  readonly result: string | null;
}

/** Who is to run what. */
export interface Order {
  readonly id: string;
  readonly organisation: string;
  readonly agentId: string;
  readonly apiKey: string;
  readonly route: "sync" | "async";
  /** Path and query, as they came. */
  readonly path: string;
  readonly sent: SentTask;
}

/** One task that the platform took, and so runs. */
export interface Taken extends Order {
  /** Unix milliseconds. */
  readonly at: number;
  /** Whether the task before it in its row was still running: what must never be. */
  readonly overlaps: boolean;
}

export interface Turn extends Taken {
  startedAt?: number;
  end?: End & { readonly at: number };
  /** Until it is over, or paused. */
  readonly ended: PromiseWithResolvers<void>;
}

export interface TaskRows {
  /** Every task that was taken, in order. */
  readonly taken: readonly Turn[];
  /** The task runs 20 ms, or until it is ended by hand. */
  take(order: Order, isHeld: boolean): Turn;
  /** Ends the newest task that runs, or is paused, under this id. */
  end(id: string, end?: Partial<End>): void;
  /** How the row stands, or stood before it took what is newer than `lagMs`. */
  find(organisation: string, id: string, lagMs: number): Turn | undefined;
  /** A task as its row shows it: more than a caller of the gateway may see. */
  show(turn: Turn): Readonly<Record<string, unknown>>;
}

const RUN_MS = 20;
const OVER = ["completed", "error", "failed", "stopped"];

/** One row for an organisation's id, in which each task follows the one before. */
export function createTaskRows(changed: () => void): TaskRows {
  const turns: Turn[] = [];
  const row = (organisation: string, id: string): Turn[] =>
    turns.filter((turn) => turn.organisation === organisation && turn.id === id);

  function finish(turn: Turn, { status = "completed", result }: Partial<End> = {}): void {
    turn.startedAt ??= Date.now();
    turn.end = { status, result: result ?? `Re: ${turn.sent.input.text ?? ""}`, at: Date.now() };
    turn.ended.resolve();
    changed();
  }

  return {
    taken: turns,

    take(order, isHeld) {
      const before = row(order.organisation, order.id).at(-1);
      const turn: Turn = {
        ...order,
        at: Date.now(),
        overlaps: before !== undefined && before.end === undefined,
        ended: Promise.withResolvers(),
      };
      turns.push(turn);
      setTimeout(() => (turn.startedAt ??= Date.now()), RUN_MS / 2).unref();
      if (!isHeld) setTimeout(() => finish(turn), RUN_MS).unref();
      return turn;
    },

    end(id, end) {
      const running = turns.findLast((turn) => turn.id === id && !isOver(turn));
      if (running === undefined) throw new Error(`Nothing runs under ${id}`);
      finish(running, end);
    },

    find(organisation, id, lagMs) {
      const all = row(organisation, id);
      const latest = all.at(-1);
      const isBehind = latest !== undefined && Date.now() - latest.at < lagMs;
      return isBehind ? all.at(-2) : latest;
    },

    show(turn) {
      const { end, startedAt, sent } = turn;
      return {
        id: turn.id,
        agent_id: turn.agentId,
        organization_id: turn.organisation,
        status: end?.status ?? (startedAt === undefined ? "pending" : "executing"),
        input: sent.input,
        result: end?.result ?? null,
        user_tokens: sent.user_tokens ?? null,
        additional_context: sent.additional_context ?? null,
        // The row was made with its first task, and says so ever after.
        created_at: time(row(turn.organisation, turn.id)[0]?.at),
        started_at: time(startedAt),
        finished_at: time(isOver(turn) ? end?.at : undefined),
        source: sent.source ?? "api",
        execution_attempts: startedAt === undefined ? 0 : 1,
        internal_cost: 0.25,
      };
    },
  };
}

function isOver({ end }: Turn): boolean {
  return end !== undefined && OVER.includes(end.status);
}

function time(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
