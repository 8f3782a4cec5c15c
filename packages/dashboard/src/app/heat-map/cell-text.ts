import type { CoverageBucket } from "@tidegate/core";
import { intervalText } from "../time/format.js";
import { CONDITION_LOOKS } from "./condition.js";

/** Returns in words what a bucket shows. */
export function cellFacts(bucket: CoverageBucket, sealedThrough: number | null): string[] {
  const { condition, succeededShare, intervals, isStale, isRerunning, upper } = bucket;
  const isPart = intervals === null && succeededShare < 1;
  return [
    isPart && succeededShare > 0
      ? `${shareText(succeededShare)} succeeded, worst: ${CONDITION_LOOKS[condition].name.toLowerCase()}`
      : CONDITION_LOOKS[condition].name,
    ...(intervals !== null && intervals > 1 ? [`one run for ${intervals} intervals`] : []),
    ...(isStale ? ["stale: its input has changed since"] : []),
    ...(isRerunning ? ["being run again"] : []),
    ...(sealedThrough !== null && upper <= sealedThrough ? ["sealed"] : []),
  ];
}

/** Returns a bucket in one line, for readers of a screen. */
export function cellText(bucket: CoverageBucket, sealedThrough: number | null, zone: string): string {
  return `${intervalText(bucket, zone)}: ${cellFacts(bucket, sealedThrough).join(", ")}`;
}

/** Returns a share in percent, never rounded up to all. */
export function shareText(share: number): string {
  if (share >= 1) return "100 %";
  return `${Math.min(99.9, Math.floor(share * 1_000) / 10)} %`;
}
