import { randomInt } from "node:crypto";
import { once } from "node:events";
import { type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import { text as readText } from "node:stream/consumers";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly text: string;
}

export interface Sent {
  readonly method?: string;
  /**
   * Sent as they are, and no others but `host`, `connection` and what frames the body; of a list,
   * one header each.
   */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** One piece goes with its `Content-Length`, a list of them chunked. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** An answer that takes longer is an error: a gateway must not hang. */
  readonly timeoutMs?: number;
}

/**
 * One request on a connection of its own, with nothing added that the test did not ask for: no
 * content type above all, which `fetch` makes up.
 */
export async function send(address: string, sent: Sent = {}): Promise<Answer> {
  const { body = [], timeoutMs = 20_000 } = sent;
  const pieces = Array.isArray(body) ? body : [body];
  const isWhole = !Array.isArray(body);
  const length = isWhole ? { "content-length": Buffer.byteLength(pieces[0] ?? "") } : {};
  const isChunked = !isWhole && sent.body !== undefined;
  const framing = isChunked ? { "transfer-encoding": "chunked" } : length;
  const outgoing = httpRequest(address, {
    method: sent.method ?? "POST",
    headers: { ...sent.headers, ...framing },
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answered = once(outgoing, "response");
  // Once the answer is on its way, a connection that is closed to further writing is no failure.
  outgoing.on("error", () => undefined);
  for (const piece of pieces) outgoing.write(piece);
  outgoing.end();
  const [incoming] = await answered;
  const text = await readText(incoming);
  return { status: incoming.statusCode, headers: incoming.headers, text };
}

/** The answer's body as JSON. */
export function jsonOf({ text }: Answer): unknown {
  return JSON.parse(text);
}

export interface RawOptions {
  /** Closes our side once all is written, as a sender that breaks off does. */
  readonly halfClose?: boolean;
  readonly timeoutMs?: number;
}

/** Writes these bytes to a connection; all that comes back until the other side closes it. */
export async function sendRaw(
  address: string,
  bytes: string | Uint8Array,
  { halfClose = false, timeoutMs = 20_000 }: RawOptions = {},
): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("The connection is silent")));
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => (received += text));
  if (halfClose) socket.end(bytes);
  else socket.write(bytes);
  await once(socket, "end");
  socket.destroy();
  return received;
}

/**
 * A port of 127.0.0.1 on which nobody listens. Below those that systems hand out by themselves, or
 * another test's server might be given it in the meantime.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (!isFree) return freePort();
  server.close();
  await once(server, "close");
  return port;
}

export interface Dribble {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Sent again and again, every so often, until the connection is closed. */
  readonly piece: string;
  readonly everyMs: number;
}

/** A sender that never comes to an end; the answer that it sees before its connection is closed. */
export async function sendEndlessly(address: string, sent: Dribble): Promise<Answer> {
  const outgoing = httpRequest(address, {
    method: sent.method ?? "POST",
    headers: { ...sent.headers, "transfer-encoding": "chunked" },
    agent: false,
    signal: AbortSignal.timeout(10_000),
  });
  const answered = once(outgoing, "response");
  outgoing.on("error", () => undefined);
  outgoing.flushHeaders();
  const writing = setInterval(() => outgoing.write(sent.piece), sent.everyMs);
  try {
    const [incoming] = await answered;
    const text = await readText(incoming);
    return { status: incoming.statusCode, headers: incoming.headers, text };
  } finally {
    clearInterval(writing);
    outgoing.destroy();
  }
}
