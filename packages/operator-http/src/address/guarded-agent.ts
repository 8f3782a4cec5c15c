import type { LookupAddress } from "node:dns";
import { lookup as systemLookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { Agent } from "undici";
import type { AddressGuard } from "./address-guard.js";

/** The addresses that a host's name stands for. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

/** What TLS connections are made with beside the machine's own certificate authorities. */
export type TlsOptions = Pick<ConnectionOptions, "ca" | "cert" | "key">;

/** How connections are made. */
export interface ConnectionSettings {
  readonly resolve?: ResolveHost;
  readonly connectTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly tls?: TlsOptions;
}

/**
 * An undici agent whose connections go to checked addresses only. A name is resolved once for each connection, and the
 * connection goes to what was checked, so that a name whose answer changes in between (DNS rebinding) gains nothing.
 * TLS still verifies the name. Environment variables for proxies have no effect on it.
 */
export function guardedAgent(guard: AddressGuard, settings: ConnectionSettings): Agent {
  return new Agent({
    // HTTP/1.1 tells at which point a request was written, and a broken connection breaks one request.
    allowH2: false,
    maxHeaderSize: settings.maxHeaderBytes,
    // Deadlines are the caller's: one for the whole of a request.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      ...settings.tls,
      timeout: settings.connectTimeoutMs,
      lookup: checkedLookup(guard, settings.resolve ?? resolveBySystem),
    },
  });
}

function resolveBySystem(host: string): Promise<LookupAddress[]> {
  return systemLookup(host, { all: true });
}

/** Node's lookup, with every address checked: a name with one forbidden address is forbidden as a whole. */
function checkedLookup(guard: AddressGuard, resolve: ResolveHost): LookupFunction {
  return (host, options, callback) => {
    checkedAddresses(guard, resolve, host).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}

async function checkedAddresses(
  guard: AddressGuard,
  resolve: ResolveHost,
  host: string,
): Promise<[LookupAddress, ...LookupAddress[]]> {
  const [first, ...others] = await resolve(host);
  if (first === undefined) throw Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" });
  for (const { address } of [first, ...others]) guard.checkAddress(host, address);
  return [first, ...others];
}
