import { globSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * The names of all Durable Objects that have ever written something in this folder, in order. One
 * that was only spoken to leaves an empty database behind, one page, in the simulator.
 */
export function madeObjects(folder: string): string[] {
  const files = globSync("do/*/*.sqlite", { cwd: folder });
  const bytes = (file: string): number =>
    statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0;
  const isWritten = (file: string): boolean => bytes(file) > 4096 || bytes(`${file}-wal`) > 0;
  return files.filter((file) => !file.endsWith("metadata.sqlite") && isWritten(file)).toSorted();
}

/** Each file below this folder, whatever it is, by its path. */
export function everyFile(folder: string): Map<string, Buffer> {
  const entries = globSync("**/*", { cwd: folder, withFileTypes: true });
  const paths = entries.flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
  return new Map(
    paths.flatMap((path) => {
      const bytes = contentOf(path);
      return bytes === undefined ? [] : [[relative(folder, path), bytes] as const];
    }),
  );
}

/** A database's own files come and go while it is open. */
function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
