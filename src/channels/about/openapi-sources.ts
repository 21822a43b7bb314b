/** The routes of sources, for the description of the API. */
import * as z from "zod/mini";
import { sourceSchema } from "../../agent-desk/source-settings.ts";
import { settingFields } from "../../providers/settings.ts";
import type { Described } from "./openapi-parts.ts";

const AGENT = { name: "agent_id", in: "path", required: true, schema: { type: "string" } };
const NAME = {
  name: "name",
  in: "path",
  required: true,
  schema: { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" },
};
const ONE = [AGENT, NAME];

/** `refusal` describes one status; `refusals` are those that every route with a key has. */
export function sourcePaths(
  refusal: (description: string) => Described,
  refusals: Readonly<Record<string, Described>>,
): Described {
  const missing = { ...refusals, "404": refusal("No such agent, or no such source") };
  return {
    "/v1/agents/{agent_id}/sources": {
      get: {
        summary: "The sources of an agent",
        parameters: [AGENT],
        responses: { "200": json("All of them, by name", listSchema()), ...refusals },
      },
    },
    "/v1/agents/{agent_id}/sources/{name}": {
      get: {
        summary: "A source, its last 50 deliveries, and how many of them are dead",
        parameters: ONE,
        responses: { "200": json("The source", ANY), ...missing },
      },
      put: putOperation(refusal, missing),
      delete: {
        summary: "Take a source away",
        parameters: ONE,
        responses: { "204": { description: "It is gone" }, ...missing },
      },
    },
    "/v1/agents/{agent_id}/sources/{name}/retry": {
      post: {
        summary: "Send the source's dead deliveries out again, with its present key",
        parameters: ONE,
        responses: { "200": json("How many there were", ANY), ...missing },
      },
    },
    "/hooks/{agent_id}/{name}": { post: hookOperation(refusal) },
  };
}

function putOperation(refusal: (description: string) => Described, missing: Described): Described {
  return {
    summary: "Set a source",
    description:
      "Fields that are left out are reset, secrets that are left out are kept. What is secret never " +
      "comes back; a `verify_token` that the gateway has made is shown this once.",
    parameters: ONE,
    requestBody: {
      content: {
        "application/json": {
          schema: sourceBody(),
          example: { provider: "github", secret: "what GitHub signs with" },
        },
      },
    },
    responses: {
      "200": json("It was there", ANY),
      "201": json("It is new", ANY),
      ...missing,
      "422": refusal("Fields that are wrong, or contradict each other, all of them listed"),
    },
  };
}

function hookOperation(refusal: (description: string) => Described): Described {
  return {
    summary: "What a configured sender calls",
    description:
      "The body is as its provider sends it, and so is the answer. No key: the sender proves itself " +
      "as the source says. All of the body is context, whatever its fields are called.",
    security: [],
    parameters: ONE,
    requestBody: { content: { "*/*": { schema: {} } } },
    responses: {
      "200": { description: "In the words of the source's provider" },
      "303": { description: "A form's browser is sent on" },
      "401": refusal("The signature is missing or wrong"),
      "404": refusal("No such source"),
      "429": refusal("Too often today or this minute; see `Retry-After`"),
    },
  };
}

const ANY: Described = { type: "object" };

function listSchema(): Described {
  return { type: "object", properties: { sources: { type: "array", items: ANY } } };
}

function json(description: string, schema: Described): Described {
  return { description, content: { "application/json": { schema } } };
}

function sourceBody(): Described {
  const whole = z.strictObject({
    ...sourceSchema.shape,
    ...z.partial(z.object(settingFields)).shape,
  });
  const { $schema: _, ...rest } = z.toJSONSchema(whole, { io: "input", target: "draft-2020-12" });
  return rest;
}
