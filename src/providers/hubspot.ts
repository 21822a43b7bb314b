/** HubSpot: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation */
import type { Fields } from "../invocation/fields.ts";
import { accepted, refused, type Result } from "../refusal.ts";
import { headerHmac, prefixedProof } from "./digest-proof.ts";
import { textIn, userFrom } from "./found.ts";
import {
  defineProvider,
  type Delivery,
  type Proof,
  type ProofFault,
  type ProofRequest,
} from "./provider.ts";
import { readBatch } from "./reading.ts";
import { reports } from "./sentence.ts";
import { TOLERANCE_ALONE } from "./settings.ts";
import { DEFAULT_TOLERANCE_SECONDS, digestIn, headerOf, isStale, readTime } from "./signature.ts";

/** The newest that came counts. The two old ones have no time in them; HubSpot sends them beside it. */
function beginProof(request: ProofRequest): Result<Proof, ProofFault> {
  if (request.headers.get("x-hubspot-signature-v3") !== null) return beginNewest(request);
  const signatures = digestIn(request, "x-hubspot-signature", {
    algorithm: "sha256",
    encoding: "hex",
  });
  if (!signatures.ok) return signatures;
  const version = request.headers.get("x-hubspot-signature-version") ?? "v1";
  if (version !== "v1" && version !== "v2") return refused("malformed");
  const { secrets, method, address } = request;
  const before = version === "v1" ? "" : `${method}${address}`;
  return accepted(
    prefixedProof({ secrets, algorithm: "sha256", before, signatures: signatures.value }),
  );
}

const beginNewest = headerHmac({
  header: "x-hubspot-signature-v3",
  algorithm: "sha256",
  encoding: "base64",
  around(request) {
    const after = headerOf(request, "x-hubspot-request-timestamp");
    if (!after.ok) return after;
    const time = readTime(after.value);
    if (time === undefined) return refused("malformed");
    const { method, address, now, settings } = request;
    const tolerance = settings.tolerance_seconds ?? DEFAULT_TOLERANCE_SECONDS;
    if (isStale(time / 1_000, now, tolerance)) return refused("stale");
    return accepted({ before: `${method}${address}`, after: after.value });
  },
});

function readEvent(event: Fields): Delivery | undefined {
  const id = textIn(event, "eventId");
  const name = textIn(event, "subscriptionType", "eventType");
  if (id === undefined && name === undefined) return undefined;
  const object = textIn(event, "objectId");
  return {
    id,
    event: name ?? "event",
    runsByDefault: true,
    conversation: name?.startsWith("conversation.") === true ? object : undefined,
    user: userFrom({ id: name?.startsWith("contact.") === true ? object : undefined }),
    prompt: reports("HubSpot", name ?? "event", object),
    fields: event,
  };
}

export const hubspot = defineProvider({
  name: "hubspot",
  settings: TOLERANCE_ALONE,
  beginProof,
  read: ({ fields }) => readBatch(fields, readEvent),
});
