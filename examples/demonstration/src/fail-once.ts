import type {
  JobContext,
  JobOutcome,
  OfflineJobRequest,
  RowCounts,
  ScheduleOperator,
  SubmittedJob,
  VerifyContext,
} from "@tidegate/core/operator";

/** Passes everything on to another operator, but lets the first attempt of one run fail. */
export class FailOnce implements ScheduleOperator {
  readonly operatorType: string;
  readonly #inner: ScheduleOperator;
  readonly #isChosen: (request: OfflineJobRequest) => boolean;

  constructor(inner: ScheduleOperator, isChosen: (request: OfflineJobRequest) => boolean) {
    this.#inner = inner;
    this.#isChosen = isChosen;
    this.operatorType = inner.operatorType;
  }

  async start(): Promise<void> {
    await this.#inner.start?.();
  }

  async stop(): Promise<void> {
    await this.#inner.stop?.();
  }

  async submit(request: OfflineJobRequest, context: JobContext): Promise<SubmittedJob> {
    if (request.attempt > 1 || !this.#isChosen(request)) return this.#inner.submit(request, context);
    const error = { code: "JOB_FAILED", message: "the source was not reachable (staged)" };
    return { jobId: `${request.runId}-staged`, outcome: { state: "FAILED", error } };
  }

  find(key: string, request: OfflineJobRequest): Promise<SubmittedJob | undefined> {
    return this.#inner.find(key, request);
  }

  wait(jobId: string, request: OfflineJobRequest, context: JobContext): Promise<JobOutcome> {
    return this.#inner.wait(jobId, request, context);
  }

  async verify(request: OfflineJobRequest, context: VerifyContext): Promise<RowCounts> {
    return this.#inner.verify!(request, context);
  }

  cancel(jobId: string, request: OfflineJobRequest): Promise<void> {
    return this.#inner.cancel(jobId, request);
  }
}
