/**
 * `Content-Encoding: gzip`, undone by node:zlib: the runtime's own `DecompressionStream` has no
 * backpressure, and holds all of a bomb in memory before the first byte can be counted.
 */
import { Readable } from "node:stream";
import { createGunzip, gunzipSync } from "node:zlib";
import { StreamBroken } from "../pieces.ts";
import { accepted, refused, type Result } from "../refusal.ts";

/** Whether the body is gzip; any other encoding is refused. */
export function isGzip(header: string | null): Result<boolean> {
  const encoding = (header ?? "").trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return accepted(false);
  if (encoding === "gzip" || encoding === "x-gzip") return accepted(true);
  return refused({ reason: "content_encoding_unsupported", encoding: encoding.slice(0, 64) });
}

/** What comes out of `bytes`, or `undefined` if it is more than `maxBytes`; throws if it is no gzip. */
export function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** Node's streams read ahead, and a piece is good only until the next. */
async function* copies(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of source) yield piece.slice();
}

/** The same for a stream, which is left where its consumer stops; throws `StreamBroken`. */
export async function* inflating(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const compressed = Readable.from(copies(source));
  const gunzip = compressed.pipe(createGunzip());
  compressed.on("error", (cause) => gunzip.destroy(cause));
  gunzip.on("close", () => compressed.destroy());
  try {
    yield* gunzip;
  } catch (thrown) {
    if (thrown instanceof StreamBroken) throw thrown;
    throw new StreamBroken("The body is not valid gzip", { cause: thrown });
  }
}
