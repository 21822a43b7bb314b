/** What this is, whether it runs, and how it is called. */
import { answerJson } from "../respond.ts";
import type { Exchange } from "../exchange.ts";
import { describeApi } from "./openapi.ts";

export function about(exchange: Exchange): Response {
  exchange.notes.channel = "about";
  const links = {
    name: "Inlet",
    description: "A webhook gateway: POST / turns any webhook into a task for an agent.",
    webhook: "POST /?agent_id=YOUR_AGENT_ID",
    docs: "/docs",
    openapi: "/openapi.json",
    health: "/health",
  };
  return answerJson(exchange, JSON.stringify(links));
}

/** Answers once the settings are in order; asks nothing of the platform. */
export function health(exchange: Exchange): Response {
  exchange.notes.channel = "about";
  return answerJson(exchange, '{"status":"ok"}');
}

export function openapi(exchange: Exchange): Response {
  exchange.notes.channel = "about";
  return answerJson(exchange, JSON.stringify(describeApi()));
}
