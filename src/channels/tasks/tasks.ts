/** `GET /v1/tasks/{task_id}` and `POST /v1/tasks/{task_id}/retry` (contract §2.5). */
import type { Context } from "hono";
import type { Standing, TaskPlace } from "../../conversation/conversations.ts";
import { objectText, toJsonText } from "../../invocation/json-text.ts";
import { isTaskId } from "../../invocation/parameter-schemas.ts";
import { type Query, queryOf } from "../../invocation/query.ts";
import { ANSWER_FIELDS, type TaskState } from "../../invocation/task.ts";
import { accepted, refused, type Refusal, type Result } from "../../refusal.ts";
import { credentials } from "../credentials.ts";
import { answerJson, refuse } from "../respond.ts";
import type { AppEnv } from "../variables.ts";

export async function showTask(c: Context<AppEnv>): Promise<Response> {
  const asked = await readAsked(c);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { place, apiKey, isHeld } = asked.value;
  if (!isHeld) return showForeign(c, asked.value);
  const standing = await c.get("rooms").conversations.look(place, { apiKey });
  if (standing === undefined) return refuse(c, NOT_FOUND);
  return answerJson(c, withDelivery(standing.task, deliveryOf(standing)));
}

export async function retryTask(c: Context<AppEnv>): Promise<Response> {
  const asked = await readAsked(c);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { place, apiKey, isHeld } = asked.value;
  if (!isHeld) return refuse(c, NOT_FOUND);
  const turn = await c.get("rooms").conversations.retry(place, { apiKey });
  if (turn === undefined) return refuse(c, notDead(place));
  c.get("notes").turn = turn;
  return answerJson(c, '{"status":"Started"}');
}

const NOT_FOUND: Refusal = { reason: "not_found" };

interface Asked {
  readonly place: TaskPlace;
  readonly apiKey: string;
  readonly isHeld: boolean;
}

/** Who may not use the task's agent is told the same as who asks for a task that is not there. */
async function readAsked(c: Context<AppEnv>): Promise<Result<Asked>> {
  c.get("notes").channel = "tasks";
  const query = queryOf(c.req.url);
  const apiKey = credentials(c.req.raw.headers, query);
  if (apiKey === "") return refused({ reason: "api_key_missing" });
  const taskId = c.req.param("task_id") ?? "";
  const turn = readTurn(query);
  if (!turn.ok) return turn;
  if (!isTaskId(taskId)) return refused(NOT_FOUND);

  const platform = c.get("rooms").platform;
  const key = await platform.admit(undefined, { apiKey });
  if (!key.ok) return refused(key.refusal.reason === "api_key_invalid" ? NOT_FOUND : key.refusal);
  const place = { organisation: key.value.organisation, taskId, turn: turn.value };
  const agentId = await c.get("rooms").conversations.agentOf(place);
  if (agentId !== undefined) {
    const right = await platform.admit(agentId, { apiKey });
    if (!right.ok)
      return refused(right.refusal.reason === "rate_limited" ? right.refusal : NOT_FOUND);
    c.get("notes").agentId = agentId;
  }
  c.get("notes").taskId = taskId;
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
async function showForeign(c: Context<AppEnv>, { place, apiKey }: Asked): Promise<Response> {
  if (place.turn !== undefined && place.turn !== 1) return refuse(c, NOT_FOUND);
  const shown = await c.get("rooms").platform.show(place.taskId, { apiKey });
  if (!shown.ok) {
    const isHidden = shown.refusal.reason === "api_key_invalid";
    return refuse(c, isHidden ? NOT_FOUND : shown.refusal);
  }
  if (shown.value === undefined) return refuse(c, NOT_FOUND);
  return answerJson(c, withDelivery(shown.value, null));
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
