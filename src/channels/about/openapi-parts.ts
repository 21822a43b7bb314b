/** What the descriptions of several routes are made of. */
import * as z from "zod/mini";

export type Described = Readonly<Record<string, unknown>>;

export function schemaOf(schema: z.ZodMiniType): Described {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-2020-12",
  });
  return rest;
}

export const REFUSALS = [
  ["400", "No `agent_id`, or a body that cannot be read"],
  ["401", "No API key"],
  ["403", "Wrong API key, or no access to this agent"],
  ["404", "No such agent, or no such task"],
  ["405", "Another method; see `Allow`"],
  ["413", "A limit was exceeded"],
  ["415", "A type, charset or encoding that is not accepted"],
  ["422", "Wrong parameters, all of them listed"],
  ["429", "Too many requests; see `Retry-After`"],
  ["500", "A fault of the gateway"],
  ["502", "The platform failed"],
  ["503", "The platform cannot be reached, or the conversation was busy for too long"],
  ["504", "The platform took too long"],
] as const;

export function refusal(description: string, status = ""): Described {
  const text = { schema: { type: "string" } };
  const headers = {
    "X-Error-Code": { ...text, description: "A stable reason" },
    ...(["429", "503"].includes(status) && { "Retry-After": text }),
    ...(status === "405" && { Allow: text }),
  };
  const content = { "application/json": { schema: { $ref: "#/components/schemas/Refusal" } } };
  return { description, headers, content };
}

export function startedSchema(words: readonly string[]): Described {
  const id = { type: "string", description: "Where the task was waited for" };
  return { type: "object", properties: { status: { enum: words }, id }, required: ["status"] };
}
