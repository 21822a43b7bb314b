/** What one field of a source says against another, or against its provider (contract §4). */
import { handlingProblems, type HandlingRules, readHandling } from "../invocation/handling.ts";
import type { Provider } from "../providers/provider.ts";
import type { Problem } from "../refusal.ts";
import type { SecretFields, SourceFields } from "./source-fields.ts";

export interface Beside {
  readonly provider: Provider;
  readonly secrets: SecretFields;
  readonly rules: HandlingRules;
  readonly keptSecret: string | undefined;
}

export function contradictions(fields: SourceFields, beside: Beside): Problem[] {
  const { provider, secrets, rules } = beside;
  const { verify_token } = secrets;
  return [
    ...of("secret", secretProblem(beside)),
    ...of(
      "verify_token",
      verify_token !== undefined && !provider.usesVerifyToken && unused(provider),
    ),
    ...againstProvider(fields, provider),
    ...againstHandling(fields, rules),
  ];
}

/** A kept secret may be another provider's; one that needs none has no use for it. */
function secretProblem({ provider, secrets, keptSecret }: Beside): string | undefined {
  const { secret } = secrets;
  if (secret === undefined && provider.secretProblem(undefined) === undefined) return undefined;
  return provider.secretProblem(secret ?? keptSecret);
}

function againstProvider(fields: SourceFields, provider: Provider): Problem[] {
  const { asynchronous, wait, events, shared_conversations: shared, redirect } = fields;
  const waits = `must not be set: ${provider.name} waits too briefly for an agent`;
  const { mustBeAsynchronous: isBrief } = provider;
  return [
    ...of("asynchronous", isBrief && asynchronous === false && waits.replace("set", "false")),
    ...of("wait", isBrief && wait !== undefined && waits),
    ...of("events", events !== undefined && !provider.namesEvents && unnamed(provider)),
    // Whoever knows the address could speak in any conversation of the organisation.
    ...of(
      "shared_conversations",
      shared === true && provider.name === "none" && "must not be true for the provider none",
    ),
    ...of("redirect", redirect !== undefined && provider.namesEvents && noForm(provider)),
  ];
}

/** Those of §2, whose places are a query's elsewhere. */
function againstHandling(fields: SourceFields, rules: HandlingRules): Problem[] {
  const { asynchronous = true, wait } = fields;
  if (!asynchronous && wait !== undefined) {
    return of("wait", "must not be set beside asynchronous: false, which waits for the end");
  }
  const { overlap, debounce, callback_url } = fields;
  const given = {
    asynchronous,
    ...(wait !== undefined && { wait }),
    ...(overlap !== undefined && { overlap }),
    ...(debounce !== undefined && { debounce }),
    ...(callback_url !== undefined && { callback_url }),
  };
  const problems = handlingProblems(readHandling(given, rules), rules);
  return problems.map((problem) => ({ ...problem, loc: ["body", ...problem.loc.slice(1)] }));
}

function unused({ name }: Provider): string {
  return `is not used by the provider ${name}`;
}

function unnamed({ name }: Provider): string {
  return `is of no use: the events of the provider ${name} have no names`;
}

function noForm({ name }: Provider): string {
  return `is for forms: ${name} is answered in its own words`;
}

function of(field: string, msg: string | false | undefined): Problem[] {
  return msg === false || msg === undefined ? [] : [{ loc: ["body", field], msg, type: "custom" }];
}
