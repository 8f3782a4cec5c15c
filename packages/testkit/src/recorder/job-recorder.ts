import { randomUUID } from "node:crypto";
import { OperatorError } from "@tidegate/core";
import { type Clock, SystemClock } from "@tidegate/core/clock";
import type { JobOutcome, OfflineJobRequest, ScheduleOperator, SubmittedJob } from "@tidegate/core/operator";
import { messageOf } from "@tidegate/core/plugin";
import type { JobRecord, JobRecordEvent, RecordSink } from "./job-record.js";
import { recordFile } from "./record-file.js";

/** Settings of a job recorder. */
export interface JobRecorderOptions {
  /** The source of the records' times. @default the machine's clock */
  readonly clock?: Clock;
  /**
   * Name of the writer; must be unique among the writers of a file. @default the process id and a random part
   */
  readonly writer?: string;
}

/** Maximum length of a kept error message, characters. */
const MAX_MESSAGE = 300;

/**
 * Wraps an operator so that all requests to it and all its answers are recorded, independently of the ledger
 * that sends them. A submission is recorded before the operator is called and its answer before the caller
 * gets it, so a killed process loses nothing that anybody acted on. If a record cannot be kept, the call
 * fails: a submission with an `OperatorError`, since the job was not accepted.
 *
 * Everything else of the operator is passed through unchanged.
 *
 * @param to - path of the file to append to, or a sink of the records
 * @throws the file system's error if the file cannot be opened
 */
export function jobRecorder<T extends ScheduleOperator>(
  operator: T,
  to: string | RecordSink,
  options: JobRecorderOptions = {},
): T {
  const recorder = new Recorder(operator, typeof to === "string" ? recordFile(to).append : to, options);
  const recorded: Pick<ScheduleOperator, "submit" | "find" | "wait" | "cancel"> = {
    submit: (...args) => recorder.submit(...args),
    find: (...args) => recorder.find(...args),
    wait: (...args) => recorder.wait(...args),
    cancel: (...args) => recorder.cancel(...args),
  };
  return new Proxy(operator, {
    get: (target, name) => {
      if (Object.hasOwn(recorded, name)) return recorded[name as keyof typeof recorded];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

class Recorder {
  readonly #operator: ScheduleOperator;
  readonly #keep: RecordSink;
  readonly #clock: Clock;
  readonly #writer: string;
  #calls = 0;

  constructor(operator: ScheduleOperator, keep: RecordSink, options: JobRecorderOptions) {
    this.#operator = operator;
    this.#keep = keep;
    this.#clock = options.clock ?? new SystemClock();
    this.#writer = options.writer ?? `${process.pid}-${randomUUID().slice(0, 8)}`;
  }

  submit: ScheduleOperator["submit"] = async (request, context) => {
    const write = this.#writing(request);
    try {
      write("submit");
    } catch (cause) {
      const message = `The submission was not recorded, so it was not made: ${messageOf(cause)}`;
      throw new OperatorError("JOB_FAILED", message, { cause });
    }
    let job: SubmittedJob;
    try {
      job = await this.#operator.submit(request, context);
    } catch (error) {
      write(isRefusal(error) ? "refused" : "unclear", { error: shortMessage(error) });
      throw error;
    }
    write("submitted", { jobId: job.jobId });
    if (job.outcome !== undefined) write("ended", ending(job.jobId, job.outcome));
    return job;
  };

  find: ScheduleOperator["find"] = async (key, request) => {
    const write = this.#writing({ ...request, idempotencyKey: key });
    write("find");
    let job: SubmittedJob | undefined;
    try {
      job = await this.#operator.find(key, request);
    } catch (error) {
      write("find-failed", { error: shortMessage(error) });
      throw error;
    }
    if (job === undefined) write("absent");
    else write("found", { jobId: job.jobId });
    if (job?.outcome !== undefined) write("ended", ending(job.jobId, job.outcome));
    return job;
  };

  wait: ScheduleOperator["wait"] = async (jobId, request, context) => {
    const write = this.#writing(request);
    const outcome = await this.#operator.wait(jobId, request, context);
    write("ended", ending(jobId, outcome));
    return outcome;
  };

  cancel: ScheduleOperator["cancel"] = async (jobId, request) => {
    const write = this.#writing(request);
    write("cancel", { jobId });
    try {
      await this.#operator.cancel(jobId, request);
    } catch (error) {
      write("cancel-failed", { jobId, error: shortMessage(error) });
      throw error;
    }
    write("stopped", { jobId });
  };

  /** Writes the records of one call. */
  #writing(request: OfflineJobRequest): (event: JobRecordEvent, more?: Partial<JobRecord>) => void {
    this.#calls += 1;
    const call = this.#calls;
    return (event, more = {}) =>
      this.#keep({
        event,
        at: this.#clock.now(),
        writer: this.#writer,
        call,
        operatorType: this.#operator.operatorType,
        groupId: request.groupId,
        runId: request.runId,
        key: request.idempotencyKey,
        kind: request.kind,
        mode: request.mode,
        boundaryType: request.boundaryType,
        lowerBound: request.lowerBound,
        upperBound: request.upperBound,
        attempt: request.attempt,
        ...(request.shard === undefined
          ? {}
          : { shard: { key: request.shard.key, count: request.shard.count } }),
        ...more,
      });
  }
}

/** Codes with which a call is aborted, whatever happened to the job. */
const BROKEN_OFF: readonly string[] = ["JOB_CANCELLED", "JOB_TIMED_OUT", "NOT_RUNNING"];

/** Returns whether an error says that the job was certainly not accepted. */
function isRefusal(error: unknown): boolean {
  return error instanceof OperatorError && !BROKEN_OFF.includes(error.code);
}

function ending(jobId: string, { state, error }: JobOutcome): Partial<JobRecord> {
  return { jobId, state, ...(error === undefined ? {} : { error: error.message.slice(0, MAX_MESSAGE) }) };
}

function shortMessage(error: unknown): string {
  return messageOf(error).slice(0, MAX_MESSAGE);
}
