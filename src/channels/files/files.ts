/** `GET|HEAD /files/{organisation}/{upload}/{n}/{name}?token=…`: the links of agents (contract §3.1). */
import {
  type ByteRange,
  isNotModified,
  isRangeWanted,
  readRange,
  resolveRange,
} from "../../uploads/byte-range.ts";
import { createFileStore, type FileStore, type StoredFile } from "../../uploads/file-store.ts";
import { contentDisposition } from "./content-disposition.ts";
import { answer, refuse } from "../respond.ts";
import type { Exchange } from "../exchange.ts";

export async function files(exchange: Exchange): Promise<Response> {
  exchange.notes.channel = "files";
  const { organisation, upload, n, name } = exchange.context.req.param();
  const key = `files/${organisation}/${upload}/${n}`;
  const place = { key, name: name ?? "" };
  const state = await exchange.rooms.links.check(
    exchange.context.req.query("token") ?? "",
    place,
    Date.now(),
  );
  if (state === "invalid") return refuse(exchange, { reason: "link_invalid" });
  if (state === "expired") return refuse(exchange, { reason: "link_expired" });

  const store = createFileStore(exchange.env.FILES);
  return exchange.request.method === "HEAD"
    ? head(exchange, store, key)
    : get(exchange, store, key);
}

async function head(exchange: Exchange, store: FileStore, key: string): Promise<Response> {
  const file = await store.find(key);
  if (file === undefined) return refuse(exchange, { reason: "not_found" });
  if (isNotModified(exchange.headers, file)) return notModified(exchange, file);
  const headers = { ...fileHeaders(file), "Content-Length": String(file.size) };
  return answer(exchange, null, { headers });
}

async function get(exchange: Exchange, store: FileStore, key: string): Promise<Response> {
  const { headers } = exchange;
  let range = readRange(headers.get("range"));
  if (isConditional(headers)) {
    const file = await store.find(key);
    if (file === undefined) return refuse(exchange, { reason: "not_found" });
    if (isNotModified(headers, file)) return notModified(exchange, file);
    if (!isRangeWanted(headers, file)) range = undefined;
  }
  const file = await store.read(key, range);
  if (file === undefined) return refuse(exchange, { reason: "not_found" });
  if (file === "unsatisfiable") return unsatisfiable(exchange, store, key);
  return respond(exchange, file, range);
}

/** Only then is the file looked at before it is read. */
function isConditional(headers: Headers): boolean {
  return ["if-none-match", "if-modified-since", "if-range"].some((name) => headers.has(name));
}

function respond(
  exchange: Exchange,
  file: StoredFile & { readonly body: ReadableStream<Uint8Array> },
  range: ByteRange | undefined,
): Response {
  const headers = fileHeaders(file);
  if (range === undefined) return answer(exchange, file.body, { headers });
  const { first, last } = resolveRange(range, file.size) ?? { first: 0, last: file.size - 1 };
  headers["Content-Range"] = `bytes ${first}-${last}/${file.size}`;
  return answer(exchange, file.body, { status: 206, headers });
}

function notModified(exchange: Exchange, file: StoredFile): Response {
  return answer(exchange, null, { status: 304, headers: fileHeaders(file) });
}

async function unsatisfiable(exchange: Exchange, store: FileStore, key: string): Promise<Response> {
  const file = await store.find(key);
  return refuse(exchange, { reason: "range_unsatisfiable", size: file?.size ?? 0 });
}

/** Whatever is in the file, a browser neither runs it nor shows it in the gateway's name. */
function fileHeaders(file: StoredFile): Record<string, string> {
  return {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-transform",
    "Content-Disposition": contentDisposition(file.name),
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Content-Type": file.type,
    "Cross-Origin-Resource-Policy": "same-origin",
    ETag: file.etag,
    "Last-Modified": file.uploadedAt.toUTCString(),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
}
