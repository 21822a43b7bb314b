import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What lies in the bucket of a gateway: files that can be read, and uploads that nobody ended. */
export interface Stored {
  readonly keys: readonly string[];
  /** Keys of multipart uploads that were neither completed nor aborted: R2 bills their parts. */
  readonly unfinished: readonly string[];
}

/** Reads Miniflare's own book of the one bucket below `folder`, while it runs and after. */
export function readBucket(folder: string): Stored {
  const place = join(folder, "r2", "miniflare-R2BucketObject");
  const name = filesIn(place).find((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  // Made with the first write.
  if (name === undefined) return { keys: [], unfinished: [] };
  const book = new DatabaseSync(join(place, name), { readOnly: true, timeout: 5_000 });
  try {
    return {
      keys: keysOf(book, "SELECT key FROM _mf_objects ORDER BY uploaded, key"),
      unfinished: keysOf(book, "SELECT key FROM _mf_multipart_uploads WHERE state = 0"),
    };
  } finally {
    book.close();
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function keysOf(book: DatabaseSync, query: string): string[] {
  return Array.from(book.prepare(query).all(), ({ key }) => String(key));
}
