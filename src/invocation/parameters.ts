/** The parameters of `POST /`: where each may stand, and which of several values counts. */
import * as z from "zod/mini";
import { MAX_JSON_LEVELS } from "../limits.ts";
import type { Place, Problem } from "../refusal.ts";
import { type Fields, isAbsent } from "./fields.ts";
import { type JsonText, kindOf, textOf, toJsonText, valueAt } from "./json-text.ts";
import { readJson } from "./read-json.ts";
import { type Mapping, readMapping } from "./mapping.ts";
import {
  type Parameters,
  parametersSchema,
  queryParametersSchema,
  type Reading,
  READINGS,
} from "./parameter-schemas.ts";
import type { Path } from "./path.ts";
import { NOT_UTF8, type Query } from "./query.ts";

interface Checks {
  readonly schema: z.ZodMiniType;
  /** Of a text there is nothing left to check. */
  readonly isAnyText: boolean;
}

interface BodyParameter extends Checks {
  readonly reading: Reading;
}

function checksOf(schema: z.ZodMiniType): Checks {
  const inner = schema instanceof z.ZodMiniOptional ? schema.def.innerType : schema;
  const isAnyText = inner instanceof z.ZodMiniString && (inner.def.checks ?? []).length === 0;
  return { schema, isAnyText };
}

const BODY_PARAMETERS: ReadonlyMap<string, BodyParameter> = new Map(
  Object.entries(parametersSchema.shape).map(([name, schema]) => [
    name,
    { ...checksOf(schema), reading: READINGS[z.keyof(parametersSchema).parse(name)] },
  ]),
);

const QUERY_PARAMETERS: readonly (readonly [string, Checks])[] = Object.entries(
  queryParametersSchema.shape,
).map(([name, schema]) => [name, checksOf(schema)]);

/** What a body must not be context with: its parameters, and a key that a caller put there. */
export function isParameter(name: string): boolean {
  return BODY_PARAMETERS.has(name) || name === "x-api-key";
}

export interface ReadParameters {
  /** `undefined` while `problems` holds any. */
  readonly values: Parameters | undefined;
  /** Those that are right, whatever is wrong with others. */
  readonly right: Partial<Parameters>;
  /** Whether an `agent_id` was given at all. */
  readonly hasAgent: boolean;
  readonly problems: readonly Problem[];
  /** The tokens as they were written, so that none of their digits is lost. */
  readonly userTokens: JsonText | undefined;
  readonly getterPlace: Place;
  readonly hasPrompt: boolean;
}

interface Candidate {
  readonly json: JsonText;
  readonly loc: Place;
}

/** Where some of the parameters stood, whether they were right or wrong. */
type Places = { [Name in "agent_id" | "prompt" | "getter"]?: Place };

/** What was read of some of the parameters. */
interface Reads {
  readonly values: Record<string, unknown>;
  readonly places: Places;
  readonly problems: Problem[];
  userTokens: JsonText | undefined;
}

/** What the query alone settles, for every body that comes with it. */
interface Given extends Reads {
  readonly paths: Mapping["paths"];
  /** What is left to the mapping and the body. */
  readonly open: readonly (readonly [string, BodyParameter])[];
}

const givenBy = new WeakMap<Query, Given>();

function readGiven(query: Query): Given {
  const { paths, problems } = readMapping(query);
  const reads: Reads = {
    values: {},
    places: {},
    problems: [...problems],
    userTokens: undefined,
  };
  const open: [string, BodyParameter][] = [];
  for (const [name, parameter] of BODY_PARAMETERS) {
    const text = query.get(name) ?? "";
    if (text === "") open.push([name, parameter]);
    else if (text === NOT_UTF8) refuseGarbled(reads, name);
    else read(reads, name, parameter, { json: toJsonText(text), loc: ["query", name] });
  }
  for (const [name, checks] of QUERY_PARAMETERS) {
    const text = query.get(name) ?? "";
    if (text === NOT_UTF8) refuseGarbled(reads, name);
    else if (text !== "") check(reads, name, checks, { value: text, loc: ["query", name] });
  }
  for (const [name, text] of query) {
    const isOther = name === "filename" || name.startsWith("map.");
    if (text === NOT_UTF8 && isOther) refuseGarbled(reads, name);
  }
  return { ...reads, paths, open };
}

function refuseGarbled({ places, problems }: Reads, name: string): void {
  const loc = ["query", name];
  notePlace(places, name, loc);
  problems.push({ loc, msg: "is not UTF-8", type: "not_utf8" });
}

/** Takes each parameter from the query, else mapped, else from the body (contract §1.1). */
export function readParameters(query: Query, fields: Fields): ReadParameters {
  const given = givenBy.get(query) ?? readGiven(query);
  givenBy.set(query, given);
  const { paths, open } = given;
  const reads: Reads = {
    values: { ...given.values },
    places: { ...given.places },
    problems: [...given.problems],
    userTokens: given.userTokens,
  };
  for (const [name, parameter] of open) {
    if (!paths.has(name) && !fields.has(name)) continue;
    const candidate = candidateFor(name, paths, fields);
    if (candidate !== undefined) read(reads, name, parameter, candidate);
  }
  const { values, places, problems, userTokens } = reads;
  return {
    right: isRight(values) ? values : {},
    // Each was checked by its own schema, which is this one's: nothing is left to go wrong.
    values: problems.length > 0 || !isComplete(values) ? undefined : values,
    hasAgent: places.agent_id !== undefined,
    problems,
    userTokens,
    getterPlace: places.getter ?? ["query", "getter"],
    hasPrompt: places.prompt !== undefined,
  };
}

function read(
  reads: Reads,
  name: string,
  parameter: BodyParameter,
  { json, loc }: Candidate,
): void {
  const { reading } = parameter;
  if (reading === "tokens") reads.userTokens = tokensText(json);
  check(reads, name, parameter, { value: readValue(reading, json), loc });
}

function check(
  { values, places, problems }: Reads,
  name: string,
  { schema, isAnyText }: Checks,
  { value, loc }: { readonly value: unknown; readonly loc: Place },
): void {
  notePlace(places, name, loc);
  if (isAnyText && typeof value === "string") {
    values[name] = value;
    return;
  }
  const checked = schema.safeParse(value);
  if (checked.success) values[name] = checked.data;
  else
    problems.push(
      ...checked.error.issues.map(({ message, code }) => ({ loc, msg: message, type: code })),
    );
}

function notePlace(places: Places, name: string, loc: Place): void {
  if (name === "agent_id" || name === "prompt" || name === "getter") places[name] = loc;
}

/** Each was checked by the schema of its name. */
function isRight(_values: Record<string, unknown>): _values is Partial<Parameters> {
  return true;
}

/** A missing agent is told before anything else is. */
function isComplete(values: Record<string, unknown>): values is Parameters {
  return values["agent_id"] !== undefined;
}

function candidateFor(
  name: string,
  paths: Mapping["paths"],
  fields: Fields,
): Candidate | undefined {
  for (const { path, loc } of paths.get(name) ?? []) {
    const found = findField(fields, path) ?? "null";
    if (!isAbsent(found)) return { json: found, loc };
  }
  const inBody = fields.get(name) ?? "null";
  return isAbsent(inBody) ? undefined : { json: inBody, loc: ["body", name] };
}

/** What stands at a path of the body. */
export function findField(fields: Fields, path: Path): JsonText | undefined {
  const field = fields.get(path[0] ?? "");
  return field === undefined ? undefined : valueAt(field, path, 1);
}

/** The value to check. What is of a wrong type is `null`, which no parameter takes. */
function readValue(reading: Reading, json: JsonText): unknown {
  const kind = kindOf(json);
  const text = kind === "text" ? textOf(json) : undefined;
  switch (reading) {
    case "identifier":
      return kind === "number" ? json : (text ?? null);
    case "prompt":
      return text ?? json;
    case "text":
      return text ?? null;
    case "flag":
      return FLAGS.get(flagWord(json)) ?? null;
    case "tokens": {
      const tokens = tokensText(json);
      return tokens === undefined ? null : JSON.parse(tokens);
    }
  }
}

/** `1.0` is the number 1 however it is written. */
function flagWord(json: JsonText): string {
  if (kindOf(json) === "number") return String(Number(json));
  return (kindOf(json) === "text" ? textOf(json) : json).toLowerCase();
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...["true", "1", "yes", "on"].map((word) => [word, true] as const),
  ...["false", "0", "no", "off"].map((word) => [word, false] as const),
]);

function tokensText(json: JsonText): JsonText | undefined {
  if (kindOf(json) === "object") return json;
  if (kindOf(json) !== "text") return undefined;
  const inside = readJson(textOf(json), MAX_JSON_LEVELS);
  return inside.ok && kindOf(inside.value) === "object" ? inside.value : undefined;
}
