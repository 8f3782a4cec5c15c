import { OperatorError } from "@tidegate/core";
import { unlessAborted } from "@tidegate/core/clock";
import type { JobContext, JobOutcome, SubmittedJob } from "@tidegate/core/operator";
import {
  type DefinedOperator,
  defineOperator,
  invalidJob,
  type JobCall,
  offsetRangeOf,
  type PreparingDefinition,
  timeBoundsOf,
} from "@tidegate/operator-kit";
import { Calls } from "./calls.js";
import type { FunctionJob, JobFunction, JobFunctions } from "./function-job.js";
import { jobSchemaOf } from "./job-schema.js";
import { checkFunctions } from "./options.js";

/** A job with its function. */
interface Task {
  readonly run: JobFunction;
  readonly args: NonNullable<FunctionJob["args"]>;
}

/**
 * Returns an operator that runs each interval as one call of a function in this process.
 *
 * A call dies with the process and cannot be found after a restart, so the next attempt calls the function
 * again for the same interval. Hence the one rule for functions: replace what an earlier call for the
 * interval wrote.
 *
 * ```ts
 * const operator = jobRecorder(createFunctionOperator({ load }), "jobs.jsonl");
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID when there is no function, or one is not a function
 */
export function createFunctionOperator(functions: JobFunctions): DefinedOperator {
  return defineOperator(new FunctionCalls(functions));
}

class FunctionCalls implements PreparingDefinition<FunctionJob, Task> {
  readonly type = "function";
  readonly boundaryTypes = ["TIME", "OFFSET"] as const;
  readonly jobSchema;
  readonly #functions: ReadonlyMap<string, JobFunction>;
  readonly #calls = new Calls();
  #isStopped = false;

  constructor(functions: JobFunctions) {
    this.#functions = checkFunctions(functions);
    this.jobSchema = jobSchemaOf([...this.#functions.keys()]);
  }

  prepare({ function: named, args = {} }: FunctionJob): Task {
    const known = [...this.#functions.keys()];
    const run = this.#functions.get(named ?? (known.length === 1 ? known[0]! : ""));
    if (run === undefined) throw invalidJob("job.function", `must be one of ${known.join(", ")}`);
    return { run, args };
  }

  async start(): Promise<void> {
    this.#isStopped = false;
  }

  /** Aborts the signals of all calls. Does not wait for a function that ignores its signal. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#calls.abortAll(new OperatorError("JOB_CANCELLED", "The operator stops."));
  }

  /**
   * Starts the call, or joins the one running under the same key.
   *
   * @throws OperatorError NOT_RUNNING after `stop`
   */
  async submit({ request, job }: JobCall<Task>, { signal }: JobContext): Promise<SubmittedJob> {
    if (this.#isStopped) throw new OperatorError("NOT_RUNNING", "The function operator has been stopped.");
    signal.throwIfAborted();
    const { lower, upper } = request.interval ?? timeBoundsOf(request);
    const offsets = request.boundaryType === "OFFSET" ? offsetRangeOf(request) : null;
    return this.#calls.start(request.idempotencyKey, signal, async (callSignal, progress) =>
      job.run({
        groupId: request.groupId,
        lower: new Date(lower),
        upper: new Date(upper),
        offsets,
        attempt: request.attempt,
        key: request.idempotencyKey,
        signal: callSignal,
        args: job.args,
        progress,
        request,
      }),
    );
  }

  async find({ request }: JobCall<Task>): Promise<SubmittedJob | undefined> {
    return this.#calls.find(request.idempotencyKey);
  }

  /**
   * @throws OperatorError JOB_FAILED when the call ended with the process that made it
   * @throws the signal's reason when it is aborted
   */
  async wait(jobId: string, _call: JobCall<Task>, { signal }: JobContext): Promise<JobOutcome> {
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
