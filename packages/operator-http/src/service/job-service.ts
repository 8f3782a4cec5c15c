import type { Clock } from "@tidegate/core/clock";
import type { JobLog } from "@tidegate/core/operator";
import { bounded, type HttpAnswer, headerOf, isSuccess, retryAfterMs } from "@tidegate/rest-client";
import type { GuardedClient } from "../http/guarded-client.js";
import type { Secrets } from "../secrets/secrets.js";
import { type JobReport, MalformedAnswer } from "./answer.js";
import { type Call, questionTimeoutMs, submissionTimeoutMs } from "./call.js";
import { questionFailure, submissionFailure, Unanswered } from "./failure.js";
import type { JobHandle } from "./job-handle.js";
import { reasonIn, reportIn, submissionBody } from "./protocol.js";
import { describeStatus, isAbsent, submissionRefusal } from "./refusal.js";
import { type Purpose, requestHeaders } from "./request-headers.js";
import {
  cancelTarget,
  findTarget,
  statusTarget,
  statusUrlOf,
  submissionTarget,
  type Target,
} from "./target.js";

interface Outgoing extends Target {
  readonly purpose: Purpose;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly body: string;
  readonly timeoutMs: number;
}

/**
 * Client for services, in the protocol that this package's README describes. Every method throws the signal's
 * reason when a signal is aborted.
 */
export class JobService {
  readonly #client: GuardedClient;
  readonly #secrets: Secrets;
  readonly #clock: Clock;

  constructor(client: GuardedClient, secrets: Secrets, { clock }: { clock: Clock }) {
    this.#client = client;
    this.#secrets = secrets;
    this.#clock = clock;
  }

  /**
   * Submits a run to the service.
   *
   * @throws OperatorError when the job was certainly not taken
   * @throws Error when that is unknown
   */
  async submit(call: Call, signals: readonly AbortSignal[]): Promise<JobReport> {
    const target = submissionTarget(call);
    try {
      const answer = await this.#send(
        call,
        {
          ...target,
          purpose: "submit",
          method: call.job.method ?? "POST",
          body: submissionBody(call.request),
          timeoutMs: submissionTimeoutMs(call),
        },
        signals,
      );
      if (isSuccess(answer)) return this.#submitted(call, answer);
      throw submissionRefusal(answer, this.#reasonIn(call, answer), this.#clock.now());
    } catch (error) {
      for (const signal of signals) signal.throwIfAborted();
      throw submissionFailure(error, target, findTarget(call) !== undefined);
    }
  }

  /** @throws Unanswered */
  async status(call: Call, target: Target, signal: AbortSignal): Promise<JobReport> {
    return this.#ask(call, question(call, "status", target), [signal], (answer) => {
      if (!isSuccess(answer)) throw this.#unanswered(target, answer);
      const report = this.#reportIn(call, answer);
      if (report.state === undefined) throw new MalformedAnswer("has no state");
      return report;
    });
  }

  /**
   * Returns what a job has logged, if the service reports it with the job's state; nothing for an unknown job.
   *
   * @throws Unanswered
   */
  async log(call: Call, handle: JobHandle, signals: readonly AbortSignal[]): Promise<JobLog | undefined> {
    const target = statusTarget(call, handle);
    if (target === undefined) return undefined;
    return this.#ask(call, question(call, "status", target), signals, (answer) => {
      if (isAbsent(answer)) return undefined;
      if (!isSuccess(answer)) throw this.#unanswered(target, answer);
      const { jobId = handle.id, log } = this.#reportIn(call, answer);
      // An address by the run's key may report another attempt's job.
      return jobId === handle.id || handle.id === call.request.idempotencyKey ? log : undefined;
    });
  }

  /**
   * Returns the job that the service has under the run's key; `undefined` if it has none, or cannot be
   * queried.
   *
   * @throws Unanswered
   */
  async find(call: Call, signals: readonly AbortSignal[]): Promise<JobReport | undefined> {
    const target = findTarget(call);
    if (target === undefined) return undefined;
    return this.#ask(call, question(call, "find", target), signals, (answer) => {
      if (isAbsent(answer) || answer.status === 204) return undefined;
      if (!isSuccess(answer)) throw this.#unanswered(target, answer);
      const report = this.#reportIn(call, answer);
      const { jobId, state, statusUrl } = report;
      // Some services respond to every GET with 200.
      if (jobId === undefined && state === undefined && statusUrl === undefined) {
        throw new MalformedAnswer("names no job");
      }
      return withStatusUrl(call, report);
    });
  }

  /**
   * Asks the service to stop a job. Resolves when it has acknowledged or knows no such job, and at once if
   * the job has no address for it.
   *
   * @throws Unanswered
   */
  async cancel(call: Call, handle: JobHandle, signals: readonly AbortSignal[]): Promise<void> {
    const target = cancelTarget(call, handle);
    if (target === undefined) return;
    const { runId, idempotencyKey } = call.request;
    const method = call.job.cancelMethod ?? "POST";
    const body = method === "POST" ? JSON.stringify({ jobId: handle.id, runId, idempotencyKey }) : "";
    const outgoing: Outgoing = { ...question(call, "cancel", target), method, body };
    await this.#ask(call, outgoing, signals, (answer) => {
      // 409: it has ended, so there is nothing to stop.
      if (isSuccess(answer) || isAbsent(answer) || answer.status === 409) return;
      throw this.#unanswered(target, answer);
    });
  }

  async #ask<T>(
    call: Call,
    outgoing: Outgoing,
    signals: readonly AbortSignal[],
    read: (answer: HttpAnswer) => T,
  ): Promise<T> {
    try {
      return read(await this.#send(call, outgoing, signals));
    } catch (error) {
      for (const signal of signals) signal.throwIfAborted();
      throw questionFailure(error, outgoing);
    }
  }

  #send(call: Call, outgoing: Outgoing, signals: readonly AbortSignal[]): Promise<HttpAnswer> {
    const { field, url, method, purpose, body, timeoutMs } = outgoing;
    return bounded({ signals, timeoutMs, clock: this.#clock }, async (signal) => {
      const message = { purpose, url, body, at: this.#clock.now() };
      const headers = await requestHeaders(call, message, this.#secrets, signal);
      return this.#client.send({ field, url, method, headers, ...(body === "" ? {} : { body }) }, signal);
    });
  }

  /** A `Location` counts as `statusUrl` if the body has none; one at another origin is for people. */
  #submitted(call: Call, answer: HttpAnswer): JobReport {
    const report = this.#reportIn(call, answer);
    const location = headerOf(answer, "location");
    if (report.statusUrl !== undefined || location === undefined) return withStatusUrl(call, report);
    const url = statusUrlOf(call, this.#secrets.redact(location));
    return url === undefined ? report : { ...report, statusUrl: url.href };
  }

  #reportIn({ job }: Call, answer: HttpAnswer): JobReport {
    const report = reportIn(answer, job.protocol, (value) => this.#secrets.redact(value));
    const wait = retryAfterMs(answer.headers, this.#clock.now());
    return wait === undefined ? report : { ...report, retryAfterMs: wait };
  }

  #reasonIn({ job }: Call, answer: HttpAnswer): string | undefined {
    return reasonIn(answer, job.protocol, (value) => this.#secrets.redact(value));
  }

  #unanswered({ field }: Target, answer: HttpAnswer): Unanswered {
    const now = this.#clock.now();
    const wait = retryAfterMs(answer.headers, now);
    return new Unanswered(
      `${field}: the service answered ${describeStatus(answer, now)}.`,
      wait === undefined ? {} : { retryAfterMs: wait },
    );
  }
}

function question(call: Call, purpose: Purpose, target: Target): Outgoing {
  return { ...target, purpose, method: "GET", body: "", timeoutMs: questionTimeoutMs(call) };
}

/** Returns the report with its status address made absolute. @throws MalformedAnswer */
function withStatusUrl(call: Call, report: JobReport): JobReport {
  if (report.statusUrl === undefined) return report;
  const url = statusUrlOf(call, report.statusUrl);
  if (url === undefined) throw new MalformedAnswer("has a bad statusUrl: must be at the origin of job.url");
  return { ...report, statusUrl: url.href };
}
