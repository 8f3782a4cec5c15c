import type { GroupLag, Lags, Schedule } from "@tidegate/core";

/** How far a group is covered, and how much of its planned time is not. */
export type GroupCover = Pick<GroupLag, "coveredThrough" | "lagMs">;

/**
 * Returns how far a group is covered.
 *
 * @param lags - of the groups that lag most, as `lags` returns them
 * @returns `undefined` if the list ends before the group, or if nothing is planned for it
 */
export function coverOf(
  { spec: { groupId }, status, watermark }: Schedule,
  { groups, isWhole }: Lags,
): GroupCover | undefined {
  if (status === "SOURCE" || status === "DELETED") return undefined;
  const lag = groups.find((each) => each.groupId === groupId);
  return lag ?? (isWhole ? { coveredThrough: watermark, lagMs: 0 } : undefined);
}
