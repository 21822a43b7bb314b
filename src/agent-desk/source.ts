/** A source as a Worker uses it: what was sealed is open, what was text is read. */
import { type Path, readPath } from "../invocation/path.ts";
import type { Provider } from "../providers/provider.ts";
import { providers } from "../providers/registry.ts";
import type { Opened, Seal } from "../seal.ts";
import { type AddressRange, readRange } from "./address-range.ts";
import type { Resealed, StoredSource } from "./messages.ts";
import type { SourceSettings } from "./source-settings.ts";

export interface Source {
  readonly agentId: string;
  readonly name: string;
  /** As the platform named it when the source was set. */
  readonly organisation: string;
  readonly settings: SourceSettings;
  readonly provider: Provider;
  /** Tasks run with it. */
  readonly apiKey: string;
  readonly secret: string | undefined;
  readonly previous: { readonly secret: string; readonly until: number } | undefined;
  readonly verifyToken: string | undefined;
  /** Of `params_mapping`, by parameter. */
  readonly paths: ReadonlyMap<string, Path>;
  /** Of `allowed_ips`; absent where any address may send. */
  readonly ranges: readonly AddressRange[] | undefined;
  /** What is to be sealed anew, if anything is. */
  readonly stale: readonly Resealed[];
}

/** The secrets that count now, the present one first. */
export function secretsOf({ secret, previous }: Source, now: number): readonly string[] {
  if (secret === undefined) return [];
  return previous !== undefined && previous.until > now ? [secret, previous.secret] : [secret];
}

/** Throws if the row was sealed by nobody, or is of a provider that has been removed. */
export async function openSource(agentId: string, row: StoredSource, seal: Seal): Promise<Source> {
  const settings: SourceSettings = JSON.parse(row.settings);
  const provider = providers.get(settings.provider);
  if (provider === undefined) throw new Error("the provider of a source has been removed");
  const stale: Resealed[] = [];
  const open = async (sealed: string | null): Promise<string | undefined> => {
    if (sealed === null) return undefined;
    const opened: Opened = await seal.open(sealed);
    if (opened.isStale) stale.push({ from: sealed, to: await seal.close(opened.text) });
    return opened.text;
  };
  const previous = await open(row.previous_secret);
  return {
    agentId,
    name: row.name,
    organisation: row.organisation,
    settings,
    provider,
    apiKey: (await open(row.api_key)) ?? "",
    secret: await open(row.secret),
    previous:
      previous === undefined ? undefined : { secret: previous, until: row.previous_until ?? 0 },
    verifyToken: await open(row.verify_token),
    paths: pathsOf(settings.params_mapping ?? {}),
    ranges: settings.allowed_ips?.map(readRange).filter((range) => range !== undefined),
    stale,
  };
}

/** Each was checked when it was set. */
function pathsOf(mapping: NonNullable<SourceSettings["params_mapping"]>): Source["paths"] {
  const paths = new Map<string, Path>();
  for (const [name, text] of Object.entries(mapping)) {
    const path = readPath(text ?? "");
    if (path.ok) paths.set(name, path.value);
  }
  return paths;
}
