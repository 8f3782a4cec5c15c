import { createTidegate, type JsonObject, type Run } from "@tidegate/core";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createHttpOperator, type HttpOperatorOptions } from "../../src/index.js";
import { LOOPBACK } from "./operators.js";

const DAY = 86_400_000;

/** A run that has ended, and when its attempts were submitted, ms after the first. */
export interface WholeRun {
  readonly run: Run;
  readonly submittedAt: readonly number[];
}

/**
 * Has a whole Tidegate carry out one run of a job that completes with its answer, through all its attempts. Its clock stands
 * still while a service works, so that the times of attempts are exact.
 */
export async function wholeRun(
  job: JsonObject,
  options: Partial<HttpOperatorOptions> = {},
): Promise<WholeRun> {
  const clock = new VirtualClock();
  const tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [embeddedEngine()],
    operators: [createHttpOperator({ ...LOOPBACK, clock, ...options })],
    clock,
  });
  await tidegate.start();
  try {
    await tidegate.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "day" },
      backoff: { initialMs: 1_000, maxMs: 1_000 },
      maxAttempts: 3,
      job,
    });
    await clock.advance(DAY);
    for (;;) {
      const [run] = (await tidegate.client.runs({ groupId: "orders" })).items;
      if (run?.state === "SUCCEEDED" || run?.state === "FAILED")
        return { run, submittedAt: submittedAt(run) };
      if (run?.state === "PLANNED") await clock.advance(100);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await tidegate.stop();
  }
}

function submittedAt({ history, submittedAt }: Run): number[] {
  const times = [...history.map((attempt) => attempt.submittedAt ?? 0), submittedAt ?? 0];
  return times.map((time) => time - (times[0] ?? 0));
}
