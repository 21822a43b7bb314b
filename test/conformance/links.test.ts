import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERY_KIND, SVG_WITH_SCRIPT } from "../support/files.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { send } from "../support/http.ts";
import { multipart, MULTIPART_TYPE } from "../support/multipart.ts";
import { refusal, refusalOf } from "../support/refusal.ts";
import { open } from "../support/uploads.ts";

const HELLO = "Hello, file";

let gateway: Gateway;
/** Opens a text of eleven bytes. */
let link: string;
/** Opens a file without a byte. */
let emptyLink: string;
let svgLink: string;

/** The links of files that the embedded agent was given. */
async function upload(to: Gateway, files: Readonly<Record<string, string>>): Promise<string[]> {
  const parts = Object.entries(files).map(([filename, content]) => ({
    name: "f",
    filename,
    content,
  }));
  const answer = await send(`${to.url}/?agent_id=echo&getter=result.files&x-api-key=test-key`, {
    headers: { "content-type": MULTIPART_TYPE },
    body: multipart(parts),
  });
  return (JSON.parse(answer.text) as { url: string }[]).map(({ url }) => url);
}

beforeAll(async () => {
  gateway = await startGateway();
  const files = { "ä b.txt": HELLO, "empty.txt": "", "a.svg": SVG_WITH_SCRIPT };
  [link = "", emptyLink = "", svgLink = ""] = await upload(gateway, files);
});
afterAll(() => gateway.stop());

function get(headers: Readonly<Record<string, string>> = {}, method = "GET") {
  return send(link, { method, headers });
}

const HEADERS = {
  "accept-ranges": "bytes",
  "cache-control": "private, no-transform",
  "content-disposition": `attachment; filename="_ b.txt"; filename*=UTF-8''%C3%A4%20b.txt`,
  "content-security-policy": expect.stringMatching(/default-src 'none'.*\bsandbox$/),
  "content-type": "text/plain",
  etag: expect.stringMatching(/^"[^"]+"$/),
  "last-modified": expect.stringMatching(/ GMT$/),
  "x-content-type-options": "nosniff",
};

describe("GET of a link", () => {
  it("gives the file, with headers that harm nobody", async () => {
    const answer = await get();
    expect(answer).toMatchObject({ status: 200, text: HELLO, headers: HEADERS });
    expect(answer.headers["content-length"]).toBe(String(HELLO.length));
    expect(answer.headers).not.toHaveProperty("set-cookie");
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("gives an empty one", async () => {
    expect(await send(emptyLink, { method: "GET" })).toMatchObject({ status: 200, text: "" });
  });

  it("gives an SVG with a script so that no browser runs it", async () => {
    const { headers } = await send(svgLink, { method: "GET" });
    expect(headers).toMatchObject({
      "content-type": "image/svg+xml",
      "content-disposition": expect.stringMatching(/^attachment/),
      "content-security-policy": expect.not.stringMatching(/script-src|unsafe|allow-/),
      "x-content-type-options": "nosniff",
    });
  });

  it("gives every kind its own type, whatever the sender called it", async () => {
    const parts = EVERY_KIND.slice(0, 20).map(({ name, bytes }) => ({
      name: "f",
      filename: name,
      content: bytes,
      type: "text/html",
    }));
    const answer = await send(
      `${gateway.url}/?agent_id=echo&getter=result.files&x-api-key=test-key`,
      {
        headers: { "content-type": MULTIPART_TYPE },
        body: multipart(parts),
      },
    );
    const urls = (JSON.parse(answer.text) as { url: string }[]).map(({ url }) => url);
    const types = await Promise.all(
      urls.map(async (url) => (await open(url)).headers.get("content-type")),
    );
    expect(types).toEqual(EVERY_KIND.slice(0, 20).map(({ type }) => type));
  });

  it("takes HEAD for the same without the bytes", async () => {
    const answer = await get({}, "HEAD");
    expect(answer).toMatchObject({ status: 200, text: "", headers: HEADERS });
    expect(answer.headers["content-length"]).toBe(String(HELLO.length));
  });

  it("carries X-Request-Id, whatever the answer", async () => {
    const answers = await Promise.all([
      get(),
      get({}, "HEAD"),
      get({ range: "bytes=0-0" }),
      get({ range: "bytes=99-" }),
      get({ "if-none-match": "*" }),
      send(`${link}x`, { method: "GET" }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 206, 416, 304, 403]);
    const ids = answers.map(({ headers }) => headers["x-request-id"]);
    expect(ids).toEqual(answers.map(() => expect.stringMatching(/^[\w-]+$/)));
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])("does not take %s", async (method) => {
    const answer = await get({}, method);
    expect(refusalOf(answer)).toMatchObject({ status: 405, code: "method_not_allowed" });
    expect(answer.headers["allow"]).toBe("GET, HEAD");
  });
});

describe("Range", () => {
  it.each([
    ["bytes=0-0", "H", "bytes 0-0/11"],
    ["bytes=7-10", "file", "bytes 7-10/11"],
    ["bytes=7-", "file", "bytes 7-10/11"],
    ["bytes=7-999", "file", "bytes 7-10/11"],
    [`bytes=7-${"9".repeat(30)}`, "file", "bytes 7-10/11"],
    [`bytes=-${"9".repeat(30)}`, HELLO, "bytes 0-10/11"],
    ["bytes=-4", "file", "bytes 7-10/11"],
    ["bytes=-999", HELLO, "bytes 0-10/11"],
    ["bytes=0-", HELLO, "bytes 0-10/11"],
  ])("%s is that part", async (range, text, contentRange) => {
    const answer = await get({ range });
    expect(answer).toMatchObject({ status: 206, text, headers: HEADERS });
    expect(answer.headers).toMatchObject({
      "content-range": contentRange,
      "content-length": String(text.length),
    });
  });

  it.each([
    "bytes=11-",
    "bytes=11-11",
    "bytes=11-20",
    "bytes=999-1000",
    "bytes=-0",
    `bytes=${"9".repeat(30)}-`,
    `bytes=${"9".repeat(30)}-${"9".repeat(31)}`,
  ])("%s cannot be given", async (range) => {
    const answer = await get({ range });
    expect(refusalOf(answer)).toEqual(refusal(416, "range_unsatisfiable", "The file has 11 bytes"));
    expect(answer.headers["content-range"]).toBe("bytes */11");
  });

  it.each(["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-9"])(
    "%s cannot be given of an empty file",
    async (range) => {
      const answer = await send(emptyLink, { method: "GET", headers: { range } });
      expect(refusalOf(answer)).toEqual(
        refusal(416, "range_unsatisfiable", "The file has 0 bytes"),
      );
      expect(answer.headers["content-range"]).toBe("bytes */0");
    },
  );

  it.each(["bytes=0-1,3-4", "bytes=5-2", "bytes=x-y", "items=0-1", "bytes=-", ""])(
    "%s is passed over",
    async (range) => {
      const answer = await get({ range });
      expect(answer).toMatchObject({ status: 200, text: HELLO });
      expect(answer.headers).not.toHaveProperty("content-range");
    },
  );

  it("is of no meaning to HEAD", async () => {
    expect(await get({ range: "bytes=0-0" }, "HEAD")).toMatchObject({
      status: 200,
      headers: { "content-length": "11" },
    });
  });

  it("is given by If-Range only of the same file", async () => {
    const { headers } = await get();
    const [etag = "", modified = ""] = [headers.etag, headers["last-modified"]];
    const statusIf = async (condition: string) =>
      (await get({ range: "bytes=0-0", "if-range": condition })).status;
    expect(await statusIf(etag)).toBe(206);
    expect(await statusIf(modified)).toBe(206);
    expect(await statusIf(`W/${etag}`)).toBe(200);
    expect(await statusIf('"other"')).toBe(200);
    expect(await statusIf("Sun, 01 Jan 2023 00:00:00 GMT")).toBe(200);
  });
});

describe("a condition", () => {
  it.each(["GET", "HEAD"])("is met by a copy that is still good: %s", async (method) => {
    const { headers } = await get();
    const [etag = "", modified = ""] = [headers.etag, headers["last-modified"]];
    const answers = [
      await get({ "if-none-match": etag }, method),
      await get({ "if-none-match": `"x", W/${etag}` }, method),
      await get({ "if-none-match": "*" }, method),
      await get({ "if-modified-since": modified }, method),
      await get({ "if-none-match": etag, range: "bytes=0-0" }, method),
    ];
    expect(answers.map(({ status, text }) => [status, text])).toEqual(answers.map(() => [304, ""]));
    expect(answers[0]?.headers).toMatchObject({ etag });
  });

  it("is not met by another", async () => {
    const modified = "Sun, 01 Jan 2023 00:00:00 GMT";
    const answers = [
      await get({ "if-none-match": '"other"' }),
      await get({ "if-modified-since": modified }),
      await get({
        "if-none-match": '"other"',
        "if-modified-since": "Sun, 01 Jan 2040 00:00:00 GMT",
      }),
    ];
    expect(answers.map(({ status, text }) => [status, text])).toEqual(
      answers.map(() => [200, HELLO]),
    );
  });
});
