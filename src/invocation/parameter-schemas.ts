/** The parameters of `POST /`: the types that check requests, and that describe them. */
import * as z from "zod/mini";
import { MAX_AGENT_VERSION_CHARS, MAX_TASK_ID_CODE_POINTS } from "../limits.ts";
import { type Path, readPath } from "./path.ts";

const TEXT = { error: "must be text" };
const FLAG = { error: "must be a boolean: true, false, 1, 0, yes, no, on or off" };
const TOKENS = { error: "must be a JSON object, or the JSON text of one" };

/** What a task does whose conversation is busy (contract §2.8). */
export const OVERLAPS = ["queue", "drop", "latest", "merge"] as const;

export type Overlap = (typeof OVERLAPS)[number];

/** A path (contract §1.3), read when it is checked. */
const pathSchema = z.pipe(
  z.string(TEXT),
  z.transform((text, context): Path => {
    const path = readPath(text);
    if (path.ok) return path.value;
    context.issues.push({ code: "custom", input: text, message: `path ${path.refusal}` });
    return z.NEVER;
  }),
);

const AGENT_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Whether it is well-formed; whether it exists, the platform knows. */
export function isAgentId(text: string | undefined): text is string {
  return text !== undefined && AGENT_ID.test(text);
}

/** Every parameter that a query or a body may hold. It checks requests and describes them. */
export const parametersSchema = z.object({
  agent_id: z
    .string(TEXT)
    .check(z.regex(AGENT_ID, "must be 1 to 128 of A-Z a-z 0-9 _ -"))
    .register(z.globalRegistry, { description: "The agent that runs." }),
  prompt: z
    .optional(z.string(TEXT))
    .register(z.globalRegistry, { description: "What the agent is told." }),
  asynchronous: z.optional(z.boolean(FLAG)).register(z.globalRegistry, {
    description: "Answer as soon as the task is accepted.",
    default: false,
  }),
  task_id: z
    .optional(
      z.string(TEXT).check(
        z.refine(isTaskId, {
          error: `must be 1 to ${MAX_TASK_ID_CODE_POINTS} characters, none of them a control character, and not . or ..`,
        }),
      ),
    )
    .register(z.globalRegistry, {
      description: "Continues the conversation of this id.",
      maxLength: 256,
    }),
  user_id: z.optional(z.string(TEXT)).register(z.globalRegistry, { description: "Who is asking." }),
  user_email: z.optional(z.string(TEXT)),
  user_first_name: z.optional(z.string(TEXT)),
  user_last_name: z.optional(z.string(TEXT)),
  getter: z.optional(pathSchema).register(z.globalRegistry, {
    description: "Answer with what stands at this path alone.",
    examples: ["result.total"],
  }),
  json: z.optional(z.boolean(FLAG)).register(z.globalRegistry, {
    description: "Give `result` as JSON where it is JSON text.",
    default: false,
  }),
  user_tokens: z.optional(z.record(z.string(), z.unknown(), TOKENS)).register(z.globalRegistry, {
    description: "Tokens of the user's MCP servers, by graph item id.",
  }),
  disable_attachment_injection: z
    .optional(z.boolean(FLAG))
    .register(z.globalRegistry, { description: "Leave files as addresses.", default: false }),
});

/** Parameters that stand in the query alone; in a body these names are ordinary context. */
export const queryParametersSchema = z.object({
  agent_version: z
    .optional(
      z
        .string(TEXT)
        .check(
          z.regex(/^\P{Cc}*$/u, "must not hold control characters"),
          z.maxLength(
            MAX_AGENT_VERSION_CHARS,
            `must be at most ${MAX_AGENT_VERSION_CHARS} characters`,
          ),
        ),
    )
    .register(z.globalRegistry, {
      description: "A version of the agent, `draft` for changes that are not deployed.",
    }),
  wait: z
    .optional(
      z.pipe(
        z.string(TEXT).check(z.regex(/^0*[1-9]\d{0,5}$/, "must be whole seconds, 1 or more")),
        z.transform(Number),
      ),
    )
    .register(z.globalRegistry, {
      description: "Start the task, and wait so many seconds for its answer.",
    }),
  callback_url: z.optional(z.string(TEXT)).register(z.globalRegistry, {
    description: "Where the answer is POSTed when an asynchronous task ends.",
  }),
  overlap: z
    .optional(z.enum(OVERLAPS, { error: `must be one of ${OVERLAPS.join(", ")}` }))
    .register(z.globalRegistry, {
      description: "What an asynchronous task does while its conversation is busy.",
    }),
  debounce: z
    .optional(
      z.pipe(
        z
          .string(TEXT)
          .check(z.regex(/^0*([1-9]|[1-5]\d|60)$/, "must be whole seconds from 1 to 60")),
        z.transform(Number),
      ),
    )
    .register(z.globalRegistry, {
      description: "How long an asynchronous task waits for more of its burst, in seconds.",
    }),
});

export type Parameters = z.output<typeof parametersSchema> & z.output<typeof queryParametersSchema>;

/** How a JSON value becomes a parameter's (contract §1.2). */
export type Reading = "identifier" | "prompt" | "text" | "flag" | "tokens";

export const READINGS: Readonly<Record<keyof z.output<typeof parametersSchema>, Reading>> = {
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

/** Whether a conversation may be called so. */
export function isTaskId(text: string): boolean {
  if (text === "." || text === ".." || /\p{Cc}/u.test(text) || !text.isWellFormed()) return false;
  return Array.from(text).length <= MAX_TASK_ID_CODE_POINTS;
}
