/** Each address, with the handlers of its methods. */
import { HonoBase } from "hono/hono-base";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { about, health, openapi } from "./channels/about/about.ts";
import { files } from "./channels/files/files.ts";
import { framed } from "./channels/framed.ts";
import { byMethod, refuse } from "./channels/respond.ts";
import { hook } from "./channels/sources/hook.ts";
import { putSource } from "./channels/sources/put-source.ts";
import { deleteSource, listSources, retrySource, showSource } from "./channels/sources/sources.ts";
import { retryTask, showTask } from "./channels/tasks/tasks.ts";
import { webhook } from "./channels/webhook/webhook.ts";

export function createApp(): HonoBase<{ Bindings: Env }> {
  // Without the router that Hono keeps for addresses which this one cannot match: there are none.
  const app = new HonoBase<{ Bindings: Env }>({ router: new RegExpRouter() });
  const source = { GET: showSource, PUT: putSource, DELETE: deleteSource };

  // One handler an address: it is called without a queue of middleware around it.
  app.all("/", framed(byMethod({ GET: about, POST: webhook })));
  app.all("/health", framed(byMethod({ GET: health })));
  app.all("/openapi.json", framed(byMethod({ GET: openapi })));

  app.all("/v1/tasks/:task_id", framed(byMethod({ GET: showTask })));
  app.all("/v1/tasks/:task_id/retry", framed(byMethod({ POST: retryTask })));

  app.all("/v1/agents/:agent_id/sources", framed(byMethod({ GET: listSources })));
  app.all("/v1/agents/:agent_id/sources/:name", framed(byMethod(source)));
  app.all("/v1/agents/:agent_id/sources/:name/retry", framed(byMethod({ POST: retrySource })));
  app.all("/hooks/:agent_id/:name", framed(hook));

  app.all("/files/:organisation/:upload/:n/:name", framed(byMethod({ GET: files })));

  app.notFound(framed((exchange) => refuse(exchange, { reason: "not_found" })));
  return app;
}
