// What senders have in their hands: the same bytes come back through the links.
import { Buffer } from "node:buffer";
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { chromium, showPage } from "../support/browser.ts";
import { made, type MadeFile, zipHeaded } from "../support/files.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { described, opened, sha256 } from "../support/uploads.ts";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const python = ["python3", "python"].find((name) => spawnSync(name, ["--version"]).status === 0);

const KEY = "test-key";
const LARGE_BYTES = 95_000_000;
const files = [
  "a.pdf",
  "a.docx",
  "a.xlsx",
  "a.png",
  "a.webp",
  "a.zip",
  "a.mp3",
  "a.wav",
  "a.ogg",
  "a.flac",
].map(made);

let pair: Pair;
let folder: string;
let large: MadeFile;

beforeAll(async () => {
  pair = await startPair({ MAX_FILE_BYTES: "104857600" });
  folder = mkdtempSync(join(tmpdir(), "inlet-files-"));
  large = {
    name: "large.zip",
    type: "application/zip",
    bytes: zipHeaded(randomBytes(LARGE_BYTES)),
  };
  for (const { name, bytes } of [...files, large]) writeFileSync(join(folder, name), bytes);
});
afterAll(async () => {
  await pair.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => pair.reset());

const address = (query = "") => `${pair.gateway.url}/?agent_id=agent-1&${query}`;
const run = promisify(execFile);

function describedAs(sent: readonly MadeFile[]) {
  return sent.map(({ name, type, bytes }) => ({ field: "f", name, type, size: bytes.length }));
}

/** That the agent was told of these files, and that their links open the same bytes. */
async function expectSame(sent: readonly MadeFile[]): Promise<void> {
  expect(described(pair)).toEqual(describedAs(sent));
  expect(await opened(pair)).toEqual(sent.map(({ bytes }) => sha256(bytes)));
}

async function sendByCurl(...args: string[]): Promise<void> {
  const { stdout } = await run("curl", ["-sS", "-H", `x-api-key: ${KEY}`, ...args], {
    cwd: folder,
  });
  expect(JSON.parse(stdout)).toMatchObject({ status: "completed" });
}

describe.runIf(hasCurl)("curl, where it is", () => {
  it("sends files with -F, among fields", async () => {
    const fileArgs = files.flatMap(({ name }) => ["-F", `f=@${name}`]);
    await sendByCurl("-F", "prompt=Grüße ☕", ...fileArgs, "-F", "tag=x", address());
    await expectSame(files);
    expect(pair.lastTask()).toMatchObject({ input: { text: "Grüße ☕" } });
  });

  it.each([
    ["quotes", 'f=@a.png;filename="a\\"b.png"', "a_b.png"],
    ["letters", "f=@a.png;filename=grüße ☕.png", "grüße ☕.png"],
    ["a path", "f=@a.png;filename=../../x/y.png", "y.png"],
    ["another type", "f=@a.png;type=text/html", "a.png"],
    ["no extension", "f=@a.png;filename=blob", "blob.png"],
  ])("sends a file with -F under a name of its own: %s", async (_, form, name) => {
    await sendByCurl("-F", form, address());
    expect(described(pair)).toMatchObject([{ name, type: "image/png" }]);
  });

  it.each([
    ["with its length", []],
    ["in chunks", ["-H", "Transfer-Encoding: chunked"]],
  ])("sends a file with --data-binary, %s", async (_, framing) => {
    const type = ["-H", "Content-Type: application/pdf"];
    await sendByCurl(...type, ...framing, "--data-binary", "@a.pdf", address("filename=b.pdf"));
    expect(described(pair)).toMatchObject([{ field: "body", name: "b.pdf" }]);
    expect(await opened(pair)).toEqual([sha256(made("a.pdf").bytes)]);
  });

  it("sends 95 MB with -F", { timeout: 60_000 }, async () => {
    await sendByCurl("-F", "f=@large.zip", address());
    await expectSame([large]);
  });
});

async function sendByFetch(body: Blob | FormData, type?: string, query = ""): Promise<void> {
  const headers = { "x-api-key": KEY, ...(type !== undefined && { "content-type": type }) };
  const answer = await fetch(address(query), { method: "POST", headers, body });
  expect(await answer.json()).toMatchObject({ status: "completed" });
}

function blobOf({ bytes, type }: MadeFile): Blob {
  return new Blob([Buffer.from(bytes)], { type });
}

describe("Node's fetch", () => {
  it("sends files in FormData, among fields", async () => {
    const form = new FormData();
    form.append("prompt", "Grüße ☕");
    for (const file of files) form.append("f", blobOf(file), file.name);
    form.append("tag", "x");
    await sendByFetch(form);
    await expectSame(files);
    expect(pair.lastTask()).toMatchObject({ input: { text: "Grüße ☕" } });
  });

  it("sends a Blob without a name, and names with quotes and line breaks", async () => {
    const form = new FormData();
    form.append("f", blobOf(made("a.png")));
    form.append("f", blobOf(made("a.png")), 'a "b"\r\n\\c/ü.png');
    await sendByFetch(form);
    expect(described(pair).map(({ name }) => name)).toEqual(["blob.png", "ü.png"]);
  });

  it("sends a Blob as the body", async () => {
    await sendByFetch(blobOf(made("a.docx")));
    expect(described(pair)).toMatchObject([{ field: "body", name: "file.docx" }]);
  });

  it("sends 95 MB in FormData, and as the body", { timeout: 60_000 }, async () => {
    const form = new FormData();
    form.append("f", blobOf(large), large.name);
    await sendByFetch(form);
    await expectSame([large]);
    await sendByFetch(blobOf(large), large.type, "filename=large.zip");
    expect(await opened(pair)).toEqual([sha256(large.bytes)]);
  });
});

const HTTP_CLIENT = `
import http.client, json, os, sys, urllib.parse
address, folder, kind, *names = sys.argv[1:]
url = urllib.parse.urlsplit(address)
connection = http.client.HTTPConnection(url.netloc, timeout=60)
headers = {"x-api-key": "${KEY}"}
if kind == "form":
    boundary = "==python=="
    headers["Content-Type"] = 'multipart/form-data; boundary="' + boundary + '"'
    def pieces():
        for name in names:
            yield ('--%s\\r\\nContent-Disposition: form-data; name="f"; filename="%s"\\r\\n\\r\\n' % (boundary, name)).encode()
            with open(os.path.join(folder, name), "rb") as file:
                yield from iter(lambda: file.read(65536), b"")
            yield b"\\r\\n"
        yield ("--%s--\\r\\n" % boundary).encode()
    connection.request("POST", url.path + "?" + url.query, pieces(), headers, encode_chunked=True)
else:
    headers["Content-Type"] = kind
    headers["Content-Disposition"] = 'attachment; filename="' + names[0] + '"'
    with open(os.path.join(folder, names[0]), "rb") as file:
        connection.request("POST", url.path + "?" + url.query, file, {**headers, "Content-Length": str(os.fstat(file.fileno()).st_size)})
answer = connection.getresponse()
print(json.dumps({"status": answer.status, "text": answer.read().decode()}))
`;

async function sendByPython(...args: string[]): Promise<void> {
  const { stdout } = await run(python ?? "", ["-c", HTTP_CLIENT, address(), folder, ...args]);
  expect(JSON.parse(stdout)).toMatchObject({ status: 200 });
}

describe.runIf(python !== undefined)("Python's http.client, where Python is", () => {
  it("sends files in a form, in chunks", async () => {
    await sendByPython("form", ...files.map(({ name }) => name));
    await expectSame(files);
  });

  it("sends 95 MB in a form, and as the body", { timeout: 60_000 }, async () => {
    await sendByPython("form", large.name);
    await expectSame([large]);
    await sendByPython(large.type, large.name);
    expect(await opened(pair)).toEqual([sha256(large.bytes)]);
  });
});

/** A form that is filled in and sent by the page itself; its last file input stays empty. */
function formPage(action: string, sent: readonly MadeFile[]): string {
  const contents = sent.map(({ name, bytes }) => [name, Buffer.from(bytes).toString("base64")]);
  return `<!doctype html><form action="${action.replaceAll("&", "&amp;")}" method="post" enctype="multipart/form-data">
    <input name="prompt" value="Grüße ☕"><textarea name="text">two
lines</textarea><input type="file" name="f" multiple><input type="file" name="none"></form><script>
    const chosen = new DataTransfer();
    for (const [name, content] of ${JSON.stringify(contents)}) {
      const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
      chosen.items.add(new File([bytes], name));
    }
    document.forms[0].elements.f.files = chosen.files;
    document.forms[0].submit();
  </script>`;
}

describe.runIf(chromium !== undefined)("an HTML form in headless Chromium, where that is", () => {
  it("sends its files, and no file for an input that was left empty", async () => {
    const named = files.map((file, n) => ({ ...file, name: `${n} "ü".${file.name.slice(2)}` }));
    const page = await showPage(formPage(address(`x-api-key=${KEY}`), named));
    onTestFinished(() => page.close());
    await vi.waitFor(() => expect(pair.lastRequest().method).toBe("POST"), { timeout: 25_000 });
    await expectSame(named.map((file) => ({ ...file, name: file.name.replaceAll('"', "_") })));
    expect(pair.lastTask()).toMatchObject({ input: { text: "Grüße ☕" } });
    expect(pair.lastBody()).toContain(String.raw`{\"text\":\"two\\r\\nlines\",\"files\":`);
  });
});
