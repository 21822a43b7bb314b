// What any store must do, and no more: the raw body in one put, an object or a range of it out.
export default {
  async fetch(request, { FILES }) {
    const { pathname } = new URL(request.url);
    if (request.method === "PUT") {
      await FILES.put(pathname, request.body);
      return new Response();
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ?? [];
    const range = first && { offset: Number(first), length: Number(last) - Number(first) + 1 };
    const object = await FILES.get(pathname, range ? { range } : {});
    return new Response(object.body, { status: range ? 206 : 200 });
  },
};
