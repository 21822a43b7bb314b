import examples from "@octokit/webhooks-examples";
import { describe, expect, it } from "vitest";
import { read } from "./test-delivery.fixture.ts";

const SENTENCE = /^[^\n]{1,600} [^\n]{1,600}\.$/;

/** What GitHub itself shows of each of its events. */
describe.each(
  examples
    .filter(({ name }) => name !== "ping")
    .map(({ name, examples: all }) => [name, all] as const),
)("github's read of %s", (name, all) => {
  it("says in one sentence what happened", () => {
    for (const example of all) {
      const headers = { "x-github-event": name, "x-github-delivery": "d" };
      const reading = read("github", example, { headers });
      if (reading.kind === "ignored") continue;
      expect(reading).toMatchObject({ kind: "deliveries", malformed: 0 });
      if (reading.kind !== "deliveries") continue;
      const [delivery] = reading.deliveries;
      expect(delivery?.event.split(".")[0]).toBe(name);
      expect(delivery?.prompt).toMatch(SENTENCE);
      expect(delivery?.prompt).not.toMatch(/undefined|null|\[object/);
    }
  });
});
