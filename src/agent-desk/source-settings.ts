/** A source's settings, checked when they are set: what contradicts itself is refused, by its name. */
import * as z from "zod/mini";
import type { HandlingRules } from "../invocation/handling.ts";
import type { Provider } from "../providers/provider.ts";
import { providers } from "../providers/registry.ts";
import { readSettings, SETTING_NAMES, type Settings } from "../providers/settings.ts";
import { accepted, type Problem, refused, type Result } from "../refusal.ts";
import { contradictions } from "./contradictions.ts";
import {
  providerField,
  type SecretFields,
  secretFields,
  type SourceFields,
  sourceFields,
} from "./source-fields.ts";

export interface SourceSettings extends SourceFields {
  readonly provider: string;
  /** What its provider's proof uses. */
  readonly proof: Settings;
}

export interface GivenSource {
  readonly settings: SourceSettings;
  readonly provider: Provider;
  readonly secrets: SecretFields;
}

/** What `GET` shows beside the settings: whoever sends back what was shown is not refused. */
const SHOWN_ALONE = [
  "agent_id",
  "name",
  "url",
  "secret_set_at",
  "previous_secret_until",
  "created_at",
  "updated_at",
  "runs_today",
  "dead",
  "deliveries",
];

/** All but what its provider's proof uses. */
export const sourceSchema = z.strictObject({
  ...sourceFields.shape,
  ...secretFields.shape,
  provider: providerField,
});

export interface Known {
  readonly rules: HandlingRules;
  /** Counts where none is given. */
  readonly keptSecret: string | undefined;
}

/** Refuses with all that is wrong. What is `null` counts as left out. */
export function readSource(
  body: Readonly<Record<string, unknown>>,
  known: Known,
): Result<GivenSource, readonly Problem[]> {
  const given = Object.entries(body).filter(
    ([name, value]) => value !== null && !SHOWN_ALONE.includes(name),
  );
  const others = given.filter(([name]) => !SETTING_NAMES.includes(name));
  const own = sourceSchema.safeParse(Object.fromEntries(others));
  const { provider: name } = body;
  const provider = typeof name === "string" ? providers.get(name) : undefined;
  const proof = provider && readSettings(provider, body);
  const problems = [
    ...(own.success ? [] : own.error.issues.flatMap(problemsOf)),
    ...(proof?.ok === false ? proof.refusal : []),
  ];
  if (!own.success || proof?.ok !== true || provider === undefined) return refused(problems);
  const { secret, verify_token, revoke_previous, ...fields } = own.data;
  const secrets = { secret, verify_token, revoke_previous };
  const settings = { ...fields, proof: proof.value };
  const found = contradictions(settings, { ...known, provider, secrets });
  if (found.length > 0) return refused(found);
  return accepted({ settings, provider, secrets });
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const loc = ["body", ...issue.path.map((step) => (typeof step === "symbol" ? "" : step))];
  if (issue.code !== "unrecognized_keys") {
    return [{ loc, msg: issue.message, type: issue.code }];
  }
  const msg = "is no field of a source";
  return issue.keys.map((key) => ({ loc: [...loc, key], msg, type: issue.code }));
}
