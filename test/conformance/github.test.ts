import definitions from "@octokit/webhooks-examples" with { type: "json" };
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Pair, startPair } from "../support/pair.ts";

const MAPPING = "map.task_id=repository.full_name&map.user_id=sender.id";
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

const events = definitions.map(({ name, examples }) => [name, examples] as const);

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());
beforeEach(() => pair.reset());

interface Mapped {
  readonly repository?: { readonly full_name: string };
  readonly sender?: { readonly id: number };
}

/** What the platform is sent of an event, byte for byte; an id that the gateway makes is "(new)". */
function expectedBody(event: object, prompt?: string): string {
  const { repository, sender } = event as Mapped;
  const context = JSON.stringify(event);
  return JSON.stringify({
    id: repository?.full_name ?? "(new)",
    input: {
      text: prompt ?? context,
      ...(sender && { user: { id: String(sender.id), email: "" } }),
    },
    ...(prompt !== undefined && { additional_context: context }),
    source: "webhook",
  });
}

function bodies(): string[] {
  return pair.invocations().map(({ body }) => {
    const text = body.toString();
    const { id } = JSON.parse(text) as { id: string };
    return UUID.test(id) ? text.replace(id, "(new)") : text;
  });
}

describe("GitHub's published example events", () => {
  it("are there", () => {
    expect(events.length).toBeGreaterThan(50);
  });

  it.each(events)("reach the platform as JSON: %s", async (name, examples) => {
    for (const event of examples) {
      const answer = await pair.post({
        query: MAPPING,
        type: "application/json",
        headers: { "user-agent": "GitHub-Hookshot/044aadd", "x-github-event": name },
        body: JSON.stringify(event),
      });
      expect(answer.status).toBe(200);
    }
    expect(bodies()).toEqual(examples.map((event) => expectedBody(event)));
  });

  it.each(events)("reach the platform as a form: %s", async (name, examples) => {
    for (const event of examples) {
      const answer = await pair.post({
        query: `${MAPPING}&prompt=Triage+this.`,
        type: "application/x-www-form-urlencoded",
        headers: { "user-agent": "GitHub-Hookshot/044aadd", "x-github-event": name },
        body: new URLSearchParams({ payload: JSON.stringify(event) }).toString(),
      });
      expect(answer.status).toBe(200);
    }
    expect(bodies()).toEqual(examples.map((event) => expectedBody(event, "Triage this.")));
  });
});
