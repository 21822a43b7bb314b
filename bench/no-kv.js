// Stands in for KV, which plain workerd has not: it holds nothing, and takes everything.
export default {
  fetch: ({ method }) => new Response(null, { status: method === "GET" ? 404 : 200 }),
};
