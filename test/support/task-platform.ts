import {
  type PlatformAnswer,
  type PlatformReply,
  type PlatformRequest,
  startPlatform,
} from "./platform.ts";
import { createTaskRows, type End, type SentTask, type Taken } from "./task-rows.ts";

type Method = "GET" | "POST";

/**
 * A platform that keeps one row for an organisation's id and shows that row's latest task, as the
 * real one does. A key holding `org-N` is that organisation's, any other is org-1's; one holding
 * `wrong` is nobody's; one holding `only-agent-1` may use that agent alone. Agents are `agent-…`.
 *
 * A task runs 20 ms and answers `Re: <its prompt>`. What is scripted is scripted by a name, which
 * is a task's id, or its prompt where the id is not yet known.
 */
export interface TaskPlatform {
  readonly url: string;
  /** All requests so far, whatever became of them. */
  readonly requests: readonly PlatformRequest[];
  /** Every task that it took, in order. */
  readonly taken: readonly Taken[];
  /** While true, every connection is broken off before anything is looked at. */
  isDown: boolean;
  /** The prompts of the tasks that it took under this id, in order. */
  prompts(id: string): string[];
  /** When it was asked (`GET /v1/tasks/…`) or told (`POST …/invoke…`) of it: unix milliseconds. */
  calls(method: Method, name: string): readonly number[];
  /** Answers the next calls in these ways, one each, and takes no task by them. */
  refuses(method: Method, name: string, ...replies: PlatformReply[]): void;
  /** Takes the next task of this name, and then answers in this way. */
  loses(name: string, reply: PlatformReply): void;
  /** Tasks of this name run until they are ended by hand. */
  holds(name: string): void;
  /** For so long after it took a task of this id, what is shown is how the row stood before. */
  lags(id: string, ms: number): void;
  /** Ends the newest task that runs, or is paused, under this id. */
  end(id: string, end?: Partial<End>): void;
  /** Waits until this holds, looking again with whatever happens here. */
  until(holds: () => boolean, timeoutMs?: number): Promise<void>;
  /** Waits until it took so many tasks under this id, and gives their prompts. */
  prompted(id: string, count: number, timeoutMs?: number): Promise<string[]>;
  close(): Promise<void>;
}

interface Script {
  readonly refusals: Record<Method, PlatformReply[]>;
  readonly lost: PlatformReply[];
  readonly calls: Record<Method, number[]>;
  isHeld: boolean;
  lagMs: number;
}

/** On a free port of 127.0.0.1. */
export async function startTaskPlatform(): Promise<TaskPlatform> {
  const http = await startPlatform();
  const scripts = new Map<string, Script>();
  const watchers = new Set<() => void>();
  const changed = (): void => watchers.forEach((look) => look());
  const rows = createTaskRows(changed);
  let isDown = false;

  const script = (name: string): Script => {
    const known = scripts.get(name) ?? newScript();
    scripts.set(name, known);
    return known;
  };

  /** Notes the call; its scripted answer, or `[]`. */
  function refusal(method: Method, scripted: readonly Script[]): PlatformReply[] {
    for (const { calls } of scripted) calls[method].push(Date.now());
    const one = scripted.find(({ refusals }) => refusals[method].length > 0);
    return one?.refusals[method].splice(0, 1) ?? [];
  }

  async function invoke(request: PlatformRequest, agentId: string, route: Taken["route"]) {
    const sent = JSON.parse(request.body.toString()) as SentTask;
    const id = sent.id ?? crypto.randomUUID();
    const scripted = [...new Set([id, sent.input.text ?? ""])].map(script);
    const refused = refusal("POST", scripted);
    if (refused.length > 0) return refused[0];
    const apiKey = keyOf(request);
    const organisation = organisationOf(apiKey);
    const order = { id, organisation, agentId, apiKey, route, path: request.path, sent };
    const turn = rows.take(
      order,
      scripted.some(({ isHeld }) => isHeld),
    );
    const lost = scripted.find((one) => one.lost.length > 0)?.lost;
    if (lost !== undefined) return lost.shift();
    if (route === "sync") await turn.ended.promise;
    return { body: rows.show(turn) };
  }

  function show(apiKey: string, id: string): PlatformReply {
    const one = script(id);
    const refused = refusal("GET", [one]);
    if (refused.length > 0) return refused[0];
    const turn = rows.find(organisationOf(apiKey), id, one.lagMs);
    return turn === undefined || !mayUse(apiKey, turn.agentId)
      ? NOT_FOUND
      : { body: rows.show(turn) };
  }

  async function answer(request: PlatformRequest): Promise<PlatformReply> {
    if (isDown) return "hang up";
    const { pathname } = new URL(request.path, "http://platform.test");
    const apiKey = keyOf(request);
    if (apiKey.includes("wrong")) return { status: 401, body: { detail: "Not authenticated" } };
    const [, agent, verb] = /^\/v1\/agents\/([^/]+)(\/invoke(?:\/async)?)?$/.exec(pathname) ?? [];
    if (agent !== undefined) {
      if (!agent.startsWith("agent-")) return NOT_FOUND;
      if (!mayUse(apiKey, agent)) return { status: 403, body: { detail: "Not this key's" } };
      if (verb === undefined) return { body: agentOf(agent, apiKey) };
      return invoke(request, agent, verb === "/invoke" ? "sync" : "async");
    }
    if (pathname === "/v1/agents") return { body: { items: [agentOf("agent-1", apiKey)] } };
    const id = /^\/v1\/tasks\/([^/]+)$/.exec(pathname)?.[1];
    return id === undefined ? NOT_FOUND : show(apiKey, decodeURIComponent(id));
  }

  http.respond((request) => {
    const reply = answer(request);
    changed();
    return reply;
  });

  const prompts = (id: string): string[] =>
    rows.taken.filter((turn) => turn.id === id).map(({ sent }) => sent.input.text ?? "");

  async function until(holds: () => boolean, timeoutMs = 20_000): Promise<void> {
    const held = Promise.withResolvers<void>();
    const look = (): void => (holds() ? held.resolve() : undefined);
    const late = new Error(`Not within ${timeoutMs} ms: ${holds.toString()}`);
    const timer = setTimeout(() => held.reject(late), timeoutMs);
    watchers.add(look);
    look();
    try {
      await held.promise;
    } finally {
      clearTimeout(timer);
      watchers.delete(look);
    }
  }

  return {
    url: http.url,
    requests: http.requests,
    taken: rows.taken,
    get isDown() {
      return isDown;
    },
    set isDown(value) {
      isDown = value;
    },
    prompts,
    calls: (method, name) => script(name).calls[method],
    refuses: (method, name, ...replies) => void script(name).refusals[method].push(...replies),
    loses: (name, reply) => void script(name).lost.push(reply),
    holds: (name) => void (script(name).isHeld = true),
    lags: (id, ms) => void (script(id).lagMs = ms),
    end: (id, end) => rows.end(id, end),
    until,
    async prompted(id, count, timeoutMs) {
      await until(() => prompts(id).length >= count, timeoutMs);
      return prompts(id);
    },
    close: () => http.close(),
  };
}

const NOT_FOUND: PlatformAnswer = { status: 404, body: { detail: "Not found" } };

function newScript(): Script {
  const refusals = { GET: [], POST: [] };
  return { refusals, lost: [], calls: { GET: [], POST: [] }, isHeld: false, lagMs: 0 };
}

function keyOf({ headers }: PlatformRequest): string {
  return String(headers["x-api-key"] ?? "wrong");
}

function organisationOf(apiKey: string): string {
  return /org-\d+/.exec(apiKey)?.[0] ?? "org-1";
}

function mayUse(apiKey: string, agentId: string): boolean {
  return !apiKey.includes("only-agent-1") || agentId === "agent-1";
}

function agentOf(id: string, apiKey: string) {
  return { id, organization_id: organisationOf(apiKey), name: "An agent", status: "ACTIVE" };
}
