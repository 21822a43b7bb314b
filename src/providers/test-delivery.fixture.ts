/** For the tests of this room: a delivery taken the way that a channel takes one. */
import { Buffer } from "node:buffer";
import { type Fields, readFields } from "../invocation/fields.ts";
import { readMediaType } from "../invocation/media-type.ts";
import { refused, type Result } from "../refusal.ts";
import type { HeaderLookup, ProofFault, Proven, Provider, Reading } from "./provider.ts";
import { providers } from "./registry.ts";
import type { Settings } from "./settings.ts";

export interface TestDelivery {
  readonly provider: string;
  readonly method?: string;
  readonly address?: string;
  readonly headers?: Readonly<Record<string, string>> | HeaderLookup;
  readonly body?: string | Uint8Array;
  readonly secrets?: readonly string[];
  readonly settings?: Settings;
  readonly now?: number;
}

export function providerNamed(name: string): Provider {
  const provider = providers.get(name);
  if (provider === undefined) throw new Error(`there is no provider ${name}`);
  return provider;
}

/** The proof's end, or why there is none. */
export function prove(delivery: TestDelivery): Result<Proven, ProofFault> {
  const { method = "POST", address = "https://in.example/hooks/a/s", secrets = [] } = delivery;
  const { settings = {}, now = 0, body = "" } = delivery;
  const headers = lookupOf(delivery.headers);
  const begun = providerNamed(delivery.provider).beginProof({
    method,
    address,
    headers,
    secrets,
    settings,
    now,
  });
  if (!begun.ok) return begun;
  const bytes = Buffer.from(body);
  const half = bytes.length >> 1;
  begun.value.update(bytes.subarray(0, half));
  begun.value.update(bytes.subarray(half));
  const { needs } = begun.value;
  if (needs === "pieces") return begun.value.finish({});
  if (needs === "bytes") return begun.value.finish({ bytes });
  const fields = fieldsOf(bytes.toString(), headers);
  return fields === undefined ? refused("malformed") : begun.value.finish({ fields });
}

function lookupOf(headers: TestDelivery["headers"] = {}): HeaderLookup {
  return isLookup(headers) ? headers : new Headers(headers);
}

function isLookup(
  headers: Readonly<Record<string, string>> | HeaderLookup,
): headers is HeaderLookup {
  return typeof headers.get === "function";
}

/** `undefined` for a body that cannot be read. */
export function fieldsOf(body: string, headers: HeaderLookup = new Headers()): Fields | undefined {
  const type = readMediaType(headers.get("content-type") ?? "application/json");
  if (!type.ok || type.value.kind === "multipart" || type.value.kind === "file") return undefined;
  const result = readFields(type.value.kind, body, { hasPrompt: true, maxFields: 1_000 });
  return result.ok ? result.value.fields : undefined;
}

export interface TestBody {
  readonly headers?: Readonly<Record<string, string>>;
  readonly settings?: Settings;
  readonly secret?: string;
}

/** What is read of a body, a value of ours or a text, that was proven. */
export function read(provider: string, body: unknown, more: TestBody = {}): Reading {
  const headers = new Headers(more.headers);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const fields = fieldsOf(text, headers);
  if (fields === undefined) throw new Error("the test's body cannot be read");
  const { settings = {}, secret = "s" } = more;
  return providerNamed(provider).read({ headers, fields, settings, secret });
}

export const FORM = { "content-type": "application/x-www-form-urlencoded" };
