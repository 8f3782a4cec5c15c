import { hash } from "node:crypto";
import type {
  JobContext,
  JobOutcome,
  OfflineJobRequest,
  ScheduleOperator,
  SubmittedJob,
} from "@tidegate/core/operator";
import type { RequestFactory } from "./fixture.js";

/** Returns the context of an attempt that is never aborted. */
export function untroubled(): JobContext {
  return { signal: new AbortController().signal };
}

/** Returns the outcome of an accepted job, from `submit` if it is known already, else from `wait`. */
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

/** Returns an outcome without its log, which an operator may leave out when it is asked again. */
export function withoutLog({ log: _log, ...rest }: JobOutcome): JobOutcome {
  return rest;
}

/** Returns the end of a stopped job, whose `submit` or `wait` may also reject by the contract. */
export async function endOrRejection(work: Promise<JobOutcome>): Promise<JobOutcome["state"] | "REJECTED"> {
  return work.then(
    ({ state }) => state,
    () => "REJECTED",
  );
}

/** Returns the request of the same interval run again on purpose: another run with another key. */
export function laterGeneration(request: RequestFactory): OfflineJobRequest {
  const { runId, idempotencyKey } = request();
  return request({ runId: anotherId(runId), idempotencyKey: anotherId(idempotencyKey) });
}

/** Returns the request of the interval that lies `steps` of its own length later. */
export function laterInterval(request: RequestFactory, steps: number): OfflineJobRequest {
  const base = request();
  const shift = steps * (Number(base.upperBound) - Number(base.lowerBound));
  return request({
    lowerBound: String(Number(base.lowerBound) + shift),
    upperBound: String(Number(base.upperBound) + shift),
    scheduledTime: base.scheduledTime + shift,
    runId: anotherId(base.runId, steps),
    idempotencyKey: anotherId(base.idempotencyKey, steps),
  });
}

/** Returns another id in core's form: 32 hex digits. */
function anotherId(id: string, steps = 1): string {
  return hash("sha256", `${id}+${steps}`, "hex").slice(0, 32);
}
