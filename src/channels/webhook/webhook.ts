/** `POST /`: any webhook becomes a task (contract §1). */
import type { Body } from "../../invocation/fields.ts";
import type { HandlingRules } from "../../invocation/handling.ts";
import { readIdempotencyKey } from "../../invocation/idempotency-key.ts";
import { readInvocation } from "../../invocation/invocation.ts";
import { type MediaType, readMediaType } from "../../invocation/media-type.ts";
import { isAgentId } from "../../invocation/parameter-schemas.ts";
import { preferredWait } from "../../invocation/prefer.ts";
import { type Query, queryOf } from "../../invocation/query.ts";
import type { Result } from "../../refusal.ts";
import type { Upload } from "../../uploads/upload.ts";
import { credentials } from "../credentials.ts";
import { invoke } from "../invoke.ts";
import { refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
import { readBody } from "../body.ts";
import { mayHoldFiles, NO_UPLOAD, type RequestUpload, uploadFor } from "../upload-for.ts";

export function webhook(exchange: Exchange): Promise<Response> {
  exchange.notes.channel = "webhook";
  const query = queryOf(exchange.url);
  const { headers } = exchange;
  const apiKey = credentials(headers, query);
  if (apiKey === "") return refuse(exchange, { reason: "api_key_missing" });

  // Only what is well-formed: nothing else of an address belongs into a log.
  const agentId = query.get("agent_id");
  if (isAgentId(agentId)) exchange.notes.agentId = agentId;

  const type = readMediaType(headers.get("content-type"));
  const request: Keyed = { query, apiKey, type };
  if (!mayHoldFiles(type)) return deliver(exchange, request, NO_UPLOAD);
  const requestUpload = uploadFor(exchange, query, apiKey);
  return requestUpload.settle(() => deliver(exchange, request, requestUpload));
}

/** A request whose key is known, if not yet accepted. */
interface Keyed {
  readonly query: Query;
  readonly apiKey: string;
  /** Of the body. */
  readonly type: Result<MediaType>;
}

function deliver(
  exchange: Exchange,
  keyed: Keyed,
  { upload, onField }: Pick<RequestUpload, "upload" | "onField">,
): Promise<Response> {
  const { query, type } = keyed;
  const reading = readBody(exchange.request, {
    type,
    config: exchange.rooms.config,
    hasPrompt: (query.get("prompt") ?? "") !== "",
    fileName: query.get("filename"),
    upload,
    onField,
  });
  return reading.then((body) =>
    body.ok ? take(exchange, keyed, body.value, upload) : refuse(exchange, body.refusal),
  );
}

function take(
  exchange: Exchange,
  { query, apiKey }: Keyed,
  body: Body,
  upload: Upload,
): Promise<Response> {
  const key = readIdempotencyKey(exchange.headers.get("Idempotency-Key"));
  const invocation = readInvocation({
    query,
    body,
    uploads: upload.files,
    newTaskId,
    rules: rulesFor(exchange),
    problems: key.ok ? undefined : [key.refusal],
  });
  if (!invocation.ok) return refuse(exchange, invocation.refusal);
  const idempotencyKey = key.ok ? key.value : undefined;
  return invoke(exchange, { invocation: invocation.value, upload, apiKey, idempotencyKey });
}

function rulesFor(exchange: Exchange): HandlingRules {
  const config = exchange.rooms.config;
  return {
    maxWaitSeconds: config.SYNC_TIMEOUT_SECONDS,
    callbackHosts: config.CALLBACK_HOSTS ?? [],
    preferredWaitSeconds: preferredWait(exchange.headers.get("Prefer")),
  };
}

function newTaskId(): string {
  return crypto.randomUUID();
}
