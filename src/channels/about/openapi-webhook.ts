/** `POST /` for the description of the API: its parameters, its bodies, and what it answers. */
import * as z from "zod/mini";
import { MAPPABLE } from "../../invocation/mapping.ts";
import {
  parametersSchema,
  queryParametersSchema,
  type Reading,
  READINGS,
} from "../../invocation/parameter-schemas.ts";
import { type Described, refusal, REFUSALS, schemaOf, startedSchema } from "./openapi-parts.ts";

export function webhookOperation(): Described {
  return {
    summary: "Run an agent",
    description:
      "Each parameter is taken from the query, else mapped, else from the body. Body fields that " +
      "are no parameters reach the agent as context.",
    parameters: [...queryParameters(), ...mappingParameters(), ...otherParameters()],
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
            schema: {
              anyOf: [
                { $ref: "#/components/schemas/Task" },
                startedSchema(["Started", "Dropped"]),
                {},
              ],
            },
          },
          "text/plain": { schema: { type: "string" } },
        },
      },
      "202": {
        description: "With `wait`: started, and not over in time",
        headers: {
          "X-Task-Id": { schema: { type: "string" }, description: "`task_id`, percent-encoded" },
          Location: { schema: { type: "string" }, description: "Where the task can be asked for" },
        },
        content: { "application/json": { schema: startedSchema(["Started"]) } },
      },
      ...Object.fromEntries(
        REFUSALS.map(([status, description]) => [status, refusal(description, status)]),
      ),
    },
  };
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

function otherParameters(): Described[] {
  return [
    {
      name: "filename",
      in: "query",
      description: "The name of a file that is the whole body.",
      schema: { type: "string" },
    },
    {
      name: "Idempotency-Key",
      in: "header",
      description:
        "1 to 255 visible ASCII characters, quoted or bare. A repeat within 24 hours starts nothing.",
      schema: { type: "string" },
    },
    {
      name: "Prefer",
      in: "header",
      description: "`wait=N` is the same as the parameter `wait`.",
      schema: { type: "string", examples: ["wait=20"] },
    },
  ];
}

function requestContent(): Described {
  const { properties, ...rest } = schemaOf(z.partial(parametersSchema));
  const read = Object.entries(READINGS).map(([name, reading]) => {
    const own = Object.entries(properties ?? {}).find(([each]) => each === name)?.[1];
    return [name, { ...own, ...WRITTEN_AS[reading] }];
  });
  const schema = { ...rest, properties: Object.fromEntries(read), additionalProperties: true };
  const text = { schema: { type: "string" } };
  const file = { schema: { type: "string", format: "binary" } };
  const files = "Fields are parameters or context; a field of any name may hold files.";
  return {
    "application/json": { schema, example: { agent_id: "echo", prompt: "Hello agent!" } },
    "application/x-www-form-urlencoded": { schema },
    "multipart/form-data": { schema: { ...schema, description: files } },
    "text/plain": text,
    "text/*": text,
    "application/xml": text,
    "application/pdf": file,
    "application/octet-stream": file,
    "image/*": file,
    "audio/*": file,
  };
}

/** What a body may write for a parameter, beside the type that it has in the end (contract §1.2). */
const WRITTEN_AS: Readonly<Record<Reading, Described>> = {
  identifier: { type: ["string", "number"] },
  prompt: { type: ["string", "number", "boolean", "object", "array"] },
  text: {},
  flag: { type: ["boolean", "string", "integer"] },
  tokens: { type: ["object", "string"] },
};
