import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateway, startGateway } from "./gateway.ts";
import { type Answer, send, type Sent } from "./http.ts";
import { startTaskPlatform, type TaskPlatform } from "./task-platform.ts";

/** Beside what is sent as it is, the key, if it is not `test-key`. */
export interface Delivery extends Sent {
  readonly apiKey?: string;
}

/** A gateway on a folder of its own, before a stand-in platform that keeps one row for an id. */
export interface TaskPair {
  readonly platform: TaskPlatform;
  /** Where the gateway keeps what outlives it. */
  readonly folder: string;
  /** The one that runs now. */
  readonly gateway: Gateway;
  /** `POST /` for `agent-1`, with these parameters in the query. */
  post(parameters: Readonly<Record<string, string>>, delivery?: Delivery): Promise<Answer>;
  /** `GET /v1/tasks/{id}`, with this query if there is one. */
  task(id: string, query?: string, delivery?: Delivery): Promise<Answer>;
  /** A request to this path of the gateway, with the key. */
  call(path: string, delivery?: Delivery): Promise<Answer>;
  /** Kills the gateway as a crash does, and starts another one on the same folder. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTaskPair(
  vars: Readonly<Record<string, string | undefined>> = {},
): Promise<TaskPair> {
  const platform = await startTaskPlatform();
  const folder = mkdtempSync(join(tmpdir(), "inlet-tasks-"));
  const start = (): Promise<Gateway> =>
    startGateway({ persistTo: folder, vars: { PLATFORM_URL: platform.url, ...vars } });
  let gateway = await start();

  const call = (path: string, { apiKey = "test-key", headers, ...sent }: Delivery = {}) =>
    send(gateway.url + path, { ...sent, headers: { "x-api-key": apiKey, ...headers } });

  return {
    platform,
    folder,
    get gateway() {
      return gateway;
    },
    call,
    post: (parameters, delivery) =>
      call(`/?${new URLSearchParams({ agent_id: "agent-1", ...parameters }).toString()}`, delivery),
    task: (id, query = "", delivery = {}) =>
      call(`/v1/tasks/${encodeURIComponent(id)}?${query}`, { method: "GET", ...delivery }),
    async crash() {
      await gateway.kill();
      gateway = await start();
    },
    async stop() {
      await gateway.kill();
      await platform.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
