/** `POST /`: any webhook becomes a task (contract §1). */
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { type Answer, shapeAnswer } from "../../invocation/answer.ts";
import { type Invocation, readInvocation } from "../../invocation/invocation.ts";
import { kindOf, textOf } from "../../invocation/json-text.ts";
import { isAgentId } from "../../invocation/parameters.ts";
import { type Query, queryOf } from "../../invocation/query.ts";
import type { Upload } from "../../uploads/upload.ts";
import { answerJson, answerText, refuse } from "../respond.ts";
import type { AppEnv } from "../variables.ts";
import { readBody } from "./body.ts";
import { mayHoldFiles, NO_UPLOAD, type RequestUpload, uploadFor } from "./upload-for.ts";

export async function webhook(c: Context<AppEnv>): Promise<Response> {
  c.set("channel", "webhook");
  const query = queryOf(c.req.url);
  const apiKey = credentials(c.req.raw.headers, query);
  if (apiKey === "") return refuse(c, { reason: "api_key_missing" });

  // Only what is well-formed: nothing else of an address belongs into a log.
  const agentId = query.get("agent_id");
  if (isAgentId(agentId)) c.set("agentId", agentId);

  const request: Keyed = { query, apiKey };
  if (!mayHoldFiles(c.req.raw.headers)) return deliver(c, request, NO_UPLOAD);
  const requestUpload = uploadFor(c, query, apiKey);
  return requestUpload.settle(() => deliver(c, request, requestUpload));
}

/** A request whose key is known, if not yet accepted. */
interface Keyed {
  readonly query: Query;
  readonly apiKey: string;
}

async function deliver(
  c: Context<AppEnv>,
  { query, apiKey }: Keyed,
  { upload, onField }: Pick<RequestUpload, "upload" | "onField">,
): Promise<Response> {
  const body = await readBody(c.req.raw, {
    config: c.get("config"),
    hasPrompt: (query.get("prompt") ?? "") !== "",
    fileName: query.get("filename"),
    upload,
    onField,
  });
  if (!body.ok) return refuse(c, body.refusal);

  const delivery = { query, body: body.value, uploads: upload.files, newTaskId };
  const invocation = readInvocation(delivery);
  if (!invocation.ok) return refuse(c, invocation.refusal);

  const { task, asynchronous } = invocation.value;
  c.set("agentId", task.agentId);
  c.set("taskId", task.id);
  const call = { invocation: invocation.value, upload, apiKey };
  return asynchronous ? start(c, call) : run(c, call);
}

function newTaskId(): string {
  return crypto.randomUUID();
}

interface Call {
  readonly invocation: Invocation;
  readonly upload: Upload;
  readonly apiKey: string;
}

async function run(c: Context<AppEnv>, { invocation, upload, apiKey }: Call): Promise<Response> {
  const state = await timed(c, c.get("platform").run(invocation.task, { apiKey }));
  if (!state.ok) return refuse(c, state.refusal);
  upload.keep();
  const answer = shapeAnswer(state.value, invocation.shape);
  return answer.ok ? respond(c, answer.value) : refuse(c, answer.refusal);
}

async function start(c: Context<AppEnv>, { invocation, upload, apiKey }: Call): Promise<Response> {
  const started = await timed(c, c.get("platform").start(invocation.task, { apiKey }));
  if (!started.ok) return refuse(c, started.refusal);
  upload.keep();
  return answerJson(c, '{"status":"Started"}');
}

/** The caller's key, from the header or else the query; empty if there is none. */
function credentials(headers: Headers, query: ReadonlyMap<string, string>): string {
  return headers.get("x-api-key") || query.get("x-api-key") || "";
}

async function timed<Value>(c: Context<AppEnv>, call: Promise<Value>): Promise<Value> {
  const startedAt = Date.now();
  try {
    return await call;
  } finally {
    c.set("platformMs", Date.now() - startedAt);
  }
}

function respond(c: Context<AppEnv>, { json, resultFormat }: Answer): Response {
  const headers = resultFormat && { "X-Result-Format": resultFormat };
  const more = headers && { headers };
  return kindOf(json) === "text" && prefersText(c)
    ? answerText(c, textOf(json), more)
    : answerJson(c, json, more);
}

function prefersText(c: Context<AppEnv>): boolean {
  if (c.req.header("Accept")?.includes("text/plain") !== true) return false;
  const supports = ["application/json", "text/plain"];
  return accepts(c, { header: "Accept", supports, default: "application/json" }) === "text/plain";
}
