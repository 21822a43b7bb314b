/** `/v1/agents/{agent_id}/sources…`: what is set, what came of it, and sending the dead again. */
import type { DeliveryRow } from "../../agent-desk/rows.ts";
import { openSource } from "../../agent-desk/source.ts";
import type { DeadTask } from "../../conversation/messages.ts";
import { MAX_LISTED_DELIVERIES } from "../../limits.ts";
import { answer, answerJson, refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
import { NO_SUCH_SOURCE, type Owner, readNamedOwner, readOwner } from "./owner.ts";
import { shownDelivery, shownSource } from "./shown-source.ts";

export async function listSources(exchange: Exchange): Promise<Response> {
  const owner = await readOwner(exchange);
  if (!owner.ok) return refuse(exchange, owner.refusal);
  const { agentId, organisation } = owner.value;
  const rows = await exchange.rooms.desks.list(agentId, organisation);
  const sources = rows.map((row) => shownSource(exchange, agentId, row));
  return answerJson(exchange, JSON.stringify({ sources }));
}

export async function showSource(exchange: Exchange): Promise<Response> {
  const owner = await readNamedOwner(exchange);
  if (!owner.ok) return refuse(exchange, owner.refusal);
  const shown = await exchange.rooms.desks.show(owner.value, owner.value.organisation);
  if (shown === undefined) return refuse(exchange, NO_SUCH_SOURCE);
  const dead = await deadTasks(exchange, owner.value, shown.deliveries);
  const source = {
    ...shownSource(exchange, owner.value.agentId, shown.source),
    runs_today: shown.runsToday,
    dead: dead.length,
    deliveries: withErrors(shown.deliveries.slice(0, MAX_LISTED_DELIVERIES), dead).map(
      shownDelivery,
    ),
  };
  return answerJson(exchange, JSON.stringify(source));
}

export async function deleteSource(exchange: Exchange): Promise<Response> {
  const owner = await readNamedOwner(exchange);
  if (!owner.ok) return refuse(exchange, owner.refusal);
  const isRemoved = await exchange.rooms.desks.remove(owner.value, owner.value.organisation);
  return isRemoved ? answer(exchange, null, { status: 204 }) : refuse(exchange, NO_SUCH_SOURCE);
}

/** With the key that the source has now: the one that they died with may be why. */
export async function retrySource(exchange: Exchange): Promise<Response> {
  const owner = await readNamedOwner(exchange);
  if (!owner.ok) return refuse(exchange, owner.refusal);
  const { agentId, organisation } = owner.value;
  const shown = await exchange.rooms.desks.show(owner.value, organisation);
  if (shown === undefined) return refuse(exchange, NO_SUCH_SOURCE);
  const { apiKey } = await openSource(agentId, shown.source, exchange.rooms.seal);
  const dead = await deadTasks(exchange, owner.value, shown.deliveries);
  let retried = 0;
  // One after another, so that those of one conversation keep their order.
  for (const { taskId, turn } of dead) {
    const place = { organisation, taskId, turn };
    const again = await exchange.rooms.conversations.retry(place, { apiKey });
    if (again !== undefined) retried += 1;
  }
  return answerJson(exchange, JSON.stringify({ status: "Started", retried }));
}

interface DeadDelivery extends DeadTask {
  readonly taskId: string;
}

/** Those of the deliveries that are kept whose tasks were given up, the oldest first. */
async function deadTasks(
  exchange: Exchange,
  { organisation }: Owner,
  deliveries: readonly DeliveryRow[],
): Promise<readonly DeadDelivery[]> {
  const turns = new Map<string, number[]>();
  for (const { task_id: taskId, turn } of deliveries.toReversed()) {
    if (taskId === null || turn === null) continue;
    turns.set(taskId, [...(turns.get(taskId) ?? []), turn]);
  }
  const past = exchange.rooms.past;
  const dead = await Promise.all(
    [...turns].map(async ([taskId, own]) => {
      const tasks = await past.deadAmong({ organisation, taskId }, own);
      return tasks.map((task) => ({ ...task, taskId }));
    }),
  );
  return dead.flat();
}

/** Why a task was given up is the conversation's to know. */
function withErrors(
  deliveries: readonly DeliveryRow[],
  dead: readonly DeadDelivery[],
): readonly DeliveryRow[] {
  return deliveries.map((row) => {
    const task = dead.find(({ taskId, turn }) => taskId === row.task_id && turn === row.turn);
    return task === undefined ? row : { ...row, outcome: "dead", error: task.lastError };
  });
}
