/** The fields of a source (contract §4) that do not belong to its proof: their types. */
import * as z from "zod/mini";
import { MAPPABLE } from "../invocation/mapping.ts";
import { OVERLAPS, queryParametersSchema } from "../invocation/parameter-schemas.ts";
import { readPath } from "../invocation/path.ts";
import { MAX_DEDUPLICATE_MINUTES } from "../limits.ts";
import { templateProblem } from "../providers/prompt-template.ts";
import { providers } from "../providers/registry.ts";
import { readRange } from "./address-range.ts";

/** Says with the provider room's or the path's own phrase what is wrong with a text. */
function textThat(problemOf: (text: string) => string | undefined) {
  return z.string("must be text").check(
    z.superRefine((text, context) => {
      const problem = problemOf(text);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    }),
  );
}

const path = textThat((text) => {
  const read = readPath(text);
  return read.ok ? undefined : `path ${read.refusal}`;
});

const origin = textThat((text) =>
  text === "*" || (/^https?:/.test(text) && URL.parse(text)?.origin === text)
    ? undefined
    : "must be an origin, such as https://www.example.com, or *",
);

const range = textThat((text) =>
  readRange(text) === undefined
    ? "must be an address or a range of addresses, such as 192.0.2.0/24 or 2001:db8::/32"
    : undefined,
);

const httpsAddress = textThat((text) => {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || /[\s\\\p{Cc}\p{Cs}]/u.test(text)) {
    return "must be an https address";
  }
  return url.username === "" && url.password === "" ? undefined : "must not hold credentials";
});

function listOf<Item extends z.ZodMiniType>(item: Item, atMost: number) {
  return z
    .array(item, "must be a list")
    .check(z.minLength(1, "must not be empty"), z.maxLength(atMost, `must hold at most ${atMost}`));
}

function whole(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int(error).check(z.minimum(least, error), z.maximum(most, error));
}

const flag = z.boolean("must be true or false");

/** How a source's tasks are made and handled, and who may send; all of it may be left out. */
export const sourceFields = z.partial(
  z.object({
    params_mapping: z.strictObject(
      Object.fromEntries(MAPPABLE.map((name) => [name, z.optional(path)])),
      "must be an object of paths",
    ),
    prompt: textThat(templateProblem),
    asynchronous: flag,
    getter: path,
    json: flag,
    wait: whole(1, 999_999),
    overlap: z.enum(OVERLAPS, `must be one of ${OVERLAPS.join(", ")}`),
    debounce: whole(1, 60),
    callback_url: z.string("must be text"),
    agent_version: queryParametersSchema.shape.agent_version.def.innerType.check(
      z.minLength(1, "must not be empty"),
      z.refine((text) => text.isWellFormed(), "must be whole characters"),
    ),
    disable_attachment_injection: flag,
    events: listOf(
      z
        .string("must be text")
        .check(
          z.minLength(1, "must not be empty"),
          z.maxLength(128, "must be at most 128 characters"),
        ),
      100,
    ),
    deduplicate: z.strictObject(
      {
        selectors: listOf(path, 10),
        ttl_minutes: z.optional(whole(1, MAX_DEDUPLICATE_MINUTES)),
      },
      "must be an object with selectors",
    ),
    max_runs_per_day: whole(1, 1_000_000_000),
    allowed_origins: listOf(origin, 100),
    allowed_ips: listOf(range, 1_000),
    files: flag,
    redirect: httpsAddress,
    shared_conversations: flag,
  }),
);

export const providerField = z
  .string("is required")
  .check(
    z.refine((name) => providers.has(name), `must be one of ${[...providers.keys()].join(", ")}`),
  );

/** What a source is proven with, and what is done with it: never kept among the settings. */
export const secretFields = z.partial(
  z.object({
    secret: z.string("must be text").check(z.maxLength(4_096, "must be at most 4096 characters")),
    verify_token: z
      .string("must be text")
      .check(z.regex(/^[\x21-\x7e]{1,256}$/, "must be 1 to 256 visible ASCII characters")),
    revoke_previous: flag,
  }),
);

/** A parsed source, as it is kept in JSON; what its proof uses stands beside. */
export type SourceFields = z.output<typeof sourceFields>;
export type SecretFields = z.output<typeof secretFields>;
