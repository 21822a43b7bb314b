import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { jsonOf, send } from "../support/http.ts";

const PARAMETERS = [
  "agent_id prompt asynchronous task_id user_id user_email user_first_name user_last_name",
  "getter json user_tokens disable_attachment_injection params_mapping agent_version",
  "wait callback_url overlap debounce filename",
].flatMap((names) => names.split(" "));
const STATUSES = ["400", "401", "403", "404", "405", "413", "415", "422", "429", "500", "502"];

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

function get(path: string) {
  return send(gateway.url + path, { method: "GET" });
}

describe("GET /", () => {
  it("says what this is, and where the rest is that is there", async () => {
    const answer = await get("/");
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({
      name: "Inlet",
      docs: "/docs",
      openapi: "/openapi.json",
      health: "/health",
    });
    const rest = await Promise.all([get("/docs/"), get("/openapi.json"), get("/health")]);
    expect(rest.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it.each(["/", "/health", "/openapi.json"])("answers HEAD %s without a body", async (path) => {
    const answer = await send(gateway.url + path, { method: "HEAD" });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(answer.headers["x-request-id"]).toMatch(/./);
  });
});

interface Described {
  readonly openapi: string;
  readonly paths: {
    readonly "/": {
      readonly post: {
        readonly parameters: readonly { readonly name: string; readonly in: string }[];
        readonly responses: Readonly<Record<string, unknown>>;
      };
    };
  };
}

describe("GET /openapi.json", () => {
  it("describes every parameter and every refusal of the webhook", async () => {
    const { openapi, paths } = jsonOf(await get("/openapi.json")) as Described;
    expect(openapi).toMatch(/^3\.1\./);
    const { parameters, responses } = paths["/"].post;
    const names = parameters.filter((one) => one.in === "query").map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...PARAMETERS, "map.task_id", "map.prompt"]));
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining(["200", ...STATUSES, "503", "504"]),
    );
  });

  it("refers to nothing that it does not hold", async () => {
    const { text } = await get("/openapi.json");
    const description = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    expect(Object.keys(description.components.schemas)).toEqual(
      expect.arrayContaining(references.map(([, name]) => name)),
    );
    expect(text).not.toMatch(/"\$ref":"[^#]/);
  });
});

describe("GET /docs/", () => {
  it("is a page that loads nothing from elsewhere", async () => {
    const { text, headers } = await get("/docs/");
    expect(headers["content-type"]).toMatch(/^text\/html/);
    const loaded = [
      ...text.matchAll(/<(?:script|link|img)\b[^>]*?(?:src|href)="(?!data:)([^"]*)"/g),
    ];
    const addresses = loaded.map(([, address = ""]) => new URL(address, `${gateway.url}/docs/`));
    expect(addresses.length).toBeGreaterThan(0);
    expect(addresses.map(({ origin }) => origin)).toEqual(addresses.map(() => gateway.url));
    const answers = await Promise.all(addresses.map(({ pathname }) => get(pathname)));
    expect(answers.map(({ status }) => status)).toEqual(addresses.map(() => 200));
  });
});
