import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { membersOf, toJsonText } from "../invocation/json-text.ts";
import { queryOf } from "../invocation/query.ts";
import { doesRun } from "./event-filter.ts";
import type { HeaderLookup, Reading } from "./provider.ts";
import { promptFrom, templateProblem } from "./prompt-template.ts";
import { providers } from "./registry.ts";
import { readSettings } from "./settings.ts";
import { ADDRESS, type Signer, signers } from "./signers.fixture.ts";
import { providerNamed } from "./test-delivery.fixture.ts";

const NOW = 1_700_000_000;

// Made of what signatures are made of, so that much of it gets past the first look.
const BRICKS = [
  "v1= v1, v0= t= ts= h1= sha256= sha1= Basic , ; = 1700000000 0 whsec_ é \u0000".split(" "),
  [" ", "a".repeat(64), "A".repeat(43), "\ud800"],
].flat();
const anyHeader = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...BRICKS), { maxLength: 8 }).map((bricks) => bricks.join("")),
);
const anyAddress = fc.oneof(
  fc.constant(ADDRESS),
  fc.string(),
  fc.webUrl({ withQueryParameters: true }),
);
const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((json) => Buffer.from(json)),
);

function always(value: string): HeaderLookup {
  return { get: () => value };
}

describe.each(signers.map((signer) => [`${signer.provider} ${signer.way ?? ""}`, signer] as const))(
  "hostile headers and bodies for %s",
  (_name, signer: Signer) => {
    it("are refused and never throw", () => {
      const provider = providerNamed(signer.provider);
      fc.assert(
        fc.property(anyHeader, anyAddress, anyBody, (header, address, bytes) => {
          const begun = provider.beginProof({
            method: "POST",
            address,
            headers: always(header),
            secrets: [signer.secret, signer.otherSecret],
            settings: signer.settings ?? {},
            now: NOW,
          });
          if (!begun.ok) return;
          begun.value.update(bytes);
          const fields = new Map([["signature", toJsonText(header)]]);
          expect(begun.value.finish({ bytes, fields }).ok).toBe(false);
        }),
        { numRuns: 300 },
      );
    });
  },
);

// Names that some provider looks for, so that what it finds there is of every kind.
const NAMES = (
  "type event action entry changes messaging value messages contacts message callback_query data " +
  "object item issue sender repository payload command body signature token id user options " +
  "components form_response answers object_attributes commits field from chat actions"
).split(" ");
const { node: anyNode } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, 0, 1, 2, 3, 5, true, "", "messages", "event_callback", "create", "a/b"),
    fc.string({ unit: "binary" }),
    fc.array(tie("node"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie("node"), { maxKeys: 8 }),
  ),
}));
const anyObject = fc.dictionary(fc.constantFrom(...NAMES), anyNode, { maxKeys: 10 });

function isSound(reading: Reading): boolean {
  if (reading.kind !== "deliveries") return true;
  return reading.deliveries.every(
    (delivery) =>
      delivery.event !== "" &&
      typeof doesRun(delivery, undefined) === "boolean" &&
      [delivery.id, delivery.conversation, delivery.prompt].every(
        (text) => text === undefined || typeof text === "string",
      ) &&
      [...delivery.fields.values()].every((json) => JSON.parse(json) !== undefined),
  );
}

describe.each([...providers])("hostile fields for %s", (_name, provider) => {
  it("are read and never throw", () => {
    fc.assert(
      fc.property(
        anyObject,
        fc.constantFrom("push", "issues", "", "\u0000", "é"),
        (body, header) => {
          const fields = membersOf(JSON.stringify(body));
          const received = { fields, headers: always(header), secret: "s", settings: {} };
          expect(isSound(provider.read(received))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("are greeted and never throw", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.string()), (query, tokens) => {
        const { status } = provider.greet(queryOf(`${ADDRESS}?${query}`), tokens);
        expect([200, 403]).toContain(status);
      }),
    );
  });

  it("and settings of any kind are refused with a field", () => {
    const anySettings = fc.record(
      {
        header: fc.anything(),
        query: fc.anything(),
        algorithm: fc.anything(),
        signed: fc.oneof(fc.string(), fc.anything()),
        tolerance_seconds: fc.anything(),
        username: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        anySettings,
        fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
        (given, secret) => {
          provider.secretProblem(secret);
          const read = readSettings(provider, given);
          if (read.ok) return;
          expect(read.refusal.every(({ loc }) => loc.length === 2 && loc[0] === "body")).toBe(true);
        },
      ),
    );
  });
});

describe("promptFrom", () => {
  it("takes any template and any fields", () => {
    const template = fc
      .array(fc.constantFrom("{{", "}}", "{", "}", "type", ".", "[0]", '["', '"]', " "))
      .map((bricks) => bricks.join(""));
    fc.assert(
      fc.property(template, anyObject, (text, body) => {
        expect(promptFrom(text, membersOf(JSON.stringify(body)))).toBeTypeOf("string");
        expect(["string", "undefined"]).toContain(typeof templateProblem(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
