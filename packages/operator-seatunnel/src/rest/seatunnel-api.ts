import type { JsonObject } from "@tidegate/core";
import type { ApiVersion, Settings } from "../options.js";
import { Unanswered } from "./failure.js";
import { jobIdIn, type ListedJob, listedJobsIn } from "./listed-job.js";
import { Rest } from "./rest.js";

/** Paths below the cluster's address. */
const ROOTS: Readonly<Record<ApiVersion, string>> = { v1: "/hazelcast/rest/maps", v2: "" };

/** Paths that show a single job: v1 shows one only while it runs. */
const JOB_PATHS: Readonly<Record<ApiVersion, string>> = { v1: "/running-job", v2: "/job-info" };

/**
 * The part of SeaTunnel's REST API that the operator needs. Methods throw `Unanswered` or `Refused`, or the signal's reason
 * when it is aborted.
 */
export class SeaTunnelApi {
  readonly #settings: Settings;
  readonly #rest: Rest;
  #version: ApiVersion | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#rest = new Rest(settings);
    this.#version = settings.api;
  }

  async runningJobs(signal: AbortSignal): Promise<ListedJob[]> {
    return this.#list("/running-jobs", signal);
  }

  /** Returns all ended jobs, for as long as the cluster keeps them. */
  async finishedJobs(signal: AbortSignal): Promise<ListedJob[]> {
    return this.#list("/finished-jobs", signal);
  }

  /** Starts a job. SeaTunnel does not require its name to be unique: a second submission is a second job. */
  async submit(jobName: string, config: JsonObject, signal: AbortSignal): Promise<string> {
    const url = `${await this.#root(signal)}/submit-job`;
    const body = JSON.stringify(config);
    const { submitTimeoutMs: timeoutMs } = this.#settings;
    return jobIdIn(await this.#rest.request(url, { query: { jobName }, body, timeoutMs, signal }));
  }

  /** Asks a job to stop. Does nothing if it has ended or is unknown. */
  async stop(jobId: string, signal: AbortSignal): Promise<void> {
    const url = `${await this.#root(signal)}/stop-job`;
    // The id has more digits than JSON.stringify would keep in a number.
    const body = `{"jobId":${jobId},"isStopWithSavePoint":false}`;
    await this.#rest.request(url, { body, timeoutMs: this.#settings.requestTimeoutMs, signal });
  }

  /** Returns where a person can view a job; unknown until the cluster has been contacted. */
  addressOf(jobId: string): string | undefined {
    const version = this.#version;
    if (version === undefined) return undefined;
    return `${this.#settings.url}${ROOTS[version]}${JOB_PATHS[version]}/${jobId}`;
  }

  async #list(path: string, signal: AbortSignal): Promise<ListedJob[]> {
    const url = (await this.#root(signal)) + path;
    const { requestTimeoutMs: timeoutMs } = this.#settings;
    return listedJobsIn(await this.#rest.request(url, { timeoutMs, signal }));
  }

  async #root(signal: AbortSignal): Promise<string> {
    this.#version ??= await this.#foundVersion(signal);
    return this.#settings.url + ROOTS[this.#version];
  }

  /** Tries the newer API first: under the other's paths, each responds only with an error. */
  async #foundVersion(signal: AbortSignal): Promise<ApiVersion> {
    const { url, requestTimeoutMs: timeoutMs } = this.#settings;
    const failures: unknown[] = [];
    for (const version of ["v2", "v1"] as const) {
      try {
        listedJobsIn(await this.#rest.request(`${url}${ROOTS[version]}/running-jobs`, { timeoutMs, signal }));
        return version;
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error);
      }
    }
    const why = failures.map((error) => (error as Error).message).join("; ");
    // Whatever was received, it was not a job.
    throw new Unanswered(`SeaTunnel's REST API is not to be found: ${why}`, { isSent: false });
  }
}
