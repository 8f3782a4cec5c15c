import type { Interval } from "@tidegate/core";
import type { JobOutcome, OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";

/** An operator in this process that only records its submissions. */
export interface CountingOperator extends ScheduleOperator {
  /** Every submission, in order of arrival; a repeated one is there twice. */
  readonly submissions: readonly OfflineJobRequest[];
  /** Returns how many jobs of a group were submitted. */
  countOf(groupId: string): number;
  /** Returns the submitted intervals of a group, by time. */
  intervalsOf(groupId: string): Interval[];
}

const SUCCEEDED: JobOutcome = {
  state: "SUCCEEDED",
  metrics: { rowsRead: 1, rowsWritten: 1, rowsDirty: 0 },
};

/**
 * Creates an operator that counts its jobs, which succeed at once. It remembers across a restart, as a batch
 * engine does, so one object may serve several Tidegates of a test in succession.
 */
export function countingOperator(operatorType = "counting"): CountingOperator {
  const submissions: OfflineJobRequest[] = [];
  const byGroup = new Map<string, OfflineJobRequest[]>();
  const keys = new Set<string>();
  const ended = (key: string) => ({ jobId: key, outcome: SUCCEEDED });
  return {
    operatorType,
    submissions,
    countOf: (groupId) => byGroup.get(groupId)?.length ?? 0,
    intervalsOf: (groupId) => (byGroup.get(groupId) ?? []).map(intervalOf).sort((a, b) => a.lower - b.lower),
    submit: async (request) => {
      const { groupId, idempotencyKey } = request;
      submissions.push(request);
      keys.add(idempotencyKey);
      byGroup.set(groupId, [...(byGroup.get(groupId) ?? []), request]);
      return ended(idempotencyKey);
    },
    find: async (key) => (keys.has(key) ? ended(key) : undefined),
    wait: async () => SUCCEEDED,
    cancel: async () => {},
  };
}

function intervalOf({ lowerBound, upperBound }: OfflineJobRequest): Interval {
  return { lower: Number(lowerBound), upper: Number(upperBound) };
}
