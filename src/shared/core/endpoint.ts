/**
 * Whether a URL that a caller gave may be fetched by us: as a connection's `endpoint` or a webhook's address.
 * Decides on what is written. A name that resolves to a private address passes here; on Cloudflare it leads
 * nowhere, since a Worker's fetch reaches the public internet only.
 */

/** Names that are never public: RFC 6761, RFC 8375, ICANN's .internal, and what networks use by habit. */
const PRIVATE_NAMES = ["localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "home", "private"];

/** Not reachable from the public internet (IANA special-purpose registry): first address and prefix length. */
const PRIVATE_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16], // link-local, and every cloud's metadata service
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Inside 2000::/3, the only public block of IPv6: what carries an IPv4 address or documents. First groups and prefix length. */
const PRIVATE_IPV6: readonly (readonly [number, number, number])[] = [
  [0x2001, 0x0000, 23],
  [0x2001, 0x0db8, 32],
  [0x2002, 0x0000, 16],
  [0x3fff, 0x0000, 20],
];

/** What is wrong with the URL, for the caller to read; null where it may be used. */
export function endpointFlaw(text: string, allowPrivate: boolean, { mayHaveQuery = false } = {}): string | null {
  const url = URL.parse(text);
  if (url === null) return "It is not a URL.";
  if (url.protocol !== "https:" && url.protocol !== "http:") return "It must start with https://.";
  if (url.username !== "" || url.password !== "") return "It must not hold a user name or a password.";
  if (url.hash !== "") return mayHaveQuery ? "It must not hold a fragment." : "It must not hold a query or a fragment.";
  if (url.search !== "" && !mayHaveQuery) return "It must not hold a query or a fragment.";
  if (allowPrivate) return null;
  if (url.protocol !== "https:") return "It must start with https://.";
  return isPrivateHost(url.hostname) ? "It must be a public address." : null;
}

/** What is wrong with a host that a caller gave to open a socket to; null where that may be done. */
export function hostFlaw(host: string, allowPrivate: boolean): string | null {
  const url = URL.parse(`https://${host}/`);
  if (url === null || url.hostname !== host) return "It is not the name of a host.";
  return !allowPrivate && isPrivateHost(host) ? "It must be a public address." : null;
}

/** `hostname` as the URL parser writes it: lower case, IPv4 in decimal (also from hex, octal or one number), IPv6 in brackets. */
function isPrivateHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPrivateIpv6(hostname.slice(1, -1));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(hostname)) return isPrivateIpv4(hostname);
  const name = hostname.replace(/\.+$/, "");
  return !name.includes(".") || PRIVATE_NAMES.some((end) => name === end || name.endsWith(`.${end}`));
}

function isPrivateIpv4(address: string): boolean {
  const value = ipv4Value(address);
  return PRIVATE_IPV4.some(([first, length]) => ipv4Value(first) >>> (32 - length) === value >>> (32 - length));
}

function ipv4Value(address: string): number {
  return address.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

function isPrivateIpv6(address: string): boolean {
  const [first = 0, second = 0] = ipv6Groups(address);
  if (first >>> 13 !== 1) return true;
  const value = first * 65_536 + second;
  return PRIVATE_IPV6.some(([a, b, length]) => (a * 65_536 + b) >>> (32 - length) === value >>> (32 - length));
}

/** The eight groups of an address as the URL parser writes it: hexadecimal, `::` at most once. */
function ipv6Groups(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  if (tail === undefined) return groups(head);
  const zeros = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<number>(Math.max(0, zeros)).fill(0), ...groups(tail)];
}
