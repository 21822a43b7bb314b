/** `GET /v1/tasks/{task_id}` and `POST /v1/tasks/{task_id}/retry` (contract §2.5). */
import type { Standing, TaskPlace } from "../../conversation/conversations.ts";
import { objectText, toJsonText } from "../../invocation/json-text.ts";
import { isTaskId } from "../../invocation/parameter-schemas.ts";
import { type Query, queryOf } from "../../invocation/query.ts";
import { ANSWER_FIELDS, type TaskState } from "../../invocation/task.ts";
import { accepted, refused, type Refusal, type Result } from "../../refusal.ts";
import { credentials } from "../credentials.ts";
import { answerJson, refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";

export async function showTask(exchange: Exchange): Promise<Response> {
  const asked = await readAsked(exchange);
  if (!asked.ok) return refuse(exchange, asked.refusal);
  const { place, apiKey, isHeld } = asked.value;
  if (!isHeld) return showForeign(exchange, asked.value);
  const standing = await exchange.rooms.conversations.look(place, { apiKey });
  if (standing === undefined) return refuse(exchange, NOT_FOUND);
  return answerJson(exchange, withDelivery(standing.task, deliveryOf(standing)));
}

export async function retryTask(exchange: Exchange): Promise<Response> {
  const asked = await readAsked(exchange);
  if (!asked.ok) return refuse(exchange, asked.refusal);
  const { place, apiKey, isHeld } = asked.value;
  if (!isHeld) return refuse(exchange, NOT_FOUND);
  const turn = await exchange.rooms.conversations.retry(place, { apiKey });
  if (turn === undefined) return refuse(exchange, notDead(place));
  exchange.notes.turn = turn;
  return answerJson(exchange, '{"status":"Started"}');
}

const NOT_FOUND: Refusal = { reason: "not_found" };

interface Asked {
  readonly place: TaskPlace;
  readonly apiKey: string;
  readonly isHeld: boolean;
}

/** Who may not use the task's agent is told the same as who asks for a task that is not there. */
async function readAsked(exchange: Exchange): Promise<Result<Asked>> {
  exchange.notes.channel = "tasks";
  const query = queryOf(exchange.url);
  const apiKey = credentials(exchange.headers, query);
  if (apiKey === "") return refused({ reason: "api_key_missing" });
  const taskId = exchange.context.req.param("task_id") ?? "";
  const turn = readTurn(query);
  if (!turn.ok) return turn;
  if (!isTaskId(taskId)) return refused(NOT_FOUND);

  const platform = exchange.rooms.platform;
  const key = await platform.admit(undefined, { apiKey });
  if (!key.ok) return refused(key.refusal.reason === "api_key_invalid" ? NOT_FOUND : key.refusal);
  const place = { organisation: key.value.organisation, taskId, turn: turn.value };
  const agentId = await exchange.rooms.conversations.agentOf(place);
  if (agentId !== undefined) {
    const right = await platform.admit(agentId, { apiKey });
    if (!right.ok)
      return refused(right.refusal.reason === "rate_limited" ? right.refusal : NOT_FOUND);
    exchange.notes.agentId = agentId;
  }
  exchange.notes.taskId = taskId;
  return accepted({ place, apiKey, isHeld: agentId !== undefined });
}

function readTurn(query: Query): Result<number | undefined> {
  const text = query.get("turn") ?? "";
  if (text === "") return accepted(undefined);
  if (/^0*[1-9]\d{0,14}$/.test(text)) return accepted(Number(text));
  const problem = {
    loc: ["query", "turn"],
    msg: "must be a whole number, 1 or more",
    type: "custom",
  };
  return refused({ reason: "parameters_invalid", problems: [problem] });
}

/** A task that the gateway does not hold: the platform shows the conversation's latest turn alone. */
async function showForeign(exchange: Exchange, { place, apiKey }: Asked): Promise<Response> {
  if (place.turn !== undefined && place.turn !== 1) return refuse(exchange, NOT_FOUND);
  const shown = await exchange.rooms.platform.show(place.taskId, { apiKey });
  if (!shown.ok) {
    const isHidden = shown.refusal.reason === "api_key_invalid";
    return refuse(exchange, isHidden ? NOT_FOUND : shown.refusal);
  }
  if (shown.value === undefined) return refuse(exchange, NOT_FOUND);
  return answerJson(exchange, withDelivery(shown.value, null));
}

function withDelivery(task: TaskState, delivery: object | null): string {
  const fields = ANSWER_FIELDS.map((field) => [field, task[field]] as const);
  return objectText([...fields, ["delivery", toJsonText(delivery)]]);
}

function deliveryOf(standing: Standing): object {
  const { turn, state, attempts, nextAttemptAt, lastError, mergedInto } = standing;
  return {
    turn,
    state,
    attempts,
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt),
    last_error: lastError,
    merged_into: mergedInto,
  };
}

function notDead({ turn }: TaskPlace): Refusal {
  const [loc, msg] =
    turn === undefined
      ? [["path", "task_id"], "has no dead task that can be sent again"]
      : [["query", "turn"], "is not a dead task that can be sent again"];
  return { reason: "parameters_invalid", problems: [{ loc, msg, type: "not_dead" }] };
}
