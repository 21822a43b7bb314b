// How a callback is delivered is tried beside the code: it takes https to a host of a public name.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { refusal, refusalOf } from "../support/refusal.ts";
import { startTaskPair, type TaskPair } from "../support/task-pair.ts";

const SECRET = `whsec_${Buffer.alloc(32, "s").toString("base64")}`;
const HOST = "hooks.inlet.invalid";
const ADDRESS = `https://${HOST}/done?of=1`;

let pair: TaskPair;

beforeAll(async () => {
  pair = await startTaskPair({ CALLBACK_HOSTS: HOST, CALLBACK_SECRET: SECRET });
});
afterAll(() => pair.stop());

const problem = {
  loc: ["query", "callback_url"],
  msg: expect.any(String),
  type: expect.any(String),
};
const REFUSED = refusal(422, "parameters_invalid", [problem]);

describe("callback_url", () => {
  it.each([
    ["http", `http://${HOST}/`],
    ["a file", "file:///etc/passwd"],
    ["a script", "javascript:alert(1)"],
    ["data", "data:text/plain,hi"],
    ["a web socket", `wss://${HOST}/`],
    ["no address", "done"],
    ["a path", "/done"],
    ["an address without its scheme", `//${HOST}/`],
    ["nothing but a scheme", "https://"],
    ["IPv4", "https://127.0.0.1/"],
    ["IPv4 in two parts", "https://127.1/"],
    ["IPv4 in hexadecimal", "https://0x7f000001/"],
    ["IPv4 in hexadecimal parts", "https://0x7f.0.0.1/"],
    ["IPv4 as one number", "https://2130706433/"],
    ["IPv4 in octal", "https://0177.0.0.1/"],
    ["IPv4 in full-width digits", "https://１２７.０.０.１/"],
    ["an IPv4 of the outside", "https://93.184.216.34/"],
    ["IPv6", "https://[::1]/"],
    ["IPv6 that holds IPv4", "https://[::ffff:127.0.0.1]/"],
    ["IPv6 that holds IPv4 in hexadecimal", "https://[::ffff:7f00:1]/"],
    ["credentials", `https://user:secret@${HOST}/`],
    ["a user alone", `https://user@${HOST}/`],
    ["an allowed host for a user", `https://${HOST}@evil.inlet.invalid/`],
    ["an allowed host for a user, behind a backslash", `https://evil.inlet.invalid\\@${HOST}/`],
    ["a host that is not allowed", "https://evil.inlet.invalid/"],
    ["a host that ends like an allowed one", `https://evil${HOST}/`],
    ["a host below an allowed one", `https://evil.${HOST}/`],
    ["a host above an allowed one", "https://inlet.invalid/"],
    ["a host that begins like an allowed one", `https://${HOST}.evil.invalid/`],
    ["an allowed host in its path", `https://evil.inlet.invalid/${HOST}`],
    ["an allowed host in its fragment", `https://evil.inlet.invalid#@${HOST}/`],
    ["localhost", "https://localhost/"],
  ])("is refused: %s", async (_, callback_url) => {
    const calls = pair.platform.requests.length;
    const answer = await pair.post({ callback_url, asynchronous: "true", prompt: "hi" });
    expect(refusalOf(answer)).toEqual(REFUSED);
    expect(pair.platform.requests).toHaveLength(calls);
  });

  it("is refused without asynchronous or wait", async () => {
    const answer = await pair.post({ callback_url: ADDRESS, task_id: "sync", prompt: "hi" });
    expect(refusalOf(answer)).toEqual(REFUSED);
    expect(pair.platform.prompts("sync")).toEqual([]);
  });

  it.each([
    ["asynchronous", { asynchronous: "true" }, 200],
    ["wait", { wait: "1" }, 202],
  ])("is taken with %s", async (how, parameters, status) => {
    pair.platform.holds(how);
    const words = { callback_url: ADDRESS, task_id: how, prompt: "hi", ...parameters };
    expect((await pair.post(words)).status).toBe(status);
    await pair.platform.prompted(how, 1);
    const sent = JSON.stringify(pair.platform.taken.filter(({ id }) => id === how));
    expect(sent).not.toContain(HOST);
  });

  it("is taken where its host is written in capitals", async () => {
    pair.platform.holds("capitals");
    const callback_url = `HTTPS://${HOST.toUpperCase()}/done`;
    const words = { callback_url, asynchronous: "true", task_id: "capitals", prompt: "hi" };
    expect((await pair.post(words)).status).toBe(200);
  });

  it("is context in a body, as Docker Hub posts it", async () => {
    const body = '{"prompt":"hi","callback_url":"http://registry.inlet.invalid/hook"}';
    const answer = await pair.post({ task_id: "context" }, { body });
    expect(answer.status).toBe(200);
    expect(pair.platform.taken.find(({ id }) => id === "context")?.sent.additional_context).toBe(
      '{"callback_url":"http://registry.inlet.invalid/hook"}',
    );
  });

  it("is refused, whatever its host, where the operator allows none", async () => {
    const closed = await startTaskPair();
    onTestFinished(() => closed.stop());
    const answer = await closed.post({ callback_url: ADDRESS, asynchronous: "true", prompt: "hi" });
    expect(refusalOf(answer)).toEqual(REFUSED);
  });
});
