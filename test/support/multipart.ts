export interface Part {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** Makes the part a file; a browser's empty file input has the empty one. */
  readonly filename?: string;
  readonly type?: string;
}

const BOUNDARY = "----inlet-test-7MA4YWxkTrZu0gW";

/** The content type of what `multipart` makes. */
export const MULTIPART_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** A body as a browser sends it (RFC 7578). */
export function multipart(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ name, content, filename, type }) => [
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`,
    filename === undefined ? "" : `; filename="${filename}"`,
    type === undefined ? "" : `\r\nContent-Type: ${type}`,
    "\r\n\r\n",
    content,
    "\r\n",
  ]);
  return Buffer.concat([...pieces, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)));
}

/** Fields alone, by name; of a list, one part each. */
export function multipartFields(
  fields: Readonly<Record<string, string | readonly string[]>>,
): Buffer {
  return multipart(
    Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((content) => ({ name, content })),
    ),
  );
}
