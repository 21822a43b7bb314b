// Random requests, most of them near to what the gateway takes: what is wholly random is refused
// at the first door and tries nothing behind it.
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Sent } from "./http.ts";
import { multipart, MULTIPART_TYPE } from "./multipart.ts";

export interface RandomRequest extends Sent {
  readonly method: string;
  readonly path: string;
}

const PARAMETERS = [
  "agent_id prompt asynchronous task_id user_id user_email user_first_name user_last_name",
  "getter json user_tokens disable_attachment_injection agent_version params_mapping x-api-key",
  "wait callback_url overlap debounce filename map.task_id map.user_id map.prompt map.role map.",
  "payload body files __proto__ constructor toString",
].flatMap((names) => names.split(" "));

const PATHS = [
  "a",
  "a.b",
  "a[0].b",
  "result.a",
  "result",
  "__proto__",
  "constructor.name",
  "a..b",
  "a[",
  '["a.b"]',
  "a.length",
  "0",
];
const WORDS = [
  "true",
  "False",
  "1",
  "0",
  "yes",
  "agent-1",
  "..",
  "../x",
  "\r\n",
  "\0",
  "null",
  "{}",
];
const MAPPINGS = ['{"task_id":"a"}', '"task_id":"a"', '{"role":"a"}', "[]", '{"prompt":7}', "{"];

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.constantFrom(...WORDS, ...PATHS, ...MAPPINGS),
);
const name = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...PARAMETERS) },
  { weight: 1, arbitrary: fc.constantFrom("a", "b", "a.b", "message") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 10 }) },
);

const queryPiece = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(name, anyText)
      .map(([key, text]) => `${wellFormed(key)}=${wellFormed(text)}`),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme-ascii", maxLength: 20 }).map(printable) },
  { weight: 1, arbitrary: fc.constantFrom("%", "%FF", "%zz=%", "&&", "=", "+", "%00=%0a") },
);

function wellFormed(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** What Node's client agrees to put into an address. */
function printable(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]|#/g, "_");
}

const jsonText = fc
  .oneof(
    fc.dictionary(name, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8 }),
    fc.dictionary(name, anyText, { maxKeys: 8 }),
    fc.jsonValue({ maxDepth: 3 }),
  )
  .map((value) => JSON.stringify(value));

/** One character taken away, put in or exchanged, here and there. */
const mutated = fc
  .tuple(
    jsonText,
    fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.string({ maxLength: 3 })), { maxLength: 3 }),
  )
  .map(([text, changes]) =>
    changes.reduce((changed, [at, removed, inserted]) => {
      const place = changed.length === 0 ? 0 : at % changed.length;
      return changed.slice(0, place) + inserted + changed.slice(place + removed);
    }, text),
  );

const form = fc
  .array(
    fc.oneof(
      queryPiece,
      jsonText.map((text) => `payload=${wellFormed(text)}`),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join("&"));

const parts = fc
  .array(
    fc.record(
      {
        name: name.map((text) => text.replaceAll(/["\r\n]/g, "")),
        content: fc.oneof(anyText, jsonText, fc.uint8Array({ maxLength: 50 })),
        filename: fc.constantFrom("", "a.pdf", "../a"),
        type: fc.constantFrom("text/plain", "application/json", "application/octet-stream", "x"),
      },
      { requiredKeys: ["name", "content"] },
    ),
    { maxLength: 5 },
  )
  .map(multipart);

const plainBody = fc.oneof(
  jsonText,
  mutated,
  form,
  anyText,
  parts,
  fc.uint8Array({ maxLength: 200 }),
  fc.nat(3_000).map((levels) => '{"a":['.repeat(levels)),
);
const anyBody = fc.oneof(
  { weight: 6, arbitrary: plainBody },
  { weight: 1, arbitrary: plainBody.map((plain) => gzipSync(plain)) },
);

const anyType = fc.oneof(
  fc.constantFrom(
    "application/json",
    "application/x-www-form-urlencoded",
    "application/ld+json; charset=utf-8",
    "text/plain",
    "application/xml",
    MULTIPART_TYPE,
    "multipart/form-data; boundary=x",
  ),
  fc.constantFrom(
    "application/json;charset=latin1",
    "multipart/form-data",
    "application/pdf",
    "image/png",
    "a/b",
    ";",
    "/",
  ),
  headerText(),
);

interface Content {
  readonly type?: string;
  readonly encoding?: string;
  readonly body: NonNullable<Sent["body"]>;
}

const PIECES = 3;

/** A body under a type that fits it. */
const fitting: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ type: fc.constant("application/json"), body: fc.oneof(jsonText, jsonText, mutated) }),
  fc.record({
    type: fc.constant("application/x-www-form-urlencoded"),
    body: fc.oneof(form, jsonText),
  }),
  fc.record({ type: fc.constant(MULTIPART_TYPE), body: parts }),
  fc.record({ type: fc.constant("text/plain"), body: fc.oneof(anyText, jsonText, mutated) }),
  fc.record({ body: fc.oneof(jsonText, anyText) }),
  jsonText.map((json) => ({ type: "application/json", encoding: "gzip", body: gzipSync(json) })),
  parts.map((plain) => ({ type: MULTIPART_TYPE, encoding: "gzip", body: gzipSync(plain) })),
);

const content: fc.Arbitrary<Content> = fc.oneof(
  { weight: 5, arbitrary: fitting },
  {
    weight: 1,
    arbitrary: fitting.map(({ body, ...rest }) => {
      const bytes = Buffer.from(body as string);
      const size = Math.ceil(bytes.length / PIECES);
      const starts = Array.from({ length: PIECES }, (_, piece) => piece * size);
      return { ...rest, body: starts.map((start) => bytes.subarray(start, start + size)) };
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        type: anyType,
        encoding: fc.constantFrom("gzip", "x-gzip", "identity", "br", "deflate", ""),
        body: fc.oneof(anyBody, fc.array(anyBody, { maxLength: 4 })),
      },
      { requiredKeys: ["body"] },
    ),
  },
);

/** What Node's client agrees to put into a header. */
function headerText() {
  return fc
    .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
      maxLength: 30,
    })
    .map((codes) => String.fromCharCode(...codes).trim());
}

const headers = fc.record(
  {
    "x-api-key": fc.oneof({ weight: 8, arbitrary: fc.constant("test-key") }, headerText()),
    accept: fc.constantFrom("*/*", "application/json", "application/json;q=0.1,*/*;q=zz", ";;,"),
    "x-request-id": headerText(),
    "content-language": headerText(),
    prefer: fc.constantFrom("wait=5", "wait=x", "respond-async"),
    "idempotency-key": headerText(),
  },
  { requiredKeys: [] },
);

export const randomRequest: fc.Arbitrary<RandomRequest> = fc
  .record({
    method: fc.oneof(
      { weight: 12, arbitrary: fc.constant("POST") },
      fc.constantFrom("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"),
    ),
    place: fc.oneof(
      { weight: 12, arbitrary: fc.constant("/") },
      fc.constantFrom(
        "/health",
        "/openapi.json",
        "/nowhere",
        "//",
        "/%2e%2e/",
        "/v1/tasks/x",
        "/%00",
      ),
    ),
    hasAgent: fc.nat(9),
    query: fc.array(queryPiece, { maxLength: 6 }),
    headers: fc.oneof(
      { weight: 5, arbitrary: headers.map((some) => ({ "x-api-key": "test-key", ...some })) },
      { weight: 1, arbitrary: headers },
    ),
    content,
  })
  .map(({ method, place, hasAgent, query, headers: some, content: { type, encoding, body } }) => ({
    method,
    headers: {
      ...some,
      ...(type !== undefined && { "content-type": type }),
      ...(encoding !== undefined && { "content-encoding": encoding }),
    },
    body,
    path: `${place}?${[...(hasAgent === 0 ? [] : ["agent_id=agent-1"]), ...query].join("&")}`,
  }));
