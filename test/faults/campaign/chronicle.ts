import type { JobRecord, Span } from "@tidegate/testkit";

/** When all groups were at work again, and which of them was the last. */
export interface Recovery {
  /** How long it took, ms. */
  readonly ms: number;
  readonly lastGroupId: string;
}

/** Returns when each of the groups has had a job that succeeded after an instant. `undefined` if one has had none yet. */
export function recoveryOf(
  records: readonly JobRecord[],
  groupIds: readonly string[],
  from: number,
): Recovery | undefined {
  const left = new Set(groupIds);
  for (const { event, state, groupId, at } of records) {
    if (event !== "ended" || state !== "SUCCEEDED" || at < from) continue;
    left.delete(groupId);
    if (left.size === 0) return { ms: at - from, lastGroupId: groupId };
  }
  return undefined;
}

/** Returns how late first attempts were submitted after their interval had ended, ms, but for those in these times. */
export function latenessOutside(records: readonly JobRecord[], times: readonly Span[]): number[] {
  return records
    .filter(({ event, attempt }) => event === "submit" && attempt === 1)
    .filter(({ at, upperBound }) =>
      times.every(({ lower, upper }) => at < lower || Number(upperBound) > upper),
    )
    .map(({ at, upperBound }) => at - Number(upperBound));
}

/** Returns the smallest of the values that so large a share of them does not exceed. */
export function percentile(values: readonly number[], share: number): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1];
}
