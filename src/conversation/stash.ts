/** Texts of any length: in the row where they fit, else in R2 with the row pointing to them. */
import { MAX_KEPT_BYTES } from "../limits.ts";

/** `=` and the text itself, or `@` and the key of its object. */
export type Kept = string;

/** Does not guarantee that what a crash leaves is removed: the bucket's lifecycle rule does that. */
export interface Stash {
  /** `folder` is a step of the key: `tasks/{folder}/{random}`. */
  keep(folder: "waiting" | "answers", text: string): Promise<Kept>;
  /** Throws if the object is gone. */
  recall(kept: Kept): Promise<string>;
  /** Removes what the row pointed to. Never throws. */
  discard(kept: readonly (Kept | null)[]): Promise<void>;
}

export function createStash(bucket: () => R2Bucket): Stash {
  return {
    async keep(folder, text) {
      if (fitsRow(text)) return `=${text}`;
      const key = `tasks/${folder}/${crypto.randomUUID()}`;
      await bucket().put(key, text);
      return `@${key}`;
    },

    async recall(kept) {
      if (kept.startsWith("=")) return kept.slice(1);
      const object = await bucket().get(kept.slice(1));
      if (object === null) throw new Error("what was kept in R2 is gone");
      return object.text();
    },

    async discard(kept) {
      const keys = kept.flatMap((one) => (one?.startsWith("@") === true ? [one.slice(1)] : []));
      if (keys.length > 0)
        await bucket()
          .delete(keys)
          .catch(() => undefined);
    },
  };
}

/** What stands in the row itself; `undefined` if it lies in R2. */
export function inRow(kept: Kept): string | undefined {
  return kept.startsWith("=") ? kept.slice(1) : undefined;
}

export function liesInBucket(kept: Kept | null): boolean {
  return kept?.startsWith("@") === true;
}

/** A character is three bytes at most in UTF-8, for each unit of UTF-16. */
export function fitsRow(text: string): boolean {
  if (text.length <= MAX_KEPT_BYTES / 3) return true;
  return text.length <= MAX_KEPT_BYTES && new TextEncoder().encode(text).length <= MAX_KEPT_BYTES;
}
