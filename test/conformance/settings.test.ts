import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startGateway } from "../support/gateway.ts";
import { send } from "../support/http.ts";
import { refusal, refusalOf } from "../support/refusal.ts";

const misconfigured = refusal(
  500,
  "setting_invalid",
  "The gateway is not configured; its log names the setting",
);

describe("a setting that is missing or malformed", () => {
  it.each([
    ["GATEWAY_SECRET", undefined],
    ["GATEWAY_SECRET", "only-twenty-bytes-ab"],
    ["API_KEY", undefined],
    ["PLATFORM_URL", "not an address"],
    ["PLATFORM_URL", "https://platform.test/v1"],
    ["PLATFORM_URL", "https://user:hunter2@platform.test"],
    ["PUBLIC_URL", "inlet.test/somewhere"],
    ["SYNC_TIMEOUT_SECONDS", "0.75"],
    ["MAX_BODY_BYTES", "ten"],
    ["MAX_BODY_BYTES", "1e61"],
    ["MAX_FIELD_BYTES", "NaN"],
    ["MAX_UPLOAD_BYTES", "0x1000"],
  ])("refuses every request: %s=%s", async (name, value) => {
    const gateway = await startGateway({ vars: { [name]: value } });
    onTestFinished(() => gateway.stop());
    const requests = [
      { path: "/?agent_id=echo&x-api-key=test-key", method: "POST" },
      { path: "/", method: "POST" },
      { path: "/", method: "GET" },
      { path: "/", method: "DELETE" },
      { path: "/health", method: "GET" },
      { path: "/openapi.json", method: "GET" },
      { path: "/nowhere", method: "GET" },
    ];
    const answers = await Promise.all(
      requests.map(({ path, method }) => send(gateway.url + path, { method })),
    );
    expect(answers.map(refusalOf)).toEqual(requests.map(() => misconfigured));
    await vi.waitFor(() => {
      expect(gateway.output().match(new RegExp(`"cause":"${name} `, "g"))).toHaveLength(
        requests.length,
      );
    });
    expect(gateway.output()).not.toContain(value ?? "\0");
    expect(answers.map(({ text }) => text).join("")).not.toContain(name);
  });

  it("names them all at once", async () => {
    const vars = { GATEWAY_SECRET: undefined, MAX_FIELDS: "many", PUBLIC_URL: "x" };
    const gateway = await startGateway({ vars });
    onTestFinished(() => gateway.stop());
    expect(refusalOf(await send(gateway.url))).toEqual(misconfigured);
    await vi.waitFor(() => {
      expect(gateway.output()).toMatch(/GATEWAY_SECRET .*MAX_FIELDS |MAX_FIELDS .*GATEWAY_SECRET /);
    });
    expect(gateway.output()).toContain("PUBLIC_URL");
  });
});

describe("a setting that is empty", () => {
  it("is unset", async () => {
    const vars = { PLATFORM_URL: "", MAX_BODY_BYTES: "", GATEWAY_SECRET_PREVIOUS: "" };
    const gateway = await startGateway({ vars });
    onTestFinished(() => gateway.stop());
    const answer = await send(`${gateway.url}/?agent_id=echo&x-api-key=test-key`, { body: "hi" });
    expect(answer.status).toBe(200);
  });
});
