import type { LookupAddress } from "node:dns";
import { lookup as systemLookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import type { AddressGuard } from "./address-guard.js";

/** Resolves a host name to its addresses. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

/**
 * Returns Node's lookup with every address checked: a name with one forbidden address is rejected as a whole.
 * A name is resolved once per connection, and the connection goes to a checked address, so a name whose
 * answer changes in between (DNS rebinding) gains nothing. TLS still verifies the name.
 *
 * @param resolve - resolves names. @default the machine's resolver
 */
export function guardedLookup(guard: AddressGuard, resolve: ResolveHost = resolveBySystem): LookupFunction {
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

function resolveBySystem(host: string): Promise<LookupAddress[]> {
  return systemLookup(host, { all: true });
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
