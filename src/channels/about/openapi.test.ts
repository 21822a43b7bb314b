import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { describeApi } from "./openapi.ts";

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly schema?: unknown;
}

function webhook(): { parameters: Parameter[]; requestBody: { content: object } } {
  return JSON.parse(JSON.stringify(describeApi())).paths["/"].post;
}

describe("describeApi", () => {
  it("names every query parameter of the contract", () => {
    const inQuery = webhook().parameters.filter((parameter) => parameter.in === "query");
    expect(inQuery.map(({ name }) => name)).toEqual([
      "agent_id",
      "prompt",
      "asynchronous",
      "task_id",
      "user_id",
      "user_email",
      "user_first_name",
      "user_last_name",
      "getter",
      "json",
      "user_tokens",
      "disable_attachment_injection",
      "agent_version",
      "wait",
      "callback_url",
      "overlap",
      "debounce",
      "map.task_id",
      "map.user_id",
      "map.user_email",
      "map.user_first_name",
      "map.user_last_name",
      "map.prompt",
      "params_mapping",
      "filename",
    ]);
  });

  it("describes sources by the schema that checks them", () => {
    const { paths } = JSON.parse(JSON.stringify(describeApi()));
    const { put } = paths["/v1/agents/{agent_id}/sources/{name}"];
    const { schema } = put.requestBody.content["application/json"];
    expect(schema).toMatchObject({
      additionalProperties: false,
      required: ["provider"],
      properties: { secret: {}, allowed_ips: { type: "array" }, tolerance_seconds: {} },
    });
    expect(Object.keys(paths)).toContain("/hooks/{agent_id}/{name}");
  });

  it("has the pattern that checks the agent", () => {
    const agent = webhook().parameters.find(({ name }) => name === "agent_id");
    expect(agent?.schema).toMatchObject({ type: "string", pattern: "^[A-Za-z0-9_-]{1,128}$" });
  });
});

describe("GET", () => {
  it.each([
    ["/", { webhook: "POST /?agent_id=YOUR_AGENT_ID", docs: "/docs", openapi: "/openapi.json" }],
    ["/health", { status: "ok" }],
    ["/openapi.json", { openapi: "3.1.0" }],
  ])("%s answers", async (path, body) => {
    const response = await exports.default.fetch(`https://inlet.test${path}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject(body);
  });
});
