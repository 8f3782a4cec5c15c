export type { Addresses, AddressOption } from "./connection-string.js";
export { addressesOf, placeOf } from "./connection-string.js";
