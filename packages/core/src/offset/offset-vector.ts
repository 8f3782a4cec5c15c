/**
 * Positions of a source by partition. They are strings, since no number of JSON's holds 64-bit offsets, log
 * sequence numbers (`16/B374D848`) or names of files. As an upper bound a position is exclusive.
 */
export type OffsetVector = Readonly<Record<string, string>>;

/** A half-open range of positions `[lower, upper)` in each partition of `upper`. */
export interface OffsetRange {
  readonly lower: OffsetVector;
  readonly upper: OffsetVector;
}

/** The total order of the positions in each partition. */
export interface PositionOrder {
  /** Compares two positions: negative if `a` is before `b`, positive if it is behind, 0 if they are the same. */
  compare(partition: string, a: string, b: string): number;
}

/** The partition of a source that has only one. */
export const MAIN_PARTITION = "main";

/** Returns the positions of some partitions, which all have one. */
export function pick(vector: OffsetVector, partitions: readonly string[]): OffsetVector {
  return Object.fromEntries(partitions.map((partition) => [partition, vector[partition]!]));
}

/** Returns the canonical JSON of a vector: its partitions sorted by UTF-16 code units, without white space. */
export function offsetText(vector: OffsetVector): string {
  const partitions = Object.keys(vector);
  if (partitions.length > 1) partitions.sort((a, b) => (a < b ? -1 : 1));
  let members = "";
  for (const partition of partitions) {
    if (members !== "") members += ",";
    members += `${JSON.stringify(partition)}:${JSON.stringify(vector[partition])}`;
  }
  return `{${members}}`;
}

/** Returns whether two vectors have the same positions, by their texts. */
export function isSame(a: OffsetVector, b: OffsetVector): boolean {
  const partitions = Object.keys(a);
  if (partitions.length !== Object.keys(b).length) return false;
  return partitions.every((partition) => positionIn(b, partition) === a[partition]);
}

/** Returns the vector of its JSON; `undefined` if the text is no JSON of a vector. */
export function offsetsOf(text: string): OffsetVector | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isOffsetVector(value) ? value : undefined;
}

/** Returns whether a value is an object whose members are all strings. */
export function isOffsetVector(value: unknown): value is OffsetVector {
  return partitionsOf(value) !== undefined;
}

/** Returns the partitions of a value that is a vector; `undefined` if it is none. */
export function partitionsOf(value: unknown): readonly string[] | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const members = value as Record<string, unknown>;
  const partitions = Object.keys(members);
  return partitions.every((partition) => typeof members[partition] === "string") ? partitions : undefined;
}

/**
 * Compares two vectors: `before` if no position of `a` is behind that of `b` and one is before it, `apart` if
 * there are both. A partition that a vector lacks counts as one of which nothing was read: before all positions.
 */
export function compareOffsets(
  order: PositionOrder,
  a: OffsetVector,
  b: OffsetVector,
): "equal" | "before" | "after" | "apart" {
  const signs = new Set(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((partition) => {
      const [left, right] = [positionIn(a, partition), positionIn(b, partition)];
      if (left === undefined) return -1;
      return right === undefined ? 1 : Math.sign(order.compare(partition, left, right));
    }),
  );
  if (signs.has(-1)) return signs.has(1) ? "apart" : "before";
  return signs.has(1) ? "after" : "equal";
}

/** Returns whether a range has nothing in any partition; one that `lower` lacks is not empty. */
export function isEmptyRange(order: PositionOrder, { lower, upper }: OffsetRange): boolean {
  return Object.keys(upper).every((partition) => {
    const begin = positionIn(lower, partition);
    return begin !== undefined && order.compare(partition, begin, upper[partition]!) >= 0;
  });
}

/** Returns the position of a partition; `undefined` if the vector lacks it, also if an object's prototype has one. */
export function positionIn(vector: OffsetVector, partition: string): string | undefined {
  return Object.hasOwn(vector, partition) ? vector[partition] : undefined;
}
