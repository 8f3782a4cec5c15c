import { isIP } from "node:net";
import { allowListOf, LOOPBACK } from "./allow-list.js";

const loopback = allowListOf(LOOPBACK);

/** Returns whether a host name or an address, without brackets, is this machine's loopback. */
export function isLoopback(host: string): boolean {
  return isIP(host) === 0 ? host.toLowerCase() === "localhost" : loopback.has(host);
}
