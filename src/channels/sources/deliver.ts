/**
 * One delivery, in the order of its checks: what its headers show, the body within its limits, the
 * proof over the bytes as sent, and only then what it says.
 */
import type { Context } from "hono";
import { type Source, secretsOf } from "../../agent-desk/source.ts";
import type { Proof, Proven, Received } from "../../providers/provider.ts";
import { accepted, refused, type Refusal } from "../../refusal.ts";
import type { Upload } from "../../uploads/upload.ts";
import { answerSender, refuse } from "../respond.ts";
import type { AppEnv } from "../variables.ts";
import { mayHoldFiles, NO_UPLOAD, openUpload } from "../webhook/upload-for.ts";
import { isBraked } from "./doors.ts";
import { noteOne } from "./note.ts";
import { type ProvenBody, readProven } from "./proven-body.ts";
import { runAll } from "./run-all.ts";
import { publicOrigin } from "./shown-source.ts";
import { refuseUnproven, TOO_MANY } from "./unproven.ts";

export async function deliver(c: Context<AppEnv>, source: Source): Promise<Response> {
  const { provider } = source;
  const begun = beginProof(c, source);
  if (!begun.ok) return refuseUnproven(c, source, { why: begun.refusal });
  if (!provider.isVerified && (await isBraked(c, source, "taken"))) return refuse(c, TOO_MANY);
  const proof = begun.value;
  if (!mayHoldFiles(c.req.raw.headers)) {
    return receive(c, source, { proof, upload: NO_UPLOAD.upload });
  }
  const { organisation } = source;
  const admit = () => Promise.resolve(accepted({ organisation }));
  const { upload, settle } = openUpload(c, { isHashed: false, admit });
  return settle(() => receive(c, source, { proof, upload: uploadOf(source, upload) }));
}

function beginProof(c: Context<AppEnv>, source: Source) {
  const now = Date.now();
  return source.provider.beginProof({
    method: c.req.method,
    address: publicOrigin(c) + c.req.url.replace(/^[a-z]+:\/\/[^/?#]*/i, ""),
    headers: c.req.raw.headers,
    secrets: secretsOf(source, now),
    settings: source.settings.proof,
    now: Math.floor(now / 1000),
  });
}

const NO_FILES: Refusal = { reason: "file_unsupported", problem: "This source takes no files" };

/** Whoever knows the address of a source that proves nothing could fill the store. */
function uploadOf({ settings, provider }: Source, upload: Upload): Upload {
  const { files = provider.name !== "none" } = settings;
  return files ? upload : { ...upload, add: () => Promise.resolve(refused(NO_FILES)) };
}

interface Arriving {
  readonly proof: Proof;
  readonly upload: Upload;
}

async function receive(
  c: Context<AppEnv>,
  source: Source,
  { proof, upload }: Arriving,
): Promise<Response> {
  const read = await readProven(c.req.raw, { proof, upload, config: c.get("rooms").config });
  if (read.ok) return takeProven(c, source, { ...read.value, upload });
  if ("fault" in read.refusal) return refuseUnproven(c, source, { why: read.refusal.fault });
  return refuseNoted(c, source, read.refusal.refusal);
}

interface Arrived extends ProvenBody {
  readonly upload: Upload;
}

async function takeProven(
  c: Context<AppEnv>,
  source: Source,
  { proven, body, upload }: Arrived,
): Promise<Response> {
  if (!(await isClaimed(c, source, proven))) {
    return refuseUnproven(c, source, { why: "a token used with another body" });
  }
  const { provider } = source;
  const reading = provider.read(receivedOf(c, source, { proven, body }));
  switch (reading.kind) {
    case "handshake":
      noteOne(c, source, { outcome: "handshake", status: reading.answer.status });
      return answerSender(c, reading.answer);
    case "ignored": {
      const { success } = provider.answers;
      noteOne(c, source, { outcome: "ignored", status: success.status, error: reading.why });
      return answerSender(c, success);
    }
    case "refused":
      return refuseNoted(c, source, reading.refusal);
    case "deliveries":
      return runAll(c, source, { reading, upload, token: proven.claim?.token });
  }
}

function receivedOf(
  c: Context<AppEnv>,
  { settings }: Source,
  { proven, body }: ProvenBody,
): Received {
  const { headers } = c.req.raw;
  return { headers, fields: body.fields, secret: proven.secret, settings: settings.proof };
}

/** A token that may be used once is this body's, from now on. */
async function isClaimed(c: Context<AppEnv>, source: Source, { claim }: Proven): Promise<boolean> {
  return claim === undefined || c.get("rooms").desks.claim(source, claim);
}

async function refuseNoted(
  c: Context<AppEnv>,
  source: Source,
  refusal: Refusal,
): Promise<Response> {
  const response = await refuse(c, refusal);
  noteOne(c, source, { outcome: "refused", status: response.status, error: refusal.reason });
  return response;
}
