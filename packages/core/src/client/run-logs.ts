import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { Cancellation } from "../dispatch/cancellation.js";
import { checkedLog } from "../dispatch/operator-answer.js";
import { jobRequest } from "../dispatch/request.js";
import { shardsJobId } from "../dispatch/sharded-operator.js";
import { isTidegateError, messageOf, OperatorError, ScheduleError } from "../errors/errors.js";
import { type JobLog, logAfter } from "../job/job-log.js";
import type { ScheduleOperator } from "../operator/operator.js";
import type { SpecCache } from "../planning/spec-cache.js";
import { attemptsBegun, isAttempted } from "../run/attempts.js";
import type { Run } from "../run/run.js";
import type { LogTable } from "../store/log-table.js";

/** Which part of a run's logs to read. */
export interface LogOptions {
  /** The ordinal of the attempt over all retries of the run, 1 for the first. @default the newest */
  readonly attempt?: number;
  /** Only lines from this number on: `RunLog.next` of an earlier answer for the same attempt. @default 0 */
  readonly after?: number;
}

/** Lines that an attempt of a run has logged. */
export interface RunLog {
  /** The run. */
  readonly runId: string;
  /** The ordinal of the attempt over all retries, 1 for the first; 0 if none has begun. */
  readonly attempt: number;
  /** How many attempts of the run have begun, over all retries. */
  readonly attempts: number;
  /** The lines, oldest first. They are to be shown as plain text: they may contain anything. */
  readonly lines: readonly string[];
  /** The number of the first of these lines, counted from 0 over all that the attempt has logged. */
  readonly first: number;
  /** `after` of a request for what comes next. */
  readonly next: number;
  /** Whether the attempt has ended. */
  readonly isEnded: boolean;
  /** Whether these lines are kept, and never change. The log of an attempt is kept right after its end. */
  readonly isFinal: boolean;
}

/** How long an operator may take to return lines of a running job, ms. */
const LIVE_LIMIT_MS = 10_000;

/** Dependencies of `RunLogs`. */
export interface RunLogsParts {
  readonly store: LogTable;
  readonly clock: Clock;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  readonly specs: SpecCache;
}

/** The logs of runs: those of ended attempts as they are kept, and that of a running job as its operator has it. */
export class RunLogs {
  readonly #parts: RunLogsParts;

  constructor(parts: RunLogsParts) {
    this.#parts = parts;
  }

  /**
   * @throws ScheduleError ARGUMENT_INVALID if the attempt has not begun; OperatorError if the lines of a running job
   *   cannot be read now
   */
  async read(run: Run, { attempt, after = 0 }: LogOptions): Promise<RunLog> {
    const begun = attemptsBegun(run);
    const wanted = attempt ?? begun;
    if (wanted > begun) throw notBegun(run, wanted, begun);
    const isEnded = wanted < begun || !isAttempted(run);
    const kept = isEnded && wanted > 0 ? await this.#parts.store.getLog(run.id, wanted) : undefined;
    const known = kept ?? (isEnded ? undefined : await this.#live(run, after));
    const { lines, first } = logAfter(known ?? { lines: [], first: after }, after);
    const next = lines.length === 0 ? after : first + lines.length;
    return {
      runId: run.id,
      attempt: wanted,
      attempts: begun,
      lines,
      first,
      next,
      isEnded: isEnded && wanted > 0,
      isFinal: kept !== undefined,
    };
  }

  /** Returns lines of a running job; `undefined` if it has none that this manager could read. */
  async #live(run: Run, after: number): Promise<JobLog | undefined> {
    const operator = this.#parts.operators.get(run.operator);
    const { jobId } = run;
    if (operator?.logs === undefined || jobId === null || jobId === shardsJobId(run.id)) return undefined;
    const spec = await this.#parts.specs.get(run);
    if (spec === undefined) return undefined;
    const limit = new Cancellation();
    try {
      const { signal } = limit;
      const reading = operator.logs(jobId, jobRequest(run, spec), { after, signal });
      const answer = await new Waits(this.#parts.clock).within(LIVE_LIMIT_MS, reading);
      if (answer === undefined) throw new Error("The operator has not answered.");
      return checkedLog(answer);
    } catch (error) {
      if (isTidegateError(error)) throw error;
      const message = `The log of the job cannot be read now: ${messageOf(error)}`;
      throw new OperatorError("JOB_FAILED", message, { cause: error });
    } finally {
      limit.cancel(new OperatorError("JOB_CANCELLED", "The log was not waited for any longer."));
    }
  }
}

function notBegun({ id }: Run, wanted: number, begun: number): ScheduleError {
  const had = begun === 1 ? "1 attempt" : `${begun} attempts`;
  return new ScheduleError(
    "ARGUMENT_INVALID",
    `attempt: run ${id} has had ${had} so far, and none of number ${wanted}.`,
    { field: "attempt" },
  );
}
