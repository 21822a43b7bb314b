import { connect } from "cloudflare:sockets";

/**
 * Whether anybody listens there: asked after a call has failed, because the runtime says
 * "Network connection lost" of a refused connection and of one that broke alike. A platform that
 * died in between looks as if it had never been reached.
 */
export async function isReachable(address: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(address);
  const standardPort = protocol === "https:" ? 443 : 80;
  try {
    const socket = connect({ hostname, port: port === "" ? standardPort : Number(port) });
    socket.closed.catch(() => undefined);
    await socket.opened;
    await socket.close();
    return true;
  } catch {
    return false;
  }
}
