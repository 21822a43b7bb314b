/**
 * One delivery, in the order of its checks: what its headers show, the body within its limits, the
 * proof over the bytes as sent, and only then what it says.
 */
import { type Source, secretsOf } from "../../agent-desk/source.ts";
import { readMediaType } from "../../invocation/media-type.ts";
import type { Proven, Received } from "../../providers/provider.ts";
import { accepted, refused, type Refusal } from "../../refusal.ts";
import type { Upload } from "../../uploads/upload.ts";
import { answerSender, refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
import { mayHoldFiles, NO_UPLOAD, openUpload } from "../upload-for.ts";
import { isBraked } from "./doors.ts";
import { noteOne } from "./note.ts";
import { type ProvenBody, type ProvingOptions, readProven } from "./proven-body.ts";
import { runAll } from "./run-all.ts";
import { publicOrigin } from "./shown-source.ts";
import { refuseUnproven, TOO_MANY } from "./unproven.ts";

export async function deliver(exchange: Exchange, source: Source): Promise<Response> {
  const { provider } = source;
  const begun = beginProof(exchange, source);
  if (!begun.ok) return refuseUnproven(exchange, source, { why: begun.refusal });
  if (!provider.isVerified && (await isBraked(exchange, source, "taken")))
    return refuse(exchange, TOO_MANY);
  const proof = begun.value;
  const type = readMediaType(exchange.headers.get("content-type"));
  if (!mayHoldFiles(type)) {
    return receive(exchange, source, { proof, type, upload: NO_UPLOAD.upload });
  }
  const { organisation } = source;
  const admit = () => Promise.resolve(accepted({ organisation }));
  const { upload, settle } = openUpload(exchange, { isHashed: false, admit });
  return settle(() => receive(exchange, source, { proof, type, upload: uploadOf(source, upload) }));
}

function beginProof(exchange: Exchange, source: Source) {
  const now = Date.now();
  return source.provider.beginProof({
    method: exchange.request.method,
    address: publicOrigin(exchange) + exchange.url.replace(/^[a-z]+:\/\/[^/?#]*/i, ""),
    headers: exchange.headers,
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

type Arriving = Omit<ProvingOptions, "config">;

async function receive(exchange: Exchange, source: Source, arriving: Arriving): Promise<Response> {
  const { config } = exchange.rooms;
  const read = await readProven(exchange.request, { ...arriving, config });
  if (read.ok) return takeProven(exchange, source, { ...read.value, upload: arriving.upload });
  if ("unread" in read.refusal) {
    const { unread: refusal } = read.refusal;
    return refuseUnproven(exchange, source, { why: refusal.reason, refusal });
  }
  if ("fault" in read.refusal) return refuseUnproven(exchange, source, { why: read.refusal.fault });
  return refuseNoted(exchange, source, read.refusal.refusal);
}

interface Arrived extends ProvenBody {
  readonly upload: Upload;
}

async function takeProven(
  exchange: Exchange,
  source: Source,
  { proven, body, upload }: Arrived,
): Promise<Response> {
  if (!(await isClaimed(exchange, source, proven))) {
    return refuseUnproven(exchange, source, { why: "a token used with another body" });
  }
  const { provider } = source;
  const reading = provider.read(receivedOf(exchange, source, { proven, body }));
  switch (reading.kind) {
    case "handshake":
      noteOne(exchange, source, { outcome: "handshake", status: reading.answer.status });
      return answerSender(exchange, reading.answer);
    case "ignored": {
      const { success } = provider.answers;
      noteOne(exchange, source, { outcome: "ignored", status: success.status, error: reading.why });
      return answerSender(exchange, success);
    }
    case "refused":
      return refuseNoted(exchange, source, reading.refusal);
    case "deliveries":
      return runAll(exchange, source, { reading, upload, token: proven.claim?.token });
  }
}

function receivedOf(
  exchange: Exchange,
  { settings }: Source,
  { proven, body }: ProvenBody,
): Received {
  const { headers } = exchange;
  return { headers, fields: body.fields, secret: proven.secret, settings: settings.proof };
}

/** A token that may be used once is this body's, from now on. */
async function isClaimed(exchange: Exchange, source: Source, { claim }: Proven): Promise<boolean> {
  return claim === undefined || exchange.rooms.desks.claim(source, claim);
}

async function refuseNoted(
  exchange: Exchange,
  source: Source,
  refusal: Refusal,
): Promise<Response> {
  const response = await refuse(exchange, refusal);
  noteOne(exchange, source, { outcome: "refused", status: response.status, error: refusal.reason });
  return response;
}
