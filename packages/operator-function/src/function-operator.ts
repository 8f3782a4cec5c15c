import {
  type JobContext,
  type JobOutcome,
  type JsonObject,
  type OfflineJobRequest,
  OperatorError,
  type ScheduleOperator,
  type SubmittedJob,
} from "@tidegate/core";
import { Calls } from "./calls.js";
import type { JobFunction, JobFunctions } from "./function-job.js";
import { checkFunctions } from "./options.js";
import { parseJob } from "./parse-job.js";

/**
 * Operator that runs each interval as one call of a function in this process.
 *
 * A call dies with the process and cannot be found after a restart, so the next attempt calls the function
 * again for the same interval. Hence the one rule for functions: replace what an earlier call for the
 * interval wrote.
 */
export class FunctionOperator implements ScheduleOperator {
  readonly operatorType = "function";
  readonly #functions: ReadonlyMap<string, JobFunction>;
  readonly #calls = new Calls();
  #isStopped = false;

  /** @throws ConfigurationError CONFIGURATION_INVALID when there is no function, or one is not a function */
  constructor(functions: JobFunctions) {
    this.#functions = checkFunctions(functions);
  }

  async start(): Promise<void> {
    this.#isStopped = false;
  }

  /** Aborts the signals of all calls. Does not wait for a function that ignores its signal. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#calls.abortAll(new OperatorError("JOB_CANCELLED", "The operator stops."));
  }

  validate(job: JsonObject): void {
    parseJob(job, this.#functions);
  }

  /**
   * Starts the call, or joins the one running under the same key.
   *
   * @throws OperatorError JOB_INVALID with the offending field; NOT_RUNNING after `stop`
   */
  async submit(request: OfflineJobRequest, { signal }: JobContext): Promise<SubmittedJob> {
    if (this.#isStopped) throw new OperatorError("NOT_RUNNING", "The function operator has been stopped.");
    const { run, args } = parseJob(request.job, this.#functions);
    signal.throwIfAborted();
    return this.#calls.start(request.idempotencyKey, signal, async (callSignal, progress) =>
      run({
        groupId: request.groupId,
        lower: new Date(Number(request.lowerBoundary)),
        upper: new Date(Number(request.upperBoundary)),
        attempt: request.attempt,
        key: request.idempotencyKey,
        signal: callSignal,
        args,
        progress,
        request,
      }),
    );
  }

  async find(key: string): Promise<SubmittedJob | undefined> {
    return this.#calls.find(key);
  }

  /**
   * @throws OperatorError JOB_FAILED when the call ended with the process that made it
   * @throws the signal's reason when it is aborted
   */
  async wait(jobId: string, _request: OfflineJobRequest, { signal }: JobContext): Promise<JobOutcome> {
    signal.throwIfAborted();
    const outcome = this.#calls.outcomeOf(jobId);
    if (outcome === undefined) {
      throw new OperatorError("JOB_FAILED", `The call ${jobId} ended with the process that made it.`);
    }
    return unlessAborted(outcome, signal);
  }

  async cancel(jobId: string): Promise<void> {
    await this.#calls.stop(jobId, new OperatorError("JOB_CANCELLED", "The job was cancelled."));
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
