import type { JobOutcome } from "@tidegate/core/operator";
import type { JobRecord } from "./job-record.js";
import type { Span } from "./spans.js";

/** An operator's job, reconstructed from a recording. */
export interface RecordedJob extends Span {
  /**
   * The operator's own id, or `undefined` for a submission that was never answered, which may or may not have
   * created a job.
   */
  readonly jobId: string | undefined;
  readonly key: string;
  readonly runId: string;
  readonly kind: JobRecord["kind"];
  readonly mode: JobRecord["mode"];
  readonly attempt: number;
  /** The part of its run that it is for; `undefined` if it is for the whole run. */
  readonly shard: JobRecord["shard"];
  /** Position in the recording of the submission that created it; -1 if that was not recorded. */
  readonly begunAt: number;
  /** Position at which it was known to have stopped. `undefined`: as far as is known, it is still running. */
  readonly endedAt: number | undefined;
  /** How it ended. `STOPPED`: a cancellation was confirmed, and nobody asked for the outcome. */
  readonly state: JobOutcome["state"] | "STOPPED" | undefined;
}

type Draft = { -readonly [K in keyof RecordedJob]: RecordedJob[K] };

/** Position of a submission that is not in the recording: it may have been made at any time. */
const BEFORE_ALL = -1;

interface Submission {
  readonly record: JobRecord;
  readonly position: number;
  isUnclear: boolean;
}

/**
 * Returns the jobs of a group, in the order of submission. Two answers with one job id mean one job, unless
 * the first had failed or was stopped and a later submission was answered with its id: then it was started
 * again.
 */
export function jobsOf(records: readonly JobRecord[], groupId: string): RecordedJob[] {
  const reader = new JobReader();
  for (const [position, record] of records.entries()) {
    if (record.groupId === groupId) reader.read(record, position);
  }
  return reader.finish();
}

class JobReader {
  readonly #jobs: Draft[] = [];
  /** The newest jobs by operator and job id. */
  readonly #byId = new Map<string, Draft>();
  /** Submissions without a job, by writer and call. */
  readonly #open = new Map<string, Submission>();
  /** Submissions that a lookup has settled; a late answer may still contradict it. */
  readonly #settled = new Map<string, Submission>();

  read(record: JobRecord, position: number): void {
    const call = `${record.writer} ${record.call}`;
    switch (record.event) {
      case "submit":
        this.#open.set(call, { record, position, isUnclear: false });
        break;
      case "submitted":
        this.#submitted(record, (this.#open.get(call) ?? this.#settled.get(call))?.position ?? BEFORE_ALL);
        this.#open.delete(call);
        break;
      case "refused":
        this.#open.delete(call);
        break;
      case "unclear": {
        const submission = this.#open.get(call);
        if (submission !== undefined) submission.isUnclear = true;
        break;
      }
      case "found":
        this.#found(record);
        break;
      case "absent":
        this.#noOtherJobOf(record);
        break;
      case "ended":
        this.#ended(record, position, record.state);
        break;
      case "stopped":
        this.#ended(record, position, "STOPPED");
        break;
    }
  }

  finish(): RecordedJob[] {
    for (const { record, position } of this.#open.values()) this.#begin(record, position);
    return this.#jobs.sort((a, b) => a.begunAt - b.begunAt);
  }

  #submitted(record: JobRecord, position: number): void {
    const known = this.#byId.get(idOf(record));
    const isOver = known?.endedAt !== undefined && known.endedAt < position && known.state !== "SUCCEEDED";
    if (known === undefined || isOver) this.#begin(record, position);
    else known.begunAt = Math.min(known.begunAt, position);
  }

  /** A lookup that found no other job proves that other submissions under the key created none. */
  #found(record: JobRecord): void {
    if (!this.#byId.has(idOf(record))) {
      const ofKey = ([, submission]: [string, Submission]): boolean => submission.record.key === record.key;
      const [call, oldest] = [...this.#open].find(ofKey) ?? [...this.#settled].find(ofKey) ?? [];
      if (call !== undefined && oldest !== undefined) this.#settle(call, oldest);
      this.#begin({ ...(oldest?.record ?? record), jobId: record.jobId! }, oldest?.position ?? BEFORE_ALL);
    }
    this.#noOtherJobOf(record);
  }

  /**
   * `find` knows every job that was submitted with its key. A submission that is still in progress at the
   * asking writer may arrive after the lookup, so it stays open.
   */
  #noOtherJobOf({ key, writer }: JobRecord): void {
    for (const [call, submission] of this.#open) {
      const { record, isUnclear } = submission;
      if (record.key !== key || (record.writer === writer && !isUnclear)) continue;
      this.#settle(call, submission);
    }
  }

  #settle(call: string, submission: Submission): void {
    this.#open.delete(call);
    this.#settled.set(call, submission);
  }

  #ended(record: JobRecord, position: number, state: RecordedJob["state"]): void {
    const job = this.#byId.get(idOf(record)) ?? this.#begin(record, BEFORE_ALL);
    job.endedAt ??= position;
    if (job.state === undefined || job.state === "STOPPED" || state === "SUCCEEDED") {
      job.state = state === "STOPPED" ? (job.state ?? state) : state;
    }
  }

  #begin(record: JobRecord, position: number): Draft {
    const { jobId, key, runId, kind, mode, attempt, shard, lowerBound, upperBound } = record;
    const job: Draft = {
      jobId,
      key,
      runId,
      kind,
      mode,
      attempt,
      shard,
      lower: instantOf(lowerBound),
      upper: instantOf(upperBound),
      begunAt: position,
      endedAt: undefined,
      state: undefined,
    };
    this.#jobs.push(job);
    if (jobId !== undefined) this.#byId.set(idOf(record), job);
    return job;
  }
}

function idOf({ operatorType, jobId }: JobRecord): string {
  return `${operatorType} ${jobId}`;
}

/** The first instant of a `Date`, epoch ms. */
const FIRST = -8_640_000_000_000_000;

function instantOf(bound: string): number {
  return bound === "beginning" ? FIRST : Number(bound);
}
