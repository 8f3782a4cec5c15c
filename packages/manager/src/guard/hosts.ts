import { isIP } from "node:net";
import { ConfigurationError } from "@tidegate/core";

/**
 * Normalizes a host name or an address for comparison: lower case, without the port, the brackets of IPv6 or
 * a final dot.
 */
export function hostname(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

/**
 * Returns whether a `Host` is safe from DNS rebinding, that is, cannot be the name of somebody else's page
 * that was bound to this machine's address: addresses have no name to rebind, `localhost` is never resolved
 * elsewhere, and the others were named by the user.
 */
export function isTrustedHost(host: string, allowed: ReadonlySet<string>): boolean {
  const name = hostname(host);
  return isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost") || allowed.has(name);
}

/** @throws ConfigurationError CONFIGURATION_INVALID for a value that is not a host name */
export function parseAllowedHosts(hosts: readonly string[]): string[] {
  return hosts.map((host) => {
    if (typeof host === "string" && /^[a-z0-9_.-]{1,253}$/i.test(host)) return hostname(host);
    throw unfit("allowedHosts", host, "must be host names without a port, such as manager.example");
  });
}

/** @throws ConfigurationError CONFIGURATION_INVALID for a value that is not an origin */
export function parseAllowedOrigins(origins: readonly string[]): string[] {
  return origins.map((origin) => {
    const parsed = typeof origin === "string" && URL.canParse(origin) ? new URL(origin).origin : "null";
    if (parsed !== "null" && parsed === origin.toLowerCase().replace(/\/$/, "")) return parsed;
    throw unfit("allowedOrigins", origin, "must be origins, such as https://dashboard.example");
  });
}

function unfit(field: string, value: unknown, problem: string): ConfigurationError {
  return new ConfigurationError(
    "CONFIGURATION_INVALID",
    `${field}: ${problem}, not ${JSON.stringify(value)}.`,
    {
      field,
    },
  );
}
