import { globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** How every turn stands that a gateway's embedded platform keeps in this folder, in no order. */
export function threadStates(persistTo: string): string[] {
  const paths = globSync("do/inlet-Thread/*.sqlite", { cwd: persistTo });
  return paths.flatMap((path) => {
    const database = new DatabaseSync(join(persistTo, path), { readOnly: true });
    try {
      const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'turn'").get();
      if (table === undefined) return [];
      return database
        .prepare("SELECT state FROM turn")
        .all()
        .map(({ state }) => String(state));
    } finally {
      database.close();
    }
  });
}
