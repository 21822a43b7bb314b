/** `PUT /v1/agents/{agent_id}/sources/{name}`: sets a source whole (contract §4). */
import type { Changed, SourceChange, StoredSource } from "../../agent-desk/messages.ts";
import { openSource, type Source } from "../../agent-desk/source.ts";
import { type GivenSource, readSource } from "../../agent-desk/source-settings.ts";
import { decodeUtf8 } from "../../invocation/fields.ts";
import { kindOf } from "../../invocation/json-text.ts";
import { readJson } from "../../invocation/read-json.ts";
import { MAX_JSON_LEVELS, MAX_SOURCE_BYTES, MAX_SOURCES } from "../../limits.ts";
import { accepted, type Refusal, refused, type Result } from "../../refusal.ts";
import { answerJson, refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
import { readRaw } from "../body.ts";
import { type NamedOwner, readNamedOwner } from "./owner.ts";
import { rulesOf } from "./rules.ts";
import { shownSource } from "./shown-source.ts";

export async function putSource(exchange: Exchange): Promise<Response> {
  const owner = await readNamedOwner(exchange);
  if (!owner.ok) return refuse(exchange, owner.refusal);
  const body = await readObject(exchange.request);
  if (!body.ok) return refuse(exchange, body.refusal);
  for (;;) {
    const { row, known } = await findKnown(exchange, owner.value);
    const given = readSource(body.value, { rules: rulesOf(exchange), keptSecret: known?.secret });
    if (!given.ok) {
      return refuse(exchange, { reason: "parameters_invalid", problems: given.refusal });
    }
    const token = tokenAfter(given.value, known);
    const setting = { given: given.value, owner: owner.value, row, known, token };
    const change = await changeFor(exchange, setting);
    const changed = await exchange.rooms.desks.put(owner.value, change);
    // Another has set it meanwhile: what is kept of it is another's then.
    if (changed.kind === "overtaken") continue;
    return answerChanged(exchange, owner.value, { changed, verifyToken: token.made });
  }
}

interface Before {
  readonly row: StoredSource | undefined;
  /** Nothing where its seal cannot be opened: whoever sets it anew repairs it. */
  readonly known: Source | undefined;
}

async function findKnown(exchange: Exchange, owner: NamedOwner): Promise<Before> {
  const shown = await exchange.rooms.desks.show(owner, owner.organisation);
  if (shown === undefined) return { row: undefined, known: undefined };
  const row = shown.source;
  const opening = openSource(owner.agentId, row, exchange.rooms.seal);
  return { row, known: await opening.catch(() => undefined) };
}

interface Setting {
  readonly given: GivenSource;
  readonly owner: NamedOwner;
  readonly row: StoredSource | undefined;
  readonly known: Source | undefined;
  readonly token: Token;
}

async function changeFor(
  exchange: Exchange,
  { given, owner, row, known, token }: Setting,
): Promise<SourceChange> {
  const { seal } = exchange.rooms;
  const secret = secretAfter(given, known);
  return {
    organisation: owner.organisation,
    settings: JSON.stringify(given.settings),
    apiKey: await seal.close(owner.apiKey),
    secret: secret && (await seal.close(secret)),
    verifyToken: token.kept && (await seal.close(token.kept)),
    // What cannot be opened is of no use to anybody.
    revokePrevious:
      given.secrets.revoke_previous === true || (row !== undefined && known === undefined),
    basedOn: row?.updated_at,
  };
}

/** The secret to store; `undefined` keeps the one that is there, `null` removes it. */
function secretAfter(
  { provider, secrets: { secret } }: GivenSource,
  known: Source | undefined,
): string | null | undefined {
  if (secret === undefined) {
    return provider.secretProblem(undefined) === undefined ? null : undefined;
  }
  // The same secret set again is no new one: the one before it still counts.
  return secret === known?.secret ? undefined : secret;
}

interface Token {
  /** To store; `undefined` keeps the one that is there, `null` removes it. */
  readonly kept: string | null | undefined;
  /** Made by us: its owner has yet to see it. */
  readonly made?: string;
}

function tokenAfter({ provider, secrets }: GivenSource, known: Source | undefined): Token {
  if (!provider.usesVerifyToken) return { kept: null };
  if (secrets.verify_token !== undefined) return { kept: secrets.verify_token };
  if (known?.verifyToken !== undefined) return { kept: undefined };
  const made = crypto.randomUUID().replaceAll("-", "");
  return { kept: made, made };
}

/** A JSON object, whatever type it is sent as: `curl -d` calls it a form. */
async function readObject(request: Request): Promise<Result<Record<string, unknown>>> {
  const bytes = await readRaw(request, {
    maxBytes: MAX_SOURCE_BYTES,
    tooLarge: () => ({ reason: "limit_exceeded", limit: SOURCE_LIMIT }),
  });
  if (!bytes.ok) return bytes;
  const text = decodeUtf8(bytes.value);
  if (!text.ok) return text;
  const json = readJson(text.value, MAX_JSON_LEVELS);
  if (!json.ok || kindOf(json.value) !== "object") return refused(NO_OBJECT);
  return accepted(JSON.parse(json.value));
}

const SOURCE_LIMIT = { what: "A source", value: MAX_SOURCE_BYTES, unit: "bytes" };

const NO_OBJECT: Refusal = {
  reason: "body_unreadable",
  problem: 'The body must be a JSON object, such as {"provider":"github","secret":"…"}',
};

interface Answered {
  readonly changed: Changed;
  readonly verifyToken: string | undefined;
}

function answerChanged(
  exchange: Exchange,
  { agentId }: NamedOwner,
  { changed, verifyToken }: Answered,
): Response | Promise<Response> {
  switch (changed.kind) {
    case "foreign":
      return refuse(exchange, { reason: "api_key_invalid" });
    case "full": {
      const limit = { what: "An agent", value: MAX_SOURCES, unit: "sources" };
      return refuse(exchange, { reason: "limit_exceeded", limit });
    }
    case "overtaken":
      throw new Error("was tried again");
    case "created":
    case "changed": {
      const token = verifyToken === undefined ? {} : { verify_token: verifyToken };
      const shown = { ...shownSource(exchange, agentId, changed.source), ...token };
      const status = changed.kind === "created" ? 201 : 200;
      return answerJson(exchange, JSON.stringify(shown), { status });
    }
  }
}
