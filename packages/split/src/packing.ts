import { hash } from "node:crypto";

/** Longer keys are not allowed, and nobody reads them. */
const LONGEST_KEY = 500;

/** Some items and what they weigh together. */
export interface Bin<Item> {
  readonly items: readonly Item[];
  readonly weight: number;
}

/**
 * Packs items into bins of about the same weight: the heaviest first, each into the bin that is lightest by then
 * (Graham's longest processing time, at most a third above the best packing).
 *
 * @param count - how many bins to aim for, at least 1; there are fewer if there are fewer items
 */
export function packed<Item>(
  items: readonly Item[],
  weightOf: (item: Item) => number,
  count: number,
): Bin<Item>[] {
  const bins = Array.from({ length: Math.min(count, items.length) }, () => ({
    items: [] as Item[],
    weight: 0,
  }));
  for (const item of items.toSorted((a, b) => weightOf(b) - weightOf(a))) {
    const lightest = bins.reduce((least, bin) => (bin.weight < least.weight ? bin : least));
    lightest.items.push(item);
    lightest.weight += weightOf(item);
  }
  return bins.filter(({ items: kept }) => kept.length > 0);
}

/** Returns the key of a shard that is several things, by their names: short enough to be kept, and theirs alone. */
export function keyOf(names: readonly string[]): string {
  const key = names
    .map((name) => (name.includes(" ") ? JSON.stringify(name) : name))
    .toSorted()
    .join(" ");
  if (key.length <= LONGEST_KEY) return key;
  const digest = hash("sha256", JSON.stringify(names.toSorted()), "hex").slice(0, 32);
  return `${names.length} parts ${digest}`;
}
