// The stand-in platform: reads the body, answers with one and the same task. GET gives the body
// that was read last, so that a run can compare what its two Workers send.
const task = JSON.stringify({
  id: "bench",
  agent_id: "bench",
  organization_id: "org-1",
  status: "completed",
  input: { text: "What came in this morning?" },
  result: '{"summary":"Three orders came in; the one from Zürich is late","orders":3}',
  created_at: "2026-11-22T09:00:00.000Z",
  started_at: "2026-11-22T09:00:00.010Z",
  finished_at: "2026-11-22T09:00:04.120Z",
  source: "webhook",
  execution_attempts: 1,
});
const headers = { "content-type": "application/json" };

let lastBody = new ArrayBuffer(0);

export default {
  async fetch(request) {
    if (request.method === "GET") return new Response(lastBody);
    lastBody = await request.arrayBuffer();
    const isInvoke = request.url.endsWith("/v1/agents/bench/invoke");
    return isInvoke ? new Response(task, { headers }) : new Response(null, { status: 404 });
  },
};
