/** `POST /`: any webhook becomes a task (contract §1). */
import type { Context } from "hono";
import type { HandlingRules } from "../../invocation/handling.ts";
import { readIdempotencyKey } from "../../invocation/idempotency-key.ts";
import { readInvocation } from "../../invocation/invocation.ts";
import { isAgentId } from "../../invocation/parameter-schemas.ts";
import { preferredWait } from "../../invocation/prefer.ts";
import { type Query, queryOf } from "../../invocation/query.ts";
import { credentials } from "../credentials.ts";
import { invoke } from "../invoke.ts";
import { refuse } from "../respond.ts";
import type { AppEnv } from "../variables.ts";
import { readBody } from "./body.ts";
import { mayHoldFiles, NO_UPLOAD, type RequestUpload, uploadFor } from "./upload-for.ts";

export async function webhook(c: Context<AppEnv>): Promise<Response> {
  c.get("notes").channel = "webhook";
  const query = queryOf(c.req.url);
  const { headers } = c.req.raw;
  const apiKey = credentials(headers, query);
  if (apiKey === "") return refuse(c, { reason: "api_key_missing" });

  // Only what is well-formed: nothing else of an address belongs into a log.
  const agentId = query.get("agent_id");
  if (isAgentId(agentId)) c.get("notes").agentId = agentId;

  const request: Keyed = { query, apiKey };
  if (!mayHoldFiles(headers)) return deliver(c, request, NO_UPLOAD);
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
  const { headers } = c.req.raw;
  const body = await readBody(c.req.raw, {
    config: c.get("rooms").config,
    hasPrompt: (query.get("prompt") ?? "") !== "",
    fileName: query.get("filename"),
    upload,
    onField,
  });
  if (!body.ok) return refuse(c, body.refusal);

  const key = readIdempotencyKey(headers.get("Idempotency-Key"));
  const invocation = readInvocation({
    query,
    body: body.value,
    uploads: upload.files,
    newTaskId,
    rules: rulesFor(c),
    ...(!key.ok && { problems: [key.refusal] }),
  });
  if (!invocation.ok) return refuse(c, invocation.refusal);
  const idempotencyKey = key.ok ? key.value : undefined;
  return invoke(c, { invocation: invocation.value, upload, apiKey, idempotencyKey });
}

function rulesFor(c: Context<AppEnv>): HandlingRules {
  const config = c.get("rooms").config;
  return {
    maxWaitSeconds: config.SYNC_TIMEOUT_SECONDS,
    callbackHosts: config.CALLBACK_HOSTS ?? [],
    preferredWaitSeconds: preferredWait(c.req.raw.headers.get("Prefer")),
  };
}

function newTaskId(): string {
  return crypto.randomUUID();
}
