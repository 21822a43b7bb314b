/** Ranges of IP addresses in CIDR notation (RFC 4632, RFC 4291 §2.3), of both kinds. */

/** An address as its bytes: 4 or 16. An IPv4 address that is written in IPv6 is the IPv4 address. */
type Bytes = readonly number[];

export interface AddressRange {
  readonly bytes: Bytes;
  readonly bits: number;
}

/** `192.0.2.0/24`, `2001:db8::/32`, or one address; `undefined` if it is none of them. */
export function readRange(text: string): AddressRange | undefined {
  const [address = "", length, ...more] = text.split("/");
  const bytes = bytesOf(address);
  if (bytes === undefined || more.length > 0) return undefined;
  if (length === undefined) return { bytes, bits: 8 * bytes.length };
  if (!/^\d{1,3}$/.test(length)) return undefined;
  // The length counts in the notation that the address was written in.
  const isMapped = address.includes(":") && bytes.length === 4;
  const bits = Number(length) - (isMapped ? 96 : 0);
  return bits >= 0 && bits <= 8 * bytes.length ? { bytes, bits } : undefined;
}

/** Whether one of the ranges holds the address; what is no address is in none. */
export function isWithin(address: string, ranges: readonly AddressRange[]): boolean {
  const bytes = bytesOf(address);
  return bytes !== undefined && ranges.some((range) => holds(range, bytes));
}

function holds({ bytes, bits }: AddressRange, address: Bytes): boolean {
  if (bytes.length !== address.length) return false;
  return bytes.every((byte, index) => {
    const free = Math.min(8, Math.max(0, 8 * (index + 1) - bits));
    return byte >> free === (address[index] ?? 0) >> free;
  });
}

function bytesOf(text: string): Bytes | undefined {
  return text.includes(":") ? ipv6Of(text) : ipv4Of(text);
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

function ipv4Of(text: string): Bytes | undefined {
  return IPV4.test(text) ? text.split(".").map(Number) : undefined;
}

/** The URL parser brings every way of writing one to the shortest. */
function ipv6Of(text: string): Bytes | undefined {
  if (!/^[0-9a-f:.]{2,45}$/i.test(text)) return undefined;
  const shortest = URL.parse(`http://[${text}]`)?.hostname.slice(1, -1);
  if (shortest === undefined) return undefined;
  const [head = "", tail] = shortest.split("::");
  const [first, last] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  const all = tail === undefined ? first : [...first, ...zeros, ...last];
  const bytes = all.flatMap((group) => [group >> 8, group & 0xff]);
  const isMapped = all.slice(0, 5).every((group) => group === 0) && all[5] === 0xffff;
  return isMapped ? bytes.slice(12) : bytes;
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
