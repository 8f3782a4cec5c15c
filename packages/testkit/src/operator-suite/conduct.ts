import { hash } from "node:crypto";
import type {
  JobContext,
  JobOutcome,
  OfflineJobRequest,
  ScheduleOperator,
  SubmittedJob,
} from "@tidegate/core";
import type { RequestFactory } from "./fixture.js";

/** The context of an attempt that nobody aborts. */
export function untroubled(): JobContext {
  return { signal: new AbortController().signal };
}

/** How a job that was taken ends: as `submit` told already, or as `wait` tells. */
export async function endOf(
  operator: ScheduleOperator,
  job: SubmittedJob,
  request: OfflineJobRequest,
  context: JobContext = untroubled(),
): Promise<JobOutcome> {
  return job.outcome ?? operator.wait(job.jobId, request, context);
}

/** Submits a job and waits for its end, as the dispatcher does. */
export async function carryOut(
  operator: ScheduleOperator,
  request: OfflineJobRequest,
  context: JobContext = untroubled(),
): Promise<JobOutcome> {
  return endOf(operator, await operator.submit(request, context), request, context);
}

/** The end of a job that was stopped: the contract lets its `submit` or `wait` reject instead of telling it. */
export async function endOrRejection(work: Promise<JobOutcome>): Promise<JobOutcome["state"] | "REJECTED"> {
  return work.then(
    ({ state }) => state,
    () => "REJECTED",
  );
}

/** The same interval run once more on purpose: another run with another key. */
export function laterGeneration(request: RequestFactory): OfflineJobRequest {
  const { runId, idempotencyKey } = request();
  return request({ runId: anotherId(runId), idempotencyKey: anotherId(idempotencyKey) });
}

/** The request of the interval that lies `steps` of its own length later. */
export function laterInterval(request: RequestFactory, steps: number): OfflineJobRequest {
  const base = request();
  const shift = steps * (Number(base.upperBoundary) - Number(base.lowerBoundary));
  return request({
    lowerBoundary: String(Number(base.lowerBoundary) + shift),
    upperBoundary: String(Number(base.upperBoundary) + shift),
    scheduledTime: base.scheduledTime + shift,
    runId: anotherId(base.runId, steps),
    idempotencyKey: anotherId(base.idempotencyKey, steps),
  });
}

/** Another id of the form that core gives: 32 hex digits. */
function anotherId(id: string, steps = 1): string {
  return hash("sha256", `${id}+${steps}`, "hex").slice(0, 32);
}
