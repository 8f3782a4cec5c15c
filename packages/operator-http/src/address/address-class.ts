import ipaddr from "ipaddr.js";

/**
 * How far an address reaches: `public` ones are the internet's; `internal` ones a private network's or this machine's;
 * `special` ones are all others: link-local (where clouds keep their metadata service), multicast, reserved, unspecified,
 * and those of IPv6 that wrap an IPv4 address and so could be any of the above.
 */
export type AddressClass = "public" | "internal" | "special";

const INTERNAL: ReadonlySet<string> = new Set(["loopback", "private", "carrierGradeNat", "uniqueLocal"]);

/**
 * Metadata services that live in ranges which are public or merely internal, so that a name's leave to be internal does
 * not reach them: Alibaba Cloud's, Azure's, AWS's on IPv6.
 */
const METADATA: ReadonlySet<string> = new Set(["100.100.100.200", "168.63.129.16", "fd00:ec2::254"]);

/** All of IPv6 that is routed on the internet. Beyond it `range()` still says `unicast`, as of `::127.0.0.1`. */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

/** The class of an IPv4 or IPv6 address; of an IPv4-mapped one, that of the address within. */
export function classOf(address: string): AddressClass {
  if (!ipaddr.isValid(address)) return "special";
  const parsed = ipaddr.process(address);
  if (METADATA.has(parsed.toString())) return "special";
  const range = parsed.range();
  if (INTERNAL.has(range)) return "internal";
  const isGlobal = parsed.kind() === "ipv4" || parsed.match(GLOBAL_IPV6);
  return range === "unicast" && isGlobal ? "public" : "special";
}
