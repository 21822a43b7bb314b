/** The description of the API: OpenAPI 3.1, made from the schemas that check the requests. */
import * as z from "zod/mini";
import { MAPPABLE } from "../../invocation/mapping.ts";
import { parametersSchema, queryParametersSchema } from "../../invocation/parameter-schemas.ts";
import { ANSWER_FIELDS } from "../../invocation/task.ts";
import { sourcePaths } from "./openapi-sources.ts";

type Described = Readonly<Record<string, unknown>>;

let described: Described | undefined;

/** Made at the first call: few ask for it, and start-up is for requests. */
export function describeApi(): Described {
  described ??= makeDescription();
  return described;
}

function schemaOf(schema: z.ZodMiniType): Described {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-2020-12",
  });
  return rest;
}

function makeDescription(): Described {
  return {
    openapi: "3.1.0",
    info: {
      title: "Inlet",
      version: "1",
      description: "Turns any webhook into a task for an agent.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ header: [] }, { query: [] }],
    paths: {
      "/": { get: get("What this is", "Links to the rest"), post: webhookOperation() },
      "/v1/tasks/{task_id}": { get: taskOperation("How a task stands", shownSchema()) },
      "/v1/tasks/{task_id}/retry": {
        post: taskOperation("Send a dead task again", startedSchema()),
      },
      "/health": { get: get("Whether the gateway runs", "It does") },
      "/openapi.json": { get: get("This description", "OpenAPI 3.1") },
      ...sourcePaths(refusal, sourceRefusals()),
    },
    components: {
      securitySchemes: {
        header: { type: "apiKey", in: "header", name: "x-api-key" },
        query: { type: "apiKey", in: "query", name: "x-api-key" },
      },
      schemas: { Task: taskSchema(), Refusal: refusalSchema() },
    },
  };
}

function get(summary: string, description: string): Described {
  const content = { "application/json": { schema: { type: "object" } } };
  return { summary, security: [], responses: { "200": { description, content } } };
}

function webhookOperation(): Described {
  return {
    summary: "Run an agent",
    description:
      "Each parameter is taken from the query, else mapped, else from the body. Body fields that " +
      "are no parameters reach the agent as context.",
    parameters: [...queryParameters(), ...mappingParameters(), ...headerParameters()],
    requestBody: { content: requestContent() },
    responses: {
      "200": {
        description: "The task, the getter's value, or (asynchronous) that it has started",
        headers: {
          "X-Request-Id": { schema: { type: "string" } },
          "X-Task-Id": { schema: { type: "string" }, description: "`task_id`, percent-encoded" },
          Location: { schema: { type: "string" }, description: "Where the task can be asked for" },
          "Idempotency-Replayed": { schema: { const: "true" }, description: "Of a repeat" },
          "X-Result-Format": { schema: { enum: ["json", "text"] }, description: "With `json`" },
        },
        content: {
          "application/json": {
            schema: { anyOf: [{ $ref: "#/components/schemas/Task" }, startedSchema(), {}] },
          },
          "text/plain": { schema: { type: "string" } },
        },
      },
      "202": { description: "With `wait`: started, and not over in time" },
      ...Object.fromEntries(
        REFUSALS.map(([status, description]) => [status, refusal(description)]),
      ),
    },
  };
}

const REFUSALS = [
  ["400", "No `agent_id`, or a body that cannot be read"],
  ["401", "No API key"],
  ["403", "Wrong API key, or no access to this agent"],
  ["404", "No such agent, or no such task"],
  ["413", "A limit was exceeded"],
  ["415", "A type, charset or encoding that is not accepted"],
  ["422", "Wrong parameters, all of them listed"],
  ["429", "Too many requests; see `Retry-After`"],
  ["500", "A fault of the gateway"],
  ["502", "The platform failed"],
  ["503", "The platform cannot be reached, or the conversation was busy for too long"],
  ["504", "The platform took too long"],
] as const;

/** Those that have to do with the key and the platform. */
function sourceRefusals(): Readonly<Record<string, Described>> {
  const own = REFUSALS.filter(([status]) => !["400", "413", "415", "422"].includes(status));
  return Object.fromEntries(own.map(([status, description]) => [status, refusal(description)]));
}

function refusal(description: string): Described {
  const headers = {
    "X-Error-Code": { schema: { type: "string" }, description: "A stable reason" },
  };
  const content = { "application/json": { schema: { $ref: "#/components/schemas/Refusal" } } };
  return { description, headers, content };
}

function queryParameters(): Described[] {
  const all = z.object({ ...parametersSchema.shape, ...queryParametersSchema.shape });
  return Object.entries(all.shape).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema);
    // In a query an object travels as its JSON text.
    const inQuery = rest["type"] === "object" ? { type: "string" } : rest;
    return {
      name,
      in: "query",
      ...(description !== undefined && { description }),
      schema: inQuery,
    };
  });
}

function mappingParameters(): Described[] {
  const path = { type: "string", examples: ["message.chat.id"] };
  const single = MAPPABLE.map((name) => ({
    name: `map.${name}`,
    in: "query",
    description: `Take \`${name}\` from this path of the body.`,
    schema: path,
  }));
  const mapping = {
    type: "object",
    properties: Object.fromEntries(MAPPABLE.map((name) => [name, path])),
    additionalProperties: false,
  };
  return [
    ...single,
    {
      name: "params_mapping",
      in: "query",
      description: "The same as one JSON object.",
      content: { "application/json": { schema: mapping } },
    },
  ];
}

function headerParameters(): Described[] {
  return [
    {
      name: "Idempotency-Key",
      in: "header",
      description: "A repeat within 24 hours starts nothing.",
      schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
    },
    {
      name: "Prefer",
      in: "header",
      description: "`wait=N` is the same as the parameter `wait`.",
      schema: { type: "string", examples: ["wait=20"] },
    },
  ];
}

function taskOperation(summary: string, schema: Described): Described {
  return {
    summary,
    parameters: [
      { name: "task_id", in: "path", required: true, schema: { type: "string" } },
      {
        name: "turn",
        in: "query",
        description: "Without it the latest; to be sent again, the latest dead one.",
        schema: { type: "integer", minimum: 1 },
      },
    ],
    responses: {
      "200": { description: summary, content: { "application/json": { schema } } },
      ...Object.fromEntries(
        REFUSALS.filter(([status]) => TASK_REFUSALS.has(status)).map(([status, description]) => [
          status,
          refusal(description),
        ]),
      ),
    },
  };
}

const TASK_REFUSALS: ReadonlySet<string> = new Set(["401", "404", "422", "429", "503"]);

/** A task, and how its delivery stands. */
function shownSchema(): Described {
  const { properties, required } = taskSchema();
  const delivery = z.toJSONSchema(
    z.object({
      turn: z.int(),
      state: z.enum([
        "waiting",
        "delivering",
        "delivered",
        "finished",
        "dead",
        "dropped",
        "merged",
      ]),
      attempts: z.int(),
      next_attempt_at: z.nullable(z.string()),
      last_error: z.nullable(z.string()),
      merged_into: z.nullable(z.int()),
    }),
  );
  const { $schema: _, ...rest } = delivery;
  return {
    type: "object",
    properties: { ...properties, delivery: { anyOf: [rest, { type: "null" }] } },
    required: [...required, "delivery"],
  };
}

function requestContent(): Described {
  const schema = { ...schemaOf(z.partial(parametersSchema)), additionalProperties: true };
  const text = { schema: { type: "string" } };
  return {
    "application/json": { schema, example: { agent_id: "echo", prompt: "Hello agent!" } },
    "application/x-www-form-urlencoded": { schema },
    "multipart/form-data": { schema },
    "text/plain": text,
    "application/xml": text,
  };
}

function startedSchema(): Described {
  return { type: "object", properties: { status: { const: "Started" } } };
}

function taskSchema() {
  const text = { type: ["string", "null"] };
  const properties = Object.fromEntries(ANSWER_FIELDS.map((field) => [field, text]));
  const attempts = { type: ["integer", "null"] };
  const result = { description: "A text; with `json`, any value" };
  return {
    type: "object",
    properties: { ...properties, result, execution_attempts: attempts },
    required: [...ANSWER_FIELDS],
  };
}

function refusalSchema(): Described {
  const problem = z.object({
    loc: z.array(z.union([z.string(), z.int()])),
    msg: z.string(),
    type: z.string(),
  });
  return schemaOf(z.object({ detail: z.union([z.string(), z.array(problem)]) }));
}
