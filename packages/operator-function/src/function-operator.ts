import { OperatorError } from "@tidegate/core";
import { unlessAborted } from "@tidegate/core/clock";
import type {
  JobContext,
  JobLog,
  JobOutcome,
  JobSplit,
  LogContext,
  ShardResult,
  SplitContext,
  SubmittedJob,
} from "@tidegate/core/operator";
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
import type { FunctionJob, JobFunctions, KnownFunction, WholeCall } from "./function-job.js";
import { jobSchemaOf } from "./job-schema.js";
import { checkFunctions } from "./options.js";

/** A job with its function. */
interface Task {
  readonly known: KnownFunction;
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
  readonly #functions: ReadonlyMap<string, KnownFunction>;
  readonly #calls = new Calls();
  #isStopped = false;

  constructor(functions: JobFunctions) {
    this.#functions = checkFunctions(functions);
    this.jobSchema = jobSchemaOf([...this.#functions.keys()]);
  }

  prepare({ function: named, args = {} }: FunctionJob): Task {
    const names = [...this.#functions.keys()];
    const known = this.#functions.get(named ?? (names.length === 1 ? names[0]! : ""));
    if (known === undefined) throw invalidJob("job.function", `must be one of ${names.join(", ")}`);
    return { known, args };
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
  async submit(call: JobCall<Task>, { signal }: JobContext): Promise<SubmittedJob> {
    if (this.#isStopped) throw new OperatorError("NOT_RUNNING", "The function operator has been stopped.");
    signal.throwIfAborted();
    const { request, job } = call;
    const whole = wholeCall(call, signal);
    return this.#calls.start(request.idempotencyKey, signal, async (callSignal, telling) =>
      job.known.run({
        ...whole,
        signal: callSignal,
        attempt: request.attempt,
        ...telling,
        shard: request.shard,
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

  async logs(jobId: string, _call: JobCall<Task>, { after }: LogContext): Promise<JobLog> {
    return this.#calls.logOf(jobId, after);
  }

  async cancel(jobId: string): Promise<void> {
    await this.#calls.stop(jobId, new OperatorError("JOB_CANCELLED", "The job was cancelled."));
  }

  canSplit({ known }: Task): boolean {
    return known.split !== undefined;
  }

  async split(call: JobCall<Task>, { signal, target }: SplitContext): Promise<JobSplit> {
    const { split } = call.job.known;
    if (split === undefined) throw new OperatorError("JOB_INVALID", "The function cannot be split.");
    return split({ ...wholeCall(call, signal), target });
  }

  async merge(call: JobCall<Task>, results: readonly ShardResult[], { signal }: JobContext): Promise<void> {
    await call.job.known.merge?.(wholeCall(call, signal), results);
  }
}

function wholeCall({ request, job }: JobCall<Task>, signal: AbortSignal): WholeCall {
  const { groupId, idempotencyKey: key } = request;
  const { lower, upper } = request.interval ?? timeBoundsOf(request);
  const offsets = request.boundaryType === "OFFSET" ? offsetRangeOf(request) : null;
  return {
    groupId,
    lower: new Date(lower),
    upper: new Date(upper),
    offsets,
    key,
    signal,
    args: job.args,
    request,
  };
}
