// What any durable acceptance must do, and no more: commit one row to one Durable Object.
import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";

export class Rows extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS row (n INTEGER PRIMARY KEY, body TEXT)");
  }

  commit(body) {
    this.ctx.storage.sql.exec("INSERT INTO row (body) VALUES (?)", body);
  }
}

const app = new Hono();

app.get("/health", (c) => c.text("ok"));

/** Each row in an object of its own, or all of them in the one that is named. */
app.post("/", async (c) => {
  const name = c.req.query("object") ?? crypto.randomUUID();
  await c.env.ROWS.getByName(name).commit(await c.req.text());
  return c.json({ status: "Started" });
});

export default app;
