import type { Interval } from "@tidegate/core";

/**
 * Returns whether any of an interval is sealed.
 *
 * @param origin - the ledger's beginning, before which nothing is sealed, epoch ms
 * @param through - where the sealed time ends, epoch ms; `null` if nothing is sealed
 */
export function isSealed({ lower, upper }: Interval, origin: number, through: number | null): boolean {
  return through !== null && upper > origin && lower < through;
}
