// The stand-in platform of the conversations' bench. A task that is taken runs for ever, so that what
// is accepted after it waits, and is not to be asked about for an hour: a conversation in which
// somebody waits asks after 1, 2, 4, 8, 15 s, and thousands of them at once would measure that. A
// synchronous task is over at once.
const taken = new Set();
const headers = { "content-type": "application/json" };

function task(id, status) {
  return JSON.stringify({
    id,
    agent_id: "bench",
    status,
    input: { text: "What came in this morning?" },
    result: status === "completed" ? "Three orders" : null,
    created_at: "2026-11-22T09:00:00.000Z",
    started_at: "2026-11-22T09:00:00.010Z",
    finished_at: status === "completed" ? "2026-11-22T09:00:04.120Z" : null,
    source: "webhook",
    execution_attempts: 1,
  });
}

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const [, shown] = /^\/v1\/tasks\/(.+)$/.exec(pathname) ?? [];
    if (shown !== undefined) {
      const id = decodeURIComponent(shown);
      if (taken.has(id)) {
        const later = { ...headers, "retry-after": "3600" };
        return new Response('{"detail":"Too many requests"}', { status: 429, headers: later });
      }
      return new Response('{"detail":"Not found"}', { status: 404, headers });
    }
    if (request.method === "GET") {
      return new Response('{"id":"bench","organization_id":"org-1"}', { headers });
    }
    const { id } = await request.json();
    const isAsync = pathname.endsWith("/async");
    if (isAsync) taken.add(id);
    return new Response(task(id, isAsync ? "pending" : "completed"), { headers });
  },
};
