import { openAsBlob } from "node:fs";
import { fileForm } from "@tidegate/rest-client";
import type { JobExceptions } from "./exceptions.js";
import { NoAnswer, Refused, type RestEndpoint } from "./http.js";

/** Values of Flink's `JobStatus`. */
export type FlinkState =
  | "INITIALIZING"
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING"
  | "SUSPENDED"
  | "RECONCILING";

/** State of a job: running, or ended in one of three ways. */
export type JobResult = { readonly state: "RUNNING" } | EndedJob;

/** How a job ended. */
export type EndedJob =
  | { readonly state: "FINISHED" | "CANCELED" }
  | { readonly state: "FAILED"; readonly trace: string };

/** The parts of a job, as `GET /jobs/:id` reports them. */
export interface JobDetails {
  readonly state: FlinkState;
  readonly vertices: readonly {
    readonly id: string;
    readonly name: string;
    readonly metrics: Readonly<Record<string, number | boolean>>;
  }[];
  readonly plan: {
    readonly nodes: readonly { readonly id: string; readonly inputs?: readonly { readonly id: string }[] }[];
  };
}

/** Body of `POST /jars/:id/run`. */
export interface JarRun {
  readonly jobId: string;
  readonly programArgsList: readonly string[];
  readonly entryClass?: string;
  readonly parallelism?: number;
  readonly flinkConfiguration?: Readonly<Record<string, string>>;
}

interface ExecutionResult {
  readonly status: { readonly id: "IN_PROGRESS" | "COMPLETED" };
  readonly "job-execution-result"?: {
    readonly "application-status": "SUCCEEDED" | "FAILED" | "CANCELED" | "UNKNOWN";
    readonly "failure-cause"?: { readonly "stack-trace": string };
  };
}

/** Time limit for starting a program, ms: its `main` runs on the JobManager before that responds. */
const RUN_LIMIT_MS = 120_000;

/** Time limit for uploads, ms: large enough for a large jar on a slow line. */
const UPLOAD_LIMIT_MS = 600_000;

/** Client of the JobManager's REST API. Each call @throws NoAnswer or Refused. */
export class JobManager {
  readonly #rest: RestEndpoint;
  #isThere = false;

  constructor(rest: RestEndpoint) {
    this.#rest = rest;
  }

  /**
   * Resolves when a JobManager has responded at the address, now or before. A gateway submits to the
   * JobManager in its own configuration, so with a wrong address here jobs would run and never be seen.
   */
  async requireThere(): Promise<void> {
    if (this.#isThere) return;
    const answer = await this.#rest.ask<{ readonly "flink-version"?: unknown }>({
      method: "GET",
      path: "/config",
    });
    if (typeof answer["flink-version"] !== "string") {
      throw new NoAnswer(`${this.#rest.url} is no JobManager`, true, undefined);
    }
    this.#isThere = true;
  }

  /** Returns the states of all jobs that Flink knows, by id. */
  async states(): Promise<ReadonlyMap<string, FlinkState>> {
    interface Jobs {
      readonly jobs: readonly { readonly id: string; readonly status: FlinkState }[];
    }
    const { jobs } = await this.#rest.ask<Jobs>({ method: "GET", path: "/jobs" });
    return new Map(jobs.map(({ id, status }) => [id, status]));
  }

  /**
   * Returns the state of one job, or `undefined` if Flink does not know it. Unlike `GET /jobs/:id` this is
   * never a cached response.
   */
  async result(jobId: string): Promise<JobResult | undefined> {
    const path = `/jobs/${jobId}/execution-result`;
    const answer = await this.#unlessUnknown(this.#rest.ask<ExecutionResult>({ method: "GET", path }));
    if (answer === undefined) return undefined;
    const result = answer["job-execution-result"];
    switch (result?.["application-status"]) {
      case undefined:
        return { state: "RUNNING" };
      case "SUCCEEDED":
        return { state: "FINISHED" };
      case "CANCELED":
        return { state: "CANCELED" };
      default:
        return { state: "FAILED", trace: result?.["failure-cause"]?.["stack-trace"] ?? "" };
    }
  }

  /** Returns a job's parts and their counts; may be older than the job's end. */
  async details(jobId: string): Promise<JobDetails | undefined> {
    return this.#unlessUnknown(this.#rest.ask<JobDetails>({ method: "GET", path: `/jobs/${jobId}` }));
  }

  /** Returns a job's exceptions; may be older than the job's end. */
  async exceptions(jobId: string): Promise<JobExceptions | undefined> {
    const path = `/jobs/${jobId}/exceptions`;
    return this.#unlessUnknown(this.#rest.ask<JobExceptions>({ method: "GET", path }));
  }

  /** Asks a job to stop; does nothing if it has ended or is unknown. */
  async cancel(jobId: string): Promise<void> {
    try {
      await this.#rest.ask({ method: "PATCH", path: `/jobs/${jobId}?mode=cancel` });
    } catch (error) {
      if (!(error instanceof Refused && (error.status === 404 || error.status === 409))) throw error;
    }
  }

  /** Returns the ids of uploaded jars by the names that they were uploaded with. */
  async jars(): Promise<ReadonlyMap<string, string>> {
    interface Jars {
      readonly files: readonly { readonly id: string; readonly name: string }[];
    }
    const { files } = await this.#rest.ask<Jars>({ method: "GET", path: "/jars" });
    return new Map(files.map(({ id, name }) => [name, id]));
  }

  /** Uploads a jar under a name. @returns its id */
  async upload(path: string, name: string): Promise<string> {
    const form = fileForm("jarfile", await openAsBlob(path), name);
    const answer = await this.#rest.ask<{ readonly filename: string }>({
      method: "POST",
      path: "/jars/upload",
      form,
      timeoutMs: UPLOAD_LIMIT_MS,
    });
    return answer.filename.slice(answer.filename.lastIndexOf("/") + 1);
  }

  async run(jarId: string, body: JarRun): Promise<void> {
    const path = `/jars/${encodeURIComponent(jarId)}/run`;
    await this.#rest.ask({ method: "POST", path, body, timeoutMs: RUN_LIMIT_MS });
  }

  async #unlessUnknown<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return undefined;
      throw error;
    }
  }
}
