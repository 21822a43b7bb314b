/**
 * The embedded adapter: agents that are functions in this Worker. A sync task is run by the Worker
 * that was asked; one that outlives its limit is given what time the runtime leaves it, no more.
 */
import { agents as registered } from "../../agents/registry.ts";
import type { Agent } from "./agent.ts";
import { toJsonText } from "../../invocation/json-text.ts";
import { type Shown, SOURCE, type Task } from "../../invocation/task.ts";
import { LEASE_MS } from "../../limits.ts";
import { accepted, refused, type Result } from "../../refusal.ts";
import { within } from "../deadline.ts";
import type { Admission, Caller, Platform } from "../platform.ts";
import { type OpenFile, opensFrom, runAgent } from "./run.ts";
import type { ShownTurn, Thread, TurnTask } from "./thread.ts";

export interface EmbeddedOptions {
  /** By `agent_id`; those of `src/agents/` unless said otherwise. */
  readonly agents?: ReadonlyMap<string, Agent>;
  readonly threads: DurableObjectNamespace<Thread>;
  /** Where uploaded files lie. */
  readonly bucket: R2Bucket;
  /** The one key; its organisation is `local`. */
  readonly apiKey: string;
  readonly syncTimeoutSeconds: number;
  /** Keeps the Worker alive for a run whose caller is no longer waiting. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export function createEmbeddedPlatform(options: EmbeddedOptions): Platform {
  const { agents = registered, threads, waitUntil, syncTimeoutSeconds } = options;
  const openFile = opensFrom(options.bucket);

  const agentFor = async (agentId: string, { apiKey }: Caller): Promise<Result<Agent>> => {
    if (!(await isSameKey(apiKey, options.apiKey))) return refused({ reason: "api_key_invalid" });
    const agent = agents.get(agentId);
    return agent === undefined ? refused({ reason: "agent_not_found" }) : accepted(agent);
  };

  return {
    async admit(agentId, caller) {
      if (agentId === undefined) {
        const isKey = await isSameKey(caller.apiKey, options.apiKey);
        return isKey ? accepted(LOCAL) : refused({ reason: "api_key_invalid" });
      }
      const agent = await agentFor(agentId, caller);
      return agent.ok ? accepted(LOCAL) : agent;
    },

    async run(task, caller) {
      const agent = await agentFor(task.agentId, caller);
      if (!agent.ok) return agent;
      const thread = threads.getByName(task.id);
      const run = runTurn({ agent: agent.value, task: turnTask(task), thread, openFile });
      waitUntil(run);
      return accepted(await within(syncTimeoutSeconds, run));
    },

    async start(task, caller) {
      const agent = await agentFor(task.agentId, caller);
      if (!agent.ok) return agent;
      await threads.getByName(task.id).start(turnTask(task));
      return accepted("started");
    },

    async show(taskId, { apiKey }) {
      if (!(await isSameKey(apiKey, options.apiKey))) return refused({ reason: "api_key_invalid" });
      const turn = await threads.getByName(taskId).newest();
      return accepted(turn === undefined ? undefined : shownTurn(taskId, turn));
    },
  };
}

const LOCAL: Admission = { organisation: "local" };

interface SyncTurn {
  readonly agent: Agent;
  readonly task: TurnTask;
  readonly thread: DurableObjectStub<Thread>;
  readonly openFile: OpenFile;
}

async function runTurn({ agent, task, thread, openFile }: SyncTurn): Promise<Shown> {
  const { turn, createdAt, earlierTurns } = await thread.begin(task);
  const renewal = setInterval(() => {
    thread.renew(turn).catch(() => undefined);
  }, LEASE_MS / 3);
  const outcome = await runAgent(agent, task, { turn, earlierTurns, openFile });
  clearInterval(renewal);
  const finishedAt = await thread.finish(turn, outcome);
  return shownTurn(task.id, {
    ...outcome,
    turn,
    agentId: task.agentId,
    attempts: 1,
    createdAt,
    finishedAt,
  });
}

function turnTask(task: Task): TurnTask {
  const { agentId, id, prompt, files, user = null, context = "null" } = task;
  return { agentId, id, prompt, contextText: context, files, user };
}

function shownTurn(taskId: string, shown: ShownTurn): Shown {
  const { turn, agentId, status, result, attempts, createdAt, finishedAt } = shown;
  const at = toJsonText(new Date(createdAt));
  return {
    id: toJsonText(taskId),
    agent_id: toJsonText(agentId),
    status: toJsonText(status),
    result: toJsonText(result),
    created_at: at,
    started_at: at,
    finished_at: finishedAt === null ? "null" : toJsonText(new Date(finishedAt)),
    source: toJsonText(SOURCE),
    execution_attempts: String(attempts),
    // What tells one turn from another.
    input: toJsonText({ turn }),
  };
}

/** Compares in constant time, whatever the lengths: the digests are what is compared. */
async function isSameKey(given: string, ours: string): Promise<boolean> {
  const digests = await Promise.all(
    [given, ours].map((key) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))),
  );
  const [a, b] = digests;
  return a !== undefined && b !== undefined && crypto.subtle.timingSafeEqual(a, b);
}
