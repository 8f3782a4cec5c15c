import type { ScheduleInfo } from "@tidegate/core";
import type { OffsetProvider } from "@tidegate/core/offset";

/** A source of 1,200 records in one partition. */
export const LOG: OffsetProvider = {
  sourceType: "log",
  bounds: async (_source, { now }) => ({
    earliest: { "0": "0" },
    latest: { "0": "1200" },
    incarnation: "first",
    at: now,
  }),
  compare: (_partition, a, b) => Number(a) - Number(b),
};

/** A schedule, `events`, that reads the source and fires only in another century. */
export function events(job: string): ScheduleInfo {
  return {
    groupId: "events",
    trigger: { type: "once", at: Date.UTC(2126, 0, 1) },
    boundaryType: "OFFSET",
    source: { type: "log" },
    startAt: "earliest",
    operator: "http",
    job: { url: job, completion: "response" },
  };
}
