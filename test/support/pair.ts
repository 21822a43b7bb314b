import { expect, vi } from "vitest";
import { type Gateway, startGateway } from "./gateway.ts";
import { type Answer, send, type Sent } from "./http.ts";
import { isInvoke, type Platform, type PlatformRequest, startPlatform } from "./platform.ts";

export interface Delivery extends Sent {
  /** What follows `?agent_id=agent-1&`. */
  readonly query?: string;
  /** The content type; without one there is no such header. */
  readonly type?: string;
}

/** A gateway before a stand-in platform of its own. */
export interface Pair {
  readonly gateway: Gateway;
  readonly platform: Platform;
  /** `POST /` for the agent `agent-1`, with the key `test-key` in the header. */
  post(delivery?: Delivery): Promise<Answer>;
  /** All calls of an agent that the platform was sent, whatever else it was asked. */
  invocations(): PlatformRequest[];
  /** Waits until there are so many of them (an asynchronous one comes after its answer). */
  invoked(count?: number): Promise<PlatformRequest[]>;
  /** The newest of them; throws if there is none. */
  lastRequest(): PlatformRequest;
  /** Its body, as it came. */
  lastBody(): string;
  /** The same as JSON. */
  lastTask(): unknown;
  /** Forgets the requests so far, and how the platform was told to answer them. */
  reset(): void;
  stop(): Promise<void>;
}

export async function startPair(
  vars: Readonly<Record<string, string | undefined>> = {},
): Promise<Pair> {
  const platform = await startPlatform();
  const gateway = await startGateway({ vars: { PLATFORM_URL: platform.url, ...vars } });
  const invocations = (): PlatformRequest[] => platform.requests.filter(isInvoke);
  const lastRequest = (): PlatformRequest => {
    const request = invocations().at(-1);
    if (request === undefined) throw new Error("The platform was asked to run nothing");
    return request;
  };
  const lastBody = (): string => lastRequest().body.toString();

  return {
    gateway,
    platform,
    invocations,
    async invoked(count = 1) {
      const enough = (): void => expect(invocations().length).toBeGreaterThanOrEqual(count);
      await vi.waitFor(enough, { timeout: 10_000, interval: 20 });
      return invocations();
    },
    lastRequest,
    lastBody,
    post({ query = "", type, headers, ...sent } = {}) {
      const typed = type === undefined ? {} : { "content-type": type };
      return send(`${gateway.url}/?agent_id=agent-1&${query}`, {
        ...sent,
        headers: { "x-api-key": "test-key", ...typed, ...headers },
      });
    },
    lastTask: () => JSON.parse(lastBody()) as unknown,
    reset() {
      platform.requests.length = 0;
      platform.respond();
    },
    async stop() {
      await gateway.stop();
      await platform.close();
    },
  };
}
