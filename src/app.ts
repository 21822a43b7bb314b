/** The middleware in its order, the channels in their places, and the one place for what is thrown. */
import { type Context, Hono } from "hono";
import { about, health, openapi } from "./channels/about/about.ts";
import { files } from "./channels/files/files.ts";
import { logLine } from "./channels/middleware/log-line.ts";
import { settings } from "./channels/middleware/settings.ts";
import { answerSender, methodNotAllowed, refuse } from "./channels/respond.ts";
import { hook } from "./channels/sources/hook.ts";
import { putSource } from "./channels/sources/put-source.ts";
import { deleteSource, listSources, retrySource, showSource } from "./channels/sources/sources.ts";
import type { AppEnv } from "./channels/variables.ts";
import { retryTask, showTask } from "./channels/tasks/tasks.ts";
import { webhook } from "./channels/webhook/webhook.ts";
import { SettingsError } from "./config.ts";
import { PlatformOutage } from "./platform/platform.ts";

export function createApp(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(logLine(), settings());

  app.get("/", about).post(webhook).all(methodNotAllowed("GET, HEAD, POST"));
  app.get("/health", health).all(methodNotAllowed("GET, HEAD"));
  app.get("/openapi.json", openapi).all(methodNotAllowed("GET, HEAD"));

  app.get("/v1/tasks/:task_id", showTask).all(methodNotAllowed("GET, HEAD"));
  app.post("/v1/tasks/:task_id/retry", retryTask).all(methodNotAllowed("POST"));

  app.get("/v1/agents/:agent_id/sources", listSources).all(methodNotAllowed("GET, HEAD"));
  app
    .get("/v1/agents/:agent_id/sources/:name", showSource)
    .put(putSource)
    .delete(deleteSource)
    .all(methodNotAllowed("DELETE, GET, HEAD, PUT"));
  app.post("/v1/agents/:agent_id/sources/:name/retry", retrySource).all(methodNotAllowed("POST"));
  app.all("/hooks/:agent_id/:name", hook);

  app.get("/files/:organisation/:upload/:n/:name", files).all(methodNotAllowed("GET, HEAD"));

  app.notFound((c) => refuse(c, { reason: "not_found" }));
  app.onError(refuseThrown);
  return app;
}

/** Fixed words to the caller, the cause to the log. A source's sender is told in its own words. */
function refuseThrown(thrown: Error, c: Context<AppEnv>): Promise<Response> {
  const { reason, cause } = readThrown(thrown);
  c.set("cause", cause);
  const trouble = c.get("trouble");
  if (trouble === undefined) return refuse(c, { reason });
  c.set("refusalReason", reason);
  return answerSender(c, trouble);
}

interface Thrown {
  readonly reason: PlatformOutage["reason"] | "setting_invalid" | "internal";
  readonly cause: string;
}

function readThrown(thrown: Error): Thrown {
  if (thrown instanceof PlatformOutage) return { reason: thrown.reason, cause: thrown.why };
  if (thrown instanceof SettingsError) return { reason: "setting_invalid", cause: thrown.message };
  // A foreign error's message may quote what the caller sent; where it was thrown does not.
  return { reason: "internal", cause: [thrown.name, ...frames(thrown)].join(" ") };
}

function frames({ stack = "" }: Error): string[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
}
