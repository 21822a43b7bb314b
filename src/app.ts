/** The middleware in its order, the channels in their places, and the one place for what is thrown. */
import { type Context, Hono } from "hono";
import { about, health, openapi } from "./channels/about/about.ts";
import { files } from "./channels/files/files.ts";
import { logLine } from "./channels/middleware/log-line.ts";
import { settings } from "./channels/middleware/settings.ts";
import { methodNotAllowed, refuse } from "./channels/respond.ts";
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

  app.get("/files/:organisation/:upload/:n/:name", files).all(methodNotAllowed("GET, HEAD"));

  app.notFound((c) => refuse(c, { reason: "not_found" }));
  app.onError(refuseThrown);
  return app;
}

/** Fixed words to the caller, the cause to the log. */
function refuseThrown(thrown: Error, c: Context<AppEnv>): Promise<Response> {
  if (thrown instanceof PlatformOutage) {
    c.set("cause", thrown.why);
    return refuse(c, { reason: thrown.reason });
  }
  if (thrown instanceof SettingsError) {
    c.set("cause", thrown.message);
    return refuse(c, { reason: "setting_invalid" });
  }
  // A foreign error's message may quote what the caller sent; where it was thrown does not.
  c.set("cause", [thrown.name, ...frames(thrown)].join(" "));
  return refuse(c, { reason: "internal" });
}

function frames({ stack = "" }: Error): string[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
}
