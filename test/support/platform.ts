import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface PlatformRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface PlatformAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** What becomes of a request: an answer, silence, or a connection that is broken off. */
export type PlatformReply = PlatformAnswer | "hang" | "hang up" | undefined;

export type Responder = (
  request: PlatformRequest,
  response: ServerResponse,
) => PlatformReply | Promise<PlatformReply>;

/** `POST …/invoke` and `…/invoke/async`: what runs a task. */
export function isInvoke({ method, path }: PlatformRequest): boolean {
  return method === "POST" && /^\/v1\/agents\/[^/]+\/invoke(?:\/async)?(?:\?|$)/.test(path);
}

/** Answers in this way what runs a task; what is only asked is answered by default. */
export function toInvoke(answer: Responder): Responder {
  return (request, response) => (isInvoke(request) ? answer(request, response) : undefined);
}

export interface Platform {
  /** The origin, without a slash at its end. */
  readonly url: string;
  /** All requests so far, in the order in which their bodies were complete. */
  readonly requests: PlatformRequest[];
  /**
   * Answers in this way from now on. `undefined` from `answer` means the default, unless it has
   * written to the response itself. Without `answer` the default is back.
   */
  respond(answer?: Responder): void;
  close(): Promise<void>;
}

/** A platform on a free port of 127.0.0.1 that accepts every key and completes every task. */
export async function startPlatform(): Promise<Platform> {
  const requests: PlatformRequest[] = [];
  const tasks = new Map<string, unknown>();
  let responder: Responder | undefined;

  async function reply(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request: PlatformRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body: await buffer(incoming),
    };
    requests.push(request);
    const chosen = await responder?.(request, response);
    if (response.headersSent || chosen === "hang") return;
    if (chosen === "hang up") {
      incoming.socket.destroy();
      return;
    }
    const answer = chosen ?? defaultAnswer(request, tasks);
    const isRaw = typeof answer.body === "string" || answer.body instanceof Uint8Array;
    response.writeHead(answer.status ?? 200, {
      "content-type": "application/json",
      ...answer.headers,
    });
    response.end(isRaw ? answer.body : JSON.stringify(answer.body));
  }

  const server = createServer((incoming, response) => {
    // A request that is broken off has nobody left to tell.
    reply(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    respond(answer) {
      responder = answer;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function defaultAnswer(request: PlatformRequest, tasks: Map<string, unknown>): PlatformAnswer {
  const { pathname } = new URL(request.path, "http://platform.test");
  const [, agentId, verb] = /^\/v1\/agents\/([^/]+)(\/invoke(?:\/async)?)?$/.exec(pathname) ?? [];
  if (request.method === "POST" && agentId !== undefined && verb !== undefined) {
    const isOver = verb === "/invoke";
    const task = taskOf(request, decodeURIComponent(agentId));
    tasks.set(task.id, task);
    return { body: isOver ? task : { ...task, ...PENDING } };
  }
  if (request.method === "GET" && agentId !== undefined && verb === undefined) {
    return { body: agentOf(decodeURIComponent(agentId)) };
  }
  if (request.method === "GET" && pathname === "/v1/agents") {
    return {
      body: { items: [agentOf("agent-1")], total: 1, page: 1, per_page: 1, total_pages: 1 },
    };
  }
  const taskId = /^\/v1\/tasks\/([^/]+)$/.exec(pathname)?.[1];
  const task = taskId === undefined ? undefined : tasks.get(decodeURIComponent(taskId));
  if (request.method === "GET" && task !== undefined) return { body: task };
  return { status: 404, body: { detail: "Not found" } };
}

function agentOf(id: string) {
  return { id, organization_id: "org-1", name: "An agent", status: "ACTIVE" };
}

/** A task that was taken and not yet begun: by the time that somebody asks, it is over. */
const PENDING = {
  status: "pending",
  result: null,
  started_at: null,
  finished_at: null,
  execution_attempts: 0,
};

/** A task as the platform shows it: more fields than a caller of the gateway may see. */
function taskOf(request: PlatformRequest, agentId: string) {
  const sent = JSON.parse(request.body.toString()) as Record<string, unknown>;
  const at = new Date().toISOString();
  return {
    id: typeof sent["id"] === "string" ? sent["id"] : crypto.randomUUID(),
    agent_id: agentId,
    organization_id: "org-1",
    status: "completed",
    input: sent["input"] ?? null,
    result: "It is done.",
    user_tokens: sent["user_tokens"] ?? null,
    additional_context: sent["additional_context"] ?? null,
    created_at: at,
    started_at: at,
    finished_at: at,
    source: sent["source"] ?? "api",
    execution_attempts: 1,
    internal_cost: 0.25,
  };
}
