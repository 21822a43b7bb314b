/** The parameters of a header such as `form-data; name="a"; filename*=UTF-8''b` (RFC 9110 §5.6.6). */

const PARAMETER = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s;]*))/g;

/**
 * By name in lower case; of a repeated one the first. In a quoted text a backslash escapes a quote
 * or a backslash and nothing else, so that `C:\report.pdf` stays what it is.
 */
export function headerParameters(header: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, token = ""] of header.matchAll(PARAMETER)) {
    const key = name.toLowerCase();
    const value = quoted === undefined ? token : quoted.replace(/\\(["\\])/g, "$1");
    if (!parameters.has(key)) parameters.set(key, value);
  }
  return parameters;
}

/** What of the header's parameters could not be read. */
export function unreadIn(header: string): string {
  return header.replace(/^[^;]*/, "").replace(PARAMETER, "");
}

/** A header's `filename*` (RFC 8187), else its `filename`; `undefined` if it has neither. */
export function fileNameOf(parameters: ReadonlyMap<string, string>): string | undefined {
  return extendedValue(parameters.get("filename*")) || parameters.get("filename");
}

function extendedValue(value: string | undefined): string | undefined {
  const [, charset = "", encoded] = /^([^']*)'[^']*'(.*)$/.exec(value ?? "") ?? [];
  if (encoded === undefined) return undefined;
  try {
    if (/^utf-8$/i.test(charset)) return decodeURIComponent(encoded);
    if (/^iso-8859-1$/i.test(charset)) return unescapeLatin1(encoded);
  } catch {
    // Malformed: the plain name beside it counts.
  }
  return undefined;
}

function unescapeLatin1(encoded: string): string {
  return encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
