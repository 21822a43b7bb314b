import { createHash } from "node:crypto";
import type { Stored } from "./bucket.ts";
import type { Pair } from "./pair.ts";

/** A bucket without anything in it. */
export const EMPTY: Stored = { keys: [], unfinished: [] };

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What the agent is told of one file beside its link. */
export interface Described {
  readonly field: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

interface SentTask {
  readonly input: { readonly text: string; readonly files?: readonly string[] };
  readonly additional_context?: string;
}

function lastTask(pair: Pair): SentTask {
  return pair.lastTask() as SentTask;
}

/** The links that the platform was sent last. */
export function links(pair: Pair): readonly string[] {
  return lastTask(pair).input.files ?? [];
}

/** What the platform was told of their files last. */
export function described(pair: Pair): readonly Described[] {
  const context = JSON.parse(lastTask(pair).additional_context ?? "{}") as { files?: Described[] };
  return context.files ?? [];
}

/** What a link opens, byte for byte: the runtime's simulator compresses for who asks for it. */
export async function open(
  link: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Headers; bytes: Uint8Array }> {
  const answer = await fetch(link, { headers: { "accept-encoding": "identity", ...headers } });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes };
}

/** The SHA-256 of what each link that the platform was sent last opens. */
export async function opened(pair: Pair): Promise<string[]> {
  const files = await Promise.all(links(pair).map((link) => open(link)));
  return files.map(({ bytes }) => sha256(bytes));
}
