// What any forwarder must do, and no more: read JSON, fetch the platform, answer with its task.
import { Hono } from "hono";

const app = new Hono();

app.get("/health", (c) => c.text("ok"));

/** The bytes that the gateway sends for `params_mapping` of the sender's id and text. */
app.post("/mapped", async (c) => {
  const body = await c.req.json();
  const { from, text } = body.message;
  const user = { id: String(from.id), email: "" };
  return forward(c, { input: { text, user }, context: body });
});

/** The bytes that the gateway sends for a body with `prompt` at its top level. */
app.post("/plain", async (c) => {
  const { prompt: text, ...context } = await c.req.json();
  return forward(c, { input: { text }, context });
});

async function forward(c, { input, context }) {
  const reply = await fetch(`${c.env.PLATFORM_URL}/v1/agents/bench/invoke`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": c.req.header("x-api-key") },
    body: JSON.stringify({
      id: crypto.randomUUID(),
      input,
      additional_context: JSON.stringify(context),
      source: "webhook",
    }),
  });
  return c.json(await reply.json(), reply.status);
}

export default app;
