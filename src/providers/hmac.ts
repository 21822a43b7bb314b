/** Any sender that signs its body with an HMAC, described by the source's settings (contract §4). */
import * as z from "zod/mini";
import { Buffer } from "node:buffer";
import { accepted, refused, type Result } from "../refusal.ts";
import { hmacProof } from "./digest-proof.ts";
import { defineProvider, type ProofFault, type ProofRequest } from "./provider.ts";
import { readAnything } from "./reading.ts";
import {
  type Contradiction,
  type Encoding,
  type Settings,
  settingFields,
  withoutContradictions,
} from "./settings.ts";
import { DIGEST_BYTES, freshTimeIn, headerOf } from "./signature.ts";

const fields = z.strictObject({
  header: z.pipe(z.string("is required"), settingFields.header),
  algorithm: z.optional(settingFields.algorithm),
  encoding: z.optional(settingFields.encoding),
  prefix: z.optional(settingFields.prefix),
  signed: z.optional(settingFields.signed),
  timestamp_header: z.optional(settingFields.timestamp_header),
  tolerance_seconds: z.optional(settingFields.tolerance_seconds),
  id_header: z.optional(settingFields.id_header),
});

const BODY = "{body}";
const PLACEHOLDER = /\{[a-z_]*\}/g;
const KNOWN = new Set([BODY, "{timestamp}", "{id}", "{address}"]);

/** A time or an id that is not signed proves nothing, and one that is signed must come from somewhere. */
function contradictions(settings: Settings): readonly Contradiction[] {
  const { signed = BODY, timestamp_header: timeHeader, tolerance_seconds: tolerance } = settings;
  const placeholders: readonly string[] = signed.match(PLACEHOLDER) ?? [];
  const has = (name: string) => placeholders.includes(`{${name}}`);
  const unknown = placeholders.find((placeholder) => !KNOWN.has(placeholder));
  const found: (Contradiction | false)[] = [
    unknown !== undefined && ["signed", `does not know ${unknown}`],
    placeholders.filter((each) => each === BODY).length !== 1 && [
      "signed",
      `must hold ${BODY} once`,
    ],
    timeHeader !== undefined &&
      !has("timestamp") && [
        "timestamp_header",
        "is of no use without {timestamp} in signed: only a signed time counts",
      ],
    timeHeader === undefined &&
      has("timestamp") && ["timestamp_header", "is required by {timestamp} in signed"],
    tolerance !== undefined &&
      timeHeader === undefined && ["tolerance_seconds", "is of no use without timestamp_header"],
    settings.id_header === undefined && has("id") && ["id_header", "is required by {id} in signed"],
    timeHeader?.toLowerCase() === settings.header?.toLowerCase() && [
      "timestamp_header",
      "must not be the signature's own header",
    ],
  ];
  return found.filter((each) => each !== false);
}

/** Either case of hex, either alphabet of base64: the senders of the world agree on neither. */
function readSignature(text: string, encoding: Encoding, bytes: number): Uint8Array | undefined {
  if (encoding === "hex") {
    const isHex = text.length === 2 * bytes && /^[0-9a-f]*$/i.test(text);
    return isHex ? Buffer.from(text, "hex") : undefined;
  }
  if (!/^[\w+/-]{1,128}={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, "base64");
  return decoded.length === bytes ? decoded : undefined;
}

function signatureIn(request: ProofRequest): Result<Uint8Array, ProofFault> {
  const { header = "", prefix = "", encoding = "hex", algorithm = "sha256" } = request.settings;
  const value = headerOf(request, header);
  if (!value.ok) return value;
  if (!value.value.startsWith(prefix)) return refused("malformed");
  const written = value.value.slice(prefix.length);
  const signature = readSignature(written, encoding, DIGEST_BYTES[algorithm]);
  return signature === undefined ? refused("malformed") : accepted(signature);
}

/** `signed` around its body, with what the headers say filled in. */
function textAround(request: ProofRequest): Result<readonly [string, string], ProofFault> {
  const { signed = BODY, timestamp_header: timeHeader, id_header: idHeader } = request.settings;
  const time = timeHeader === undefined ? accepted("") : freshTimeIn(request, timeHeader);
  if (!time.ok) return time;
  const id = signed.includes("{id}") ? headerOf(request, idHeader ?? "id") : accepted("");
  if (!id.ok) return id;
  const values = new Map([
    ["{timestamp}", time.value],
    ["{id}", id.value],
    ["{address}", request.address],
  ]);
  const [before = "", after = ""] = signed
    .split(BODY)
    .map((text) => text.replace(PLACEHOLDER, (placeholder) => values.get(placeholder) ?? ""));
  return accepted([before, after]);
}

export const hmac = defineProvider({
  name: "hmac",
  namesEvents: false,
  settings: withoutContradictions(fields, contradictions),
  beginProof(request) {
    const signature = signatureIn(request);
    if (!signature.ok) return signature;
    const around = textAround(request);
    if (!around.ok) return around;
    const [before, after] = around.value;
    const { secrets, settings } = request;
    const { algorithm = "sha256" } = settings;
    return accepted(
      hmacProof({ secrets, algorithm, before, after, signatures: [signature.value] }),
    );
  },
  read: readAnything,
});
