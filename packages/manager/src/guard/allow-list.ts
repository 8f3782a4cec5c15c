import { BlockList, isIP } from "node:net";
import { ConfigurationError } from "@tidegate/core";

/** Addresses that may call. */
export interface AllowList {
  has(address: string | undefined): boolean;
}

/** This machine's own addresses. */
export const LOOPBACK = ["127.0.0.0/8", "::1"] as const;

/** @throws ConfigurationError CONFIGURATION_INVALID for an entry that is neither an address nor a network */
export function allowListOf(entries: readonly string[]): AllowList {
  const list = new BlockList();
  entries.forEach((entry, index) => {
    const [address = "", bits, ...rest] = entry.split("/");
    const version = isIP(address);
    const family = version === 4 ? "ipv4" : "ipv6";
    const length = bits === undefined ? (family === "ipv4" ? 32 : 128) : Number(bits);
    const isSound = version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits ?? "0");
    if (!isSound || length > (family === "ipv4" ? 32 : 128)) throw unfit(index, entry);
    list.addSubnet(address, length, family);
  });
  return {
    has: (address = "") => {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

function unfit(index: number, entry: string): ConfigurationError {
  const field = `allow.${index}`;
  const message = `${field}: must be an address or a network such as 10.1.0.0/16, is ${JSON.stringify(entry)}.`;
  return new ConfigurationError("CONFIGURATION_INVALID", message, { field });
}
