// What any forwarder must do, and no more: read JSON, fetch the platform, answer with its task.
import { Hono } from "hono";

const app = new Hono();

app.get("/health", (c) => c.text("ok"));

/** The bytes that the gateway sends for `params_mapping` of the chat's id and text. */
app.post("/mapped", async (c) => {
  const body = await c.req.json();
  const { chat, text } = body.message;
  return forward(c, { id: String(chat.id), prompt: text, context: body });
});

/** The bytes that the gateway sends for a body with `task_id` and `prompt` at its top level. */
app.post("/plain", async (c) => {
  const { task_id: id, prompt, ...context } = await c.req.json();
  return forward(c, { id, prompt, context });
});

async function forward(c, { id, prompt, context }) {
  const reply = await fetch(`${c.env.PLATFORM_URL}/v1/agents/bench/invoke`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": c.req.header("x-api-key") },
    body: JSON.stringify({
      id,
      input: { text: prompt },
      additional_context: JSON.stringify(context),
      source: "webhook",
    }),
  });
  return c.json(await reply.json(), reply.status);
}

export default app;
