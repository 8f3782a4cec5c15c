import type { Clock } from "@tidegate/core/clock";
import type { EngineEntry, EngineSchedule } from "@tidegate/core/engine";
import { type ForeignScheduler, NameSpace } from "@tidegate/engine-kit";
import { type Job, jobOf, versionOf } from "./job.js";

/** Settings of the engine on Cronpost. */
export interface CronpostOptions {
  /** Cronpost's address. */
  readonly url: string;
  /** The manager's callback route, as Cronpost reaches it. */
  readonly callbackUrl: string;
  /** Distinguishes this installation from others on the same Cronpost. @default "main" */
  readonly prefix?: string;
}

const ANSWER_LIMIT_MS = 10_000;

/** The jobs of one installation in Cronpost. */
export class CronpostScheduler implements ForeignScheduler {
  readonly #options: CronpostOptions;
  readonly #clock: Clock;
  readonly #names: NameSpace;

  constructor(options: CronpostOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#names = new NameSpace(options.prefix ?? "main");
  }

  async register(schedules: readonly EngineSchedule[]): Promise<void> {
    for (const schedule of schedules) {
      const job = jobOf(schedule, this.#options.callbackUrl, this.#clock.now());
      await this.#ask("PUT", `/jobs/${this.#names.nameOf(schedule.groupId)}`, job);
    }
  }

  async unregister(groupIds: readonly string[]): Promise<void> {
    for (const groupId of groupIds) await this.#ask("DELETE", `/jobs/${this.#names.nameOf(groupId)}`);
  }

  async list(): Promise<EngineEntry[]> {
    const jobs = await this.#ask<Job[]>("GET", `/jobs?prefix=${this.#names.prefix}`);
    return jobs
      .map((job) => ({ groupId: job.post.groupId, version: versionOf(job) ?? 0 }))
      .sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#options.url}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`Cronpost answered ${response.status} to ${method} ${path}.`);
    return (await response.json()) as T;
  }
}
