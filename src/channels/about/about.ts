/** What this is, whether it runs, and how it is called. */
import type { Context } from "hono";
import { answerJson } from "../respond.ts";
import type { AppEnv } from "../variables.ts";
import { describeApi } from "./openapi.ts";

export function about(c: Context<AppEnv>): Response {
  c.get("notes").channel = "about";
  const links = {
    name: "Inlet",
    description: "A webhook gateway: POST / turns any webhook into a task for an agent.",
    webhook: "POST /?agent_id=YOUR_AGENT_ID",
    docs: "/docs",
    openapi: "/openapi.json",
    health: "/health",
  };
  return answerJson(c, JSON.stringify(links));
}

/** Answers once the settings are in order; asks nothing of the platform. */
export function health(c: Context<AppEnv>): Response {
  c.get("notes").channel = "about";
  return answerJson(c, '{"status":"ok"}');
}

export function openapi(c: Context<AppEnv>): Response {
  c.get("notes").channel = "about";
  return answerJson(c, JSON.stringify(describeApi()));
}
