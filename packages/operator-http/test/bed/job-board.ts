import type { Boundaries } from "@tidegate/core";
import type { HttpSubmission } from "../../src/index.js";
import type { Received } from "./service.js";

/** How a job goes, as the test's `payload` says. */
export type Course = "quick" | "slow" | "failing" | "logging";

interface BoardJob {
  readonly jobId: string;
  readonly interval: string;
  readonly isSlow: boolean;
  readonly log: string | undefined;
  attempt: number;
  state: "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
}

type Report = Readonly<Record<string, unknown>>;

/**
 * A batch service as the README asks for: a repeated key is the same job while that runs or has succeeded, and a new one
 * where it failed. A job that succeeds replaces what was there of its interval.
 */
export class JobBoard {
  readonly #jobByKey = new Map<string, BoardJob>();
  readonly #rowsByInterval = new Map<string, number>();
  #count = 0;
  /** Told of each job that ends. */
  onEnd: (key: string, report: Report) => void = () => undefined;

  /** `undefined` means 404. */
  answer({ method, path, body }: Received): Report | undefined {
    const url = new URL(path, "http://board");
    const id = url.pathname.split("/")[2];
    if (method === "GET" && id === undefined)
      return this.#report(this.#jobByKey.get(url.searchParams.get("key") ?? ""));
    if (method === "GET") return this.#report(this.#withId(id));
    const request = JSON.parse(body.toString()) as HttpSubmission;
    return id === undefined ? this.#submit(request) : this.#cancel(id);
  }

  rowsOf({ lowerBound, upperBound }: Boundaries): number {
    return this.#rowsByInterval.get(`${lowerBound}/${upperBound}`) ?? 0;
  }

  #submit(request: HttpSubmission): Report | undefined {
    const { idempotencyKey, attempt, lowerBoundary, upperBoundary, job } = request;
    const known = this.#jobByKey.get(idempotencyKey);
    if (known !== undefined && (known.state === "RUNNING" || known.state === "SUCCEEDED"))
      return this.#report(known);
    const { course } = job.payload as { course: Course };
    this.#count += 1;
    const one: BoardJob = {
      jobId: `job-${this.#count}`,
      interval: `${lowerBoundary}/${upperBoundary}`,
      isSlow: course === "slow",
      log: course === "logging" ? "10 rows read\n9 rows written\n" : undefined,
      attempt,
      state: "RUNNING",
    };
    this.#jobByKey.set(idempotencyKey, one);
    const report = this.#report(one);
    if (!one.isSlow)
      setImmediate(() => this.#end(idempotencyKey, one, course === "failing" ? "FAILED" : "SUCCEEDED"));
    return report;
  }

  #cancel(id: string): Report | undefined {
    const [key, job] = [...this.#jobByKey].find(([, { jobId }]) => jobId === id) ?? [];
    if (key !== undefined && job?.state === "RUNNING") this.#end(key, job, "CANCELLED");
    return this.#report(job);
  }

  #end(key: string, job: BoardJob, state: BoardJob["state"]): void {
    if (job.state !== "RUNNING") return;
    job.state = state;
    if (state === "SUCCEEDED") this.#rowsByInterval.set(job.interval, 1);
    this.onEnd(key, this.#report(job)!);
  }

  #withId(id: string | undefined): BoardJob | undefined {
    return [...this.#jobByKey.values()].find(({ jobId }) => jobId === id);
  }

  #report(job: BoardJob | undefined): Report | undefined {
    if (job === undefined) return undefined;
    return {
      jobId: job.jobId,
      state: job.state,
      ...(job.log === undefined ? {} : { log: job.log }),
      ...(job.state === "SUCCEEDED" ? { metrics: { rowsRead: 7, rowsWritten: 7, rowsDirty: 0 } } : {}),
      ...(job.state === "FAILED" ? { error: { code: "NO_TABLE", message: "The table is gone." } } : {}),
    };
  }
}
