// A stand-in platform that lives in the harness's process, and so outlives every gateway.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json as readJson } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { testSecrets } from "../support/worker-options.ts";
import { type Behaviour, createFaults, type FaultRates } from "./platform-faults.ts";
import { createRandom } from "./random.ts";
import { createRows } from "./rows.ts";

/** One call of the async route, and what became of it. */
export interface Attempt {
  readonly at: number;
  readonly taskId: string;
  readonly text: string;
  /** A task that was taken is run. */
  readonly taken: boolean;
  /** A turn of the same id was still running. */
  readonly overlaps: boolean;
  readonly behaviour: string;
}

export interface RowPlatform {
  /** The origin, without a slash at its end. */
  readonly url: string;
  /** All so far, in the order in which they arrived. */
  readonly attempts: readonly Attempt[];
  close(): Promise<void>;
}

interface Invoke {
  readonly id: string;
  readonly input: { readonly text: string };
}

const RETRY_AFTER_SECONDS: readonly [number, number] = [1, 2];

/** Takes the key of `testSecrets` alone, and any agent. */
export async function startRowPlatform(seed: number, rates: FaultRates): Promise<RowPlatform> {
  const attempts: Attempt[] = [];
  const rows = createRows(createRandom(seed, "turns"));
  const faults = createFaults(seed, rates);
  const waits = createRandom(seed, "Retry-After");

  async function invoke(agentId: string, incoming: IncomingMessage, response: ServerResponse) {
    const { id: taskId, input } = (await readJson(incoming)) as Invoke;
    const now = Date.now();
    const { text } = input;
    const behaviour = faults.ofInvoke(taskId, text);
    const { name, takes: taken } = behaviour;
    const overlaps = taken && rows.take({ taskId, agentId, input }, now).overlaps;
    attempts.push({ at: now, taskId, text, taken, overlaps, behaviour: name });
    await behave(behaviour, response, {
      id: taskId,
      agent_id: agentId,
      status: "pending",
      input,
      result: null,
    });
  }

  async function behave({ ends, afterMs }: Behaviour, response: ServerResponse, body: object) {
    if (ends === "never") return;
    if (afterMs > 0) await sleep(afterMs);
    if (ends === "hangs up") {
      response.destroy();
      return;
    }
    if (ends === 429) response.setHeader("retry-after", waits.pick(RETRY_AFTER_SECONDS));
    answer(response, ends, ends === 200 ? body : { detail: `A fault on purpose: ${ends}` });
  }

  async function reply(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(incoming.url ?? "", "http://platform.test");
    if (incoming.headers["x-api-key"] !== testSecrets.API_KEY) {
      answer(response, 403, { detail: "Invalid API key" });
      return;
    }
    const [, agent, verb] = /^\/v1\/agents\/([^/]+)(\/invoke\/async)?$/.exec(pathname) ?? [];
    const task = /^\/v1\/tasks\/([^/]+)$/.exec(pathname)?.[1];
    const isPost = incoming.method === "POST";
    if (isPost && agent !== undefined && verb !== undefined) {
      await invoke(agent, incoming, response);
    } else if (!isPost && agent !== undefined && verb === undefined) {
      answer(response, 200, { id: agent, organization_id: "org-1" });
    } else if (!isPost && task !== undefined) {
      const shown = rows.show(decodeURIComponent(task), Date.now());
      const behaviour = faults.ofAsk();
      const isMissing = shown === undefined && behaviour.ends === 200;
      await behave(isMissing ? { ...behaviour, ends: 404 } : behaviour, response, shown ?? {});
    } else {
      answer(response, 404, { detail: "Not found" });
    }
  }

  const server = createServer((incoming, response) => {
    // The gateway has died in the middle of its request.
    reply(incoming, response).catch(() => incoming.socket.destroy());
  });
  // A connection that is closed while idle would be one more fault, which no seed repeats.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    attempts,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
