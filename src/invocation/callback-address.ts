/** Which addresses a callback may have (contract §2.7). */

const IPV4 = /^\d+(\.\d+){3}$/;

/**
 * What is wrong with the address, `undefined` if nothing is. `hosts` are the ones allowed, each with
 * its port unless that is 443. The URL parser brings every notation of an address literal
 * (`127.1`, `0x7f000001`) to one form, so that none gets past.
 */
export function callbackProblem(text: string, hosts: readonly string[]): string | undefined {
  if (hosts.length === 0) return "callbacks are not set up here (CALLBACK_HOSTS, CALLBACK_SECRET)";
  const url = URL.parse(text);
  if (url === null) return "must be an address, such as https://hooks.example.com/inlet";
  if (url.protocol !== "https:") return "must be an https: address";
  if (url.username !== "" || url.password !== "") return "must not hold credentials";
  if (IPV4.test(url.hostname) || url.hostname.startsWith("[")) {
    return "must name its host, not an IP address";
  }
  return hosts.includes(url.host) ? undefined : "must be on one of the allowed hosts";
}
