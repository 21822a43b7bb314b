/** Texts of a turn, of any length: cut into rows, because SQLite here takes 2 MB a row. */
import { MAX_ROW_BYTES } from "../../limits.ts";

type Part = "prompt" | "task" | "result";

export interface Texts {
  makeTable(): void;
  put(turn: number, part: Part, text: string): void;
  /** The text; the empty one if there is none. */
  get(turn: number, part: Part): string;
  find(turn: number, part: Part): string | undefined;
  remove(turn: number, part: Part): void;
  /** All that is kept of a turn. */
  bytes(turn: number): number;
}

export function createTexts(sql: SqlStorage): Texts {
  const find = (turn: number, part: Part): string | undefined => {
    const pieces = sql
      .exec<{ piece: ArrayBuffer }>(
        "SELECT piece FROM turn_text WHERE turn = ? AND part = ? ORDER BY number",
        turn,
        part,
      )
      .toArray();
    if (pieces.length === 0) return undefined;
    const decoder = new TextDecoder();
    const json = pieces.map(({ piece }) => decoder.decode(piece, { stream: true })).join("");
    return String(JSON.parse(json));
  };

  return {
    makeTable() {
      sql.exec(`CREATE TABLE IF NOT EXISTS turn_text (
        turn INTEGER NOT NULL, part TEXT NOT NULL, number INTEGER NOT NULL, piece BLOB NOT NULL,
        PRIMARY KEY (turn, part, number)
      ) WITHOUT ROWID`);
    },
    put(turn, part, text) {
      // As JSON, which escapes a lone surrogate; UTF-8 alone would lose it.
      const bytes = new TextEncoder().encode(JSON.stringify(text));
      for (let number = 0; number * MAX_ROW_BYTES < bytes.length; number += 1) {
        sql.exec(
          "INSERT OR REPLACE INTO turn_text (turn, part, number, piece) VALUES (?, ?, ?, ?)",
          turn,
          part,
          number,
          bytes.slice(number * MAX_ROW_BYTES, (number + 1) * MAX_ROW_BYTES),
        );
      }
    },
    get: (turn, part) => find(turn, part) ?? "",
    find,
    remove(turn, part) {
      sql.exec("DELETE FROM turn_text WHERE turn = ? AND part = ?", turn, part);
    },
    bytes(turn) {
      return sql
        .exec<{ bytes: number }>(
          "SELECT coalesce(sum(length(piece)), 0) AS bytes FROM turn_text WHERE turn = ?",
          turn,
        )
        .one().bytes;
    },
  };
}
