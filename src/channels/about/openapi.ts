/** The description of the API: OpenAPI 3.1, made from the schemas that check the requests. */
import * as z from "zod/mini";
import { ANSWER_FIELDS } from "../../invocation/task.ts";
import { type Described, refusal, REFUSALS, schemaOf, startedSchema } from "./openapi-parts.ts";
import { sourcePaths } from "./openapi-sources.ts";
import { webhookOperation } from "./openapi-webhook.ts";

let described: Described | undefined;

/** Made at the first call: few ask for it, and start-up is for requests. */
export function describeApi(): Described {
  described ??= makeDescription();
  return described;
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
        post: taskOperation("Send a dead task again", startedSchema(["Started"])),
      },
      "/files/{organisation}/{upload}/{n}/{name}": { get: fileOperation() },
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

/** Those that have to do with the key and the platform. */
function sourceRefusals(): Readonly<Record<string, Described>> {
  const own = REFUSALS.filter(([status]) => !["400", "413", "415", "422"].includes(status));
  return Object.fromEntries(
    own.map(([status, description]) => [status, refusal(description, status)]),
  );
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
          refusal(description, status),
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

/** A link that an agent was given opens the file that it names. */
function fileOperation(): Described {
  const path = ["organisation", "upload", "n", "name"].map((name) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const token = { name: "token", in: "query", required: true, schema: { type: "string" } };
  return {
    summary: "Open a file by its link",
    security: [],
    parameters: [...path, token],
    responses: {
      "200": { description: "The file" },
      "206": { description: "The part of it that `Range` asks for" },
      "304": { description: "The copy that is there is still good" },
      "403": refusal("The link is invalid, or has expired"),
      "404": refusal("The file is gone"),
      "416": refusal("There is no such part"),
    },
  };
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
  const { properties, ...rest } = schemaOf(
    z.object({ detail: z.union([z.string(), z.array(problem)]) }),
  );
  const task = { description: "Where a getter found nothing: the whole answer" };
  return { ...rest, properties: { ...Object(properties), task }, additionalProperties: true };
}
