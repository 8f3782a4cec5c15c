import type { JobOutcome, OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";

/** An operator whose jobs end when the test says so. */
export interface GatedOperator extends ScheduleOperator {
  readonly submitted: readonly OfflineJobRequest[];
  /** Ends all jobs, those to come included. */
  end(outcome: JobOutcome): void;
}

/** Makes one. */
export function gatedOperator(): GatedOperator {
  const submitted: OfflineJobRequest[] = [];
  const waiting = new Set<(outcome: JobOutcome) => void>();
  let ending: JobOutcome | undefined;
  return {
    operatorType: "gated",
    submitted,
    end: (outcome) => {
      ending = outcome;
      for (const resolve of waiting) resolve(outcome);
      waiting.clear();
    },
    submit: async (request) => {
      submitted.push(request);
      return ending === undefined ? { jobId: request.runId } : { jobId: request.runId, outcome: ending };
    },
    find: async () => undefined,
    wait: (_jobId, _request, { signal }) =>
      new Promise((resolve, reject) => {
        if (ending !== undefined) return resolve(ending);
        waiting.add(resolve);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
    cancel: async () => {},
  };
}
