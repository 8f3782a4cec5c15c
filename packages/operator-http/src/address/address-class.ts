import ipaddr from "ipaddr.js";

/**
 * Reach of an address. `public`: on the internet. `internal`: in a private network or on this machine.
 * `special`: all others: link-local (where clouds keep their metadata service), multicast, reserved,
 * unspecified, and IPv6 addresses that wrap an IPv4 address and so could be any of the above.
 */
export type AddressClass = "public" | "internal" | "special";

const INTERNAL: ReadonlySet<string> = new Set(["loopback", "private", "carrierGradeNat", "uniqueLocal"]);

/**
 * Metadata services whose addresses are public or merely internal, so permission for internal addresses must
 * not cover them: Alibaba Cloud's, Azure's, AWS's on IPv6.
 */
const METADATA: ReadonlySet<string> = new Set(["100.100.100.200", "168.63.129.16", "fd00:ec2::254"]);

/**
 * The part of IPv6 that is routed on the internet. Outside it `range()` still reports `unicast`, for example
 * for `::127.0.0.1`.
 */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

/** Returns the class of an IPv4 or IPv6 address; for an IPv4-mapped one, that of the address within. */
export function classOf(address: string): AddressClass {
  if (!ipaddr.isValid(address)) return "special";
  const parsed = ipaddr.process(address);
  if (METADATA.has(parsed.toString())) return "special";
  const range = parsed.range();
  if (INTERNAL.has(range)) return "internal";
  const isGlobal = parsed.kind() === "ipv4" || parsed.match(GLOBAL_IPV6);
  return range === "unicast" && isGlobal ? "public" : "special";
}
