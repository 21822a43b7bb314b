/**
 * The remote adapter: any server with the platform's REST API. It does not guarantee that a task
 * which ended in an outage has not run: the platform may have taken it.
 */
import { MAX_ACCEPT_SECONDS } from "../../limits.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import { type Caller, type Platform, PlatformOutage } from "../platform.ts";
import { readTask } from "../../invocation/read-task.ts";
import type { Shown, Task } from "../../invocation/task.ts";
import type { Acceptances } from "./acceptances.ts";
import { createAdmit } from "./admission.ts";
import { callPlatform } from "./call.ts";
import { within } from "../deadline.ts";
import { invokeBody, invokePath } from "./request.ts";

export interface RemoteOptions {
  /** Without a path. */
  readonly origin: string;
  readonly syncTimeoutSeconds: number;
  readonly acceptances: Acceptances;
}

export function createRemotePlatform(options: RemoteOptions): Platform {
  const { origin, syncTimeoutSeconds, acceptances } = options;
  const acceptTimeoutSeconds = Math.min(syncTimeoutSeconds, MAX_ACCEPT_SECONDS);

  const invoke = (mode: "sync" | "async", task: Task, caller: Caller): Promise<Result<Shown>> => {
    const address = origin + invokePath(task, mode);
    const call = callPlatform(address, caller, { method: "POST", body: invokeBody(task) });
    return call.then((reply) =>
      reply.ok ? accepted(taskIn(reply.value)) : turnAway(reply.refusal, task, caller),
    );
  };

  async function turnAway(refusal: Refusal, task: Task, caller: Caller): Promise<Result<Shown>> {
    if (refusal.reason === "api_key_invalid") {
      // It may be the key, or its right to this agent: the platform says one and the same.
      await acceptances.forget(caller.apiKey, task.agentId);
      await acceptances.forget(caller.apiKey, undefined);
    }
    return refused(refusal);
  }

  return {
    admit: createAdmit({ origin, acceptances, timeoutSeconds: acceptTimeoutSeconds }),

    run: (task, caller) => within(syncTimeoutSeconds, invoke("sync", task, caller)),

    async start(task, caller) {
      const taken = await within(acceptTimeoutSeconds, invoke("async", task, caller));
      return taken.ok ? accepted("started") : taken;
    },

    show: (taskId, caller) => within(acceptTimeoutSeconds, show(origin, taskId, caller)),
  };
}

async function show(
  origin: string,
  taskId: string,
  caller: Caller,
): Promise<Result<Shown | undefined>> {
  const address = `${origin}/v1/tasks/${encodeURIComponent(taskId)}`;
  const reply = await callPlatform(address, caller, { method: "GET" });
  if (reply.ok) return accepted(taskIn(reply.value));
  return reply.refusal.reason === "agent_not_found" ? accepted(undefined) : reply;
}

/** A 2xx without a task in it has not taken one: a proxy in between may answer so. */
function taskIn(text: string): Shown {
  const state = readTask(text);
  if (state === undefined) throw new PlatformOutage("platform_failed", "reply is no task");
  return state;
}
