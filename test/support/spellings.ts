import { everyFile } from "./stored-files.ts";

/** The ways in which a text can be written without anyone's having sealed it. */
function spellings(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  // Base64 of it at each of the three places where it can begin, without its borders.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  return [
    bytes,
    Buffer.from(secret, "utf16le"),
    Buffer.from(bytes.toString("hex")),
    ...base64.map((text) => Buffer.from(text)),
  ];
}

/** The files below this folder that hold one of the secrets. */
export function leaks(folder: string, secrets: readonly string[]): string[] {
  const wanted = secrets.flatMap(spellings);
  return [...everyFile(folder)].flatMap(([path, bytes]) =>
    wanted.some((spelling) => bytes.includes(spelling)) ? [path] : [],
  );
}
