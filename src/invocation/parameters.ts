/** The parameters of `POST /`: where each may stand, its type, and which of several values counts. */
import * as z from "zod";
import { MAX_AGENT_VERSION_CHARS, MAX_JSON_LEVELS, MAX_TASK_ID_CODE_POINTS } from "../limits.ts";
import type { Place, Problem } from "../refusal.ts";
import { type Fields, isAbsent } from "./fields.ts";
import { type JsonText, kindOf, textOf, toJsonText, valueAt } from "./json-text.ts";
import { readJson } from "./read-json.ts";
import { type Mapping, readMapping } from "./mapping.ts";
import { type Path, readPath } from "./path.ts";
import type { Query } from "./query.ts";

const TEXT = { error: "must be text" };
const FLAG = { error: "must be a boolean: true, false, 1, 0, yes, no, on or off" };
const TOKENS = { error: "must be a JSON object, or the JSON text of one" };

/** A path (contract §1.3), read when it is checked. */
const pathSchema = z.string(TEXT).transform((text, context): Path => {
  const path = readPath(text);
  if (path.ok) return path.value;
  context.issues.push({ code: "custom", input: text, message: `path ${path.refusal}` });
  return z.NEVER;
});

const AGENT_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Whether it is well-formed; whether it exists, the platform knows. */
export function isAgentId(text: string | undefined): text is string {
  return text !== undefined && AGENT_ID.test(text);
}

/** Every parameter that a query or a body may hold. It checks requests and describes them. */
export const parametersSchema = z.object({
  agent_id: z
    .string(TEXT)
    .regex(AGENT_ID, "must be 1 to 128 of A-Z a-z 0-9 _ -")
    .meta({ description: "The agent that runs." }),
  prompt: z.string(TEXT).optional().meta({ description: "What the agent is told." }),
  asynchronous: z
    .boolean(FLAG)
    .optional()
    .meta({ description: "Answer as soon as the task is accepted.", default: false }),
  task_id: z
    .string(TEXT)
    .refine(isTaskId, {
      error: `must be 1 to ${MAX_TASK_ID_CODE_POINTS} characters, none of them a control character, and not . or ..`,
    })
    .optional()
    .meta({ description: "Continues the conversation of this id.", maxLength: 256 }),
  user_id: z.string(TEXT).optional().meta({ description: "Who is asking." }),
  user_email: z.string(TEXT).optional(),
  user_first_name: z.string(TEXT).optional(),
  user_last_name: z.string(TEXT).optional(),
  getter: pathSchema.optional().meta({
    description: "Answer with what stands at this path alone.",
    examples: ["result.total"],
  }),
  json: z
    .boolean(FLAG)
    .optional()
    .meta({ description: "Give `result` as JSON where it is JSON text.", default: false }),
  user_tokens: z
    .record(z.string(), z.unknown(), TOKENS)
    .optional()
    .meta({ description: "Tokens of the user's MCP servers, by graph item id." }),
  disable_attachment_injection: z
    .boolean(FLAG)
    .optional()
    .meta({ description: "Leave files as addresses.", default: false }),
});

/** Parameters that stand in the query alone; in a body these names are ordinary context. */
export const queryParametersSchema = z.object({
  agent_version: z
    .string(TEXT)
    .regex(/^\P{Cc}*$/u, "must not hold control characters")
    .max(MAX_AGENT_VERSION_CHARS, `must be at most ${MAX_AGENT_VERSION_CHARS} characters`)
    .optional()
    .meta({ description: "A version of the agent, `draft` for changes that are not deployed." }),
});

const parameterNameSchema = parametersSchema.keyof();

export type Parameters = z.output<typeof parametersSchema> & z.output<typeof queryParametersSchema>;
type Name = keyof Parameters;

/** How a JSON value becomes a parameter's (contract §1.2). */
type Reading = "identifier" | "prompt" | "text" | "flag" | "tokens";

const READINGS: Readonly<Record<keyof z.output<typeof parametersSchema>, Reading>> = {
  agent_id: "identifier",
  prompt: "prompt",
  asynchronous: "flag",
  task_id: "identifier",
  user_id: "identifier",
  user_email: "text",
  user_first_name: "identifier",
  user_last_name: "identifier",
  getter: "text",
  json: "flag",
  user_tokens: "tokens",
  disable_attachment_injection: "flag",
};

interface BodyParameter {
  readonly reading: Reading;
  readonly schema: z.ZodType;
}

const BODY_PARAMETERS: ReadonlyMap<string, BodyParameter> = new Map(
  Object.entries(parametersSchema.shape).map(([name, schema]) => [
    name,
    { schema, reading: READINGS[parameterNameSchema.parse(name)] },
  ]),
);

const QUERY_PARAMETERS: readonly (readonly [string, z.ZodType])[] = Object.entries(
  queryParametersSchema.shape,
);

/** What a body must not be context with: its parameters, and a key that a caller put there. */
export function isParameter(name: string): boolean {
  return BODY_PARAMETERS.has(name) || name === "x-api-key";
}

export interface ReadParameters {
  /** `undefined` while `problems` holds any. */
  readonly values: Parameters | undefined;
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

/** What was read of some of the parameters. */
interface Reads {
  readonly values: Record<string, unknown>;
  readonly places: Map<string, Place>;
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
    places: new Map(),
    problems: [...problems],
    userTokens: undefined,
  };
  const open: [string, BodyParameter][] = [];
  for (const [name, parameter] of BODY_PARAMETERS) {
    const text = query.get(name) ?? "";
    if (text === "") open.push([name, parameter]);
    else read(reads, name, parameter, { json: toJsonText(text), loc: ["query", name] });
  }
  for (const [name, schema] of QUERY_PARAMETERS) {
    const text = query.get(name) ?? "";
    if (text !== "") check(reads, name, schema, { value: text, loc: ["query", name] });
  }
  return { ...reads, paths, open };
}

/** Takes each parameter from the query, else mapped, else from the body (contract §1.1). */
export function readParameters(query: Query, fields: Fields): ReadParameters {
  const given = givenBy.get(query) ?? readGiven(query);
  givenBy.set(query, given);
  const { paths, open } = given;
  const reads: Reads = {
    values: { ...given.values },
    places: new Map(given.places),
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
    // Each was checked by its own schema, which is this one's: nothing is left to go wrong.
    values: problems.length > 0 || !isComplete(values) ? undefined : values,
    hasAgent: places.has("agent_id" satisfies Name),
    problems,
    userTokens,
    getterPlace: places.get("getter" satisfies Name) ?? ["query", "getter"],
    hasPrompt: places.has("prompt" satisfies Name),
  };
}

function read(
  reads: Reads,
  name: string,
  { reading, schema }: BodyParameter,
  { json, loc }: Candidate,
): void {
  if (reading === "tokens") reads.userTokens = tokensText(json);
  check(reads, name, schema, { value: readValue(reading, json), loc });
}

function check(
  { values, places, problems }: Reads,
  name: string,
  schema: z.ZodType,
  { value, loc }: { readonly value: unknown; readonly loc: Place },
): void {
  places.set(name, loc);
  const checked = schema.safeParse(value);
  if (checked.success) values[name] = checked.data;
  else
    problems.push(
      ...checked.error.issues.map(({ message, code }) => ({ loc, msg: message, type: code })),
    );
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

function findField(fields: Fields, [name = "", ...rest]: Path): JsonText | undefined {
  const field = fields.get(name);
  return field === undefined ? undefined : valueAt(field, rest);
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

function isTaskId(text: string): boolean {
  if (text === "." || text === ".." || /\p{Cc}/u.test(text) || !text.isWellFormed()) return false;
  return Array.from(text).length <= MAX_TASK_ID_CODE_POINTS;
}
