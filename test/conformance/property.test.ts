import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { type Answer, jsonOf, send } from "../support/http.ts";
import { type Pair, startPair } from "../support/pair.ts";
import { randomRequest, type RandomRequest } from "../support/requests.ts";

const REQUESTS_PER_ROUND = 20;

let pair: Pair;
let embedded: Gateway;

beforeAll(async () => {
  [pair, embedded] = await Promise.all([startPair(), startGateway()]);
});
afterAll(() => Promise.all([pair.stop(), embedded.stop()]));

/** Workerd's own words for an address that no Worker is shown. */
function isWorkerdsOwn({ status, text }: Answer): boolean {
  return status === 400 && text === "invalid URI";
}

/** What is wrong with an answer, or nothing. */
function faultOf({ method }: RandomRequest, answer: Answer): string | undefined {
  const { status, headers, text } = answer;
  if (isWorkerdsOwn(answer)) return undefined;
  if (status >= 500) return `status ${status}: ${text}`;
  if (headers["x-request-id"] === undefined) return "no X-Request-Id";
  if (status >= 400 && headers["x-error-code"] === undefined) return "no X-Error-Code";
  if (method === "HEAD") return text === "" ? undefined : "a body for HEAD";
  if (headers["content-type"] !== "application/json") return `type ${headers["content-type"]}`;
  const body = jsonOf(answer);
  if (status === 202) {
    const isStarted = (body as { status?: unknown }).status === "Started";
    return isStarted && headers.location !== undefined ? undefined : `not started: ${text}`;
  }
  if (status < 400) return status === 200 ? undefined : `status ${status}`;
  const detail = (body as { detail?: unknown }).detail;
  const isTold = Array.isArray(detail)
    ? detail.length > 0
    : typeof detail === "string" && detail !== "";
  return isTold ? undefined : `no detail: ${text}`;
}

async function tryRequest(url: string, request: RandomRequest): Promise<string | undefined> {
  try {
    const answer = await send(url + request.path, { ...request, timeoutMs: 10_000 });
    return faultOf(request, answer);
  } catch (error) {
    return `no answer: ${String(error)}`;
  }
}

/** Sends so many requests, twenty at a time, and fails with the smallest that finds a fault. */
async function tryMany(count: number, url: string, agent: string): Promise<void> {
  const round = fc.array(
    randomRequest.map((sent) => ({ ...sent, path: sent.path.replace("agent-1", agent) })),
    { minLength: REQUESTS_PER_ROUND, maxLength: REQUESTS_PER_ROUND },
  );
  await fc.assert(
    fc.asyncProperty(round, async (requests) => {
      const faults = await Promise.all(requests.map((request) => tryRequest(url, request)));
      const found = faults.flatMap((fault, at) =>
        fault === undefined ? [] : [{ fault, request: requests[at] }],
      );
      expect(found).toEqual([]);
    }),
    { numRuns: Math.ceil(count / REQUESTS_PER_ROUND), interruptAfterTimeLimit: 100_000 },
  );
}

const CALLS = [
  /^POST \/v1\/agents\/[\w-]{1,128}\/invoke(\/async)?(\?version=[^&#]*)?$/,
  /^GET \/v1\/agents(?:\/[\w-]{1,128}|\?per_page=1)$/,
  /^GET \/v1\/tasks\/(?!\.{1,2}$)[^/?#]+$/,
];

describe("a random request", { timeout: 120_000 }, () => {
  it("is never a 5xx, never a hang, and always answered in JSON", async () => {
    await tryMany(2_500, pair.gateway.url, "agent-1");
    // Whatever was asked, the platform was called in no other way.
    const calls = pair.platform.requests.map(({ method, path }) => `${method} ${path}`);
    expect(calls.filter((call) => !CALLS.some((known) => known.test(call)))).toEqual([]);
    expect(calls.length).toBeGreaterThan(100);
  });

  it("is none to the embedded platform either", async () => {
    await tryMany(1_000, embedded.url, "echo");
  });
});
