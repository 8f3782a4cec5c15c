import type { JobOutcome, ScheduleOperator } from "@tidegate/core/operator";

const DONE: JobOutcome = { state: "SUCCEEDED" };

/** An operator whose jobs are a line on the screen. In its place stands whatever runs your batch jobs. */
export function printingOperator(pageOf: (groupId: string) => string): ScheduleOperator {
  const keys = new Set<string>();
  return {
    operatorType: "printing",
    submit: async ({ groupId, lowerBound, upperBound, idempotencyKey }) => {
      keys.add(idempotencyKey);
      const lateS = ((Date.now() - Number(upperBound)) / 1_000).toFixed(1);
      const interval = `[${time(lowerBound)}, ${time(upperBound)})`;
      console.log(`${groupId} ${interval} ran ${lateS} s after its end: ${pageOf(groupId)}`);
      return { jobId: idempotencyKey, outcome: DONE };
    },
    find: async (key) => (keys.has(key) ? { jobId: key, outcome: DONE } : undefined),
    wait: async () => DONE,
    cancel: async () => {},
  };
}

function time(instant: string): string {
  return new Date(Number(instant)).toISOString().slice(11, 19);
}
