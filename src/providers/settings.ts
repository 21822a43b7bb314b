/** The fields of a source that one kind of proof uses (contract §4), checked when they are set. */
import * as z from "zod/mini";
import { MAX_TOLERANCE_SECONDS } from "../limits.ts";
import { accepted, type Problem, refused, type Result } from "../refusal.ts";

const ALGORITHMS = ["sha1", "sha256", "sha512"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];
export type Encoding = "hex" | "base64";

/** Every such field; each provider takes some of them, most of them none. */
export const settingFields = {
  header: headerName(),
  query: z
    .string("must be text")
    .check(z.minLength(1, "must not be empty"), z.maxLength(128, "must be at most 128 characters")),
  algorithm: z.enum(ALGORITHMS, `Invalid option: expected one of "${ALGORITHMS.join('"|"')}"`),
  encoding: z.enum(["hex", "base64"], 'Invalid option: expected one of "hex"|"base64"'),
  prefix: z.string("must be text").check(z.maxLength(64, "must be at most 64 characters")),
  signed: z.string("must be text").check(z.maxLength(512, "must be at most 512 characters")),
  timestamp_header: headerName(),
  tolerance_seconds: z
    .int("must be whole seconds")
    .check(
      z.minimum(1, "must be at least 1"),
      z.maximum(MAX_TOLERANCE_SECONDS, `must be at most ${MAX_TOLERANCE_SECONDS}`),
    ),
  id_header: headerName(),
  username: z.string().check(
    z.minLength(1, "must not be empty"),
    z.maxLength(255, "must be at most 255 characters"),
    // RFC 7617 §2: the first colon ends the name.
    z.regex(/^[^:\p{Cc}]*$/u, "must not hold a colon or control characters"),
  ),
} as const;

export const SETTING_NAMES = Object.keys(settingFields);

const anySettings = z.partial(z.object(settingFields));
export type Settings = z.output<typeof anySettings>;
export type SettingsSchema = z.ZodMiniType<Settings>;

export const NO_SETTINGS: SettingsSchema = z.strictObject({});

/** For senders that sign a time: how far it may be from ours. */
export const TOLERANCE_ALONE: SettingsSchema = z.strictObject({
  tolerance_seconds: z.optional(settingFields.tolerance_seconds),
});

/** RFC 9110 §5.1. */
function headerName() {
  return z
    .string("must be text")
    .check(z.regex(/^[\w!#$%&'*+.^`|~-]{1,128}$/, "must be the name of a header"));
}

/**
 * Of all that a source's owner has set, what its provider's proof uses. A field that this provider
 * does not use is refused, so that nobody believes in a check that is not made.
 */
export function readSettings(
  { name, settings }: { readonly name: string; readonly settings: SettingsSchema },
  given: Readonly<Record<string, unknown>>,
): Result<Settings, readonly Problem[]> {
  const own = SETTING_NAMES.filter((field) => (given[field] ?? undefined) !== undefined);
  const read = settings.safeParse(Object.fromEntries(own.map((field) => [field, given[field]])));
  if (read.success) return accepted(read.data);
  return refused(
    read.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => problem(key, `is not used by the provider ${name}`, "unused"))
        : [problem(String(issue.path[0] ?? "provider"), issue.message, issue.code)],
    ),
  );
}

function problem(field: string, msg: string, type: string): Problem {
  return { loc: ["body", field], msg, type };
}

/** Says of a schema's value that two of its fields contradict each other, with the field named. */
export type Contradiction = readonly [field: string, message: string];

/** Adds the contradictions that `find` sees to a schema of fields. */
export function withoutContradictions<Schema extends SettingsSchema>(
  schema: Schema,
  find: (settings: z.output<Schema>) => readonly Contradiction[],
): SettingsSchema {
  return schema.check(
    z.superRefine((settings, context) => {
      for (const [field, message] of find(settings)) {
        context.addIssue({ code: "custom", path: [field], message });
      }
    }),
  );
}
