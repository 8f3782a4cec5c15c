import { OperatorError } from "@tidegate/core";
import { type OffsetBounds, type OffsetProvider, offsetsOf } from "@tidegate/core/offset";
import {
  BEGINNING,
  type JobContext,
  type JobOutcome,
  type JobSplit,
  type OfflineJobRequest,
  type ScheduleOperator,
  type SubmittedJob,
} from "@tidegate/core/operator";
import type { VirtualClock } from "@tidegate/core/testing";
import { MINUTE } from "../succession.js";
import { T0 } from "../triggers.js";
import { INTERVALS, LENGTH, type ModeJob, type ModeStory } from "./story.js";

/** How many rows the source writes: one in each minute, by turns in two partitions. */
export const ROWS = INTERVALS * LENGTH;

/** When a row is written, epoch ms. */
export const writtenAt = (row: number): number => T0 + row * MINUTE + MINUTE / 2;

const PARTITIONS = ["a", "b"] as const;

const partitionOf = (row: number): string => PARTITIONS[row % 2]!;

const positionOf = (row: number): number => Math.floor(row / 2);

/** Returns whether a row is below positions. */
export function isBelow(row: number, vector: Readonly<Record<string, string>>): boolean {
  return positionOf(row) < Number(vector[partitionOf(row)] ?? 0);
}

const GOOD: ModeJob = { lasts: 0, ends: "succeeded", submit: "quick", cancel: "stops", merge: "made" };

/** A job of a run or of a shard, as it really is. */
export interface Work {
  readonly jobId: string;
  readonly request: OfflineJobRequest;
  readonly script: ModeJob;
  readonly ended: Promise<JobOutcome>;
  readonly end: (outcome: JobOutcome) => void;
  outcome: JobOutcome | undefined;
}

/** Rows that a run has written at once. */
interface Batch {
  readonly runId: string;
  rows: readonly number[];
}

/**
 * A source and a target, and the service whose jobs copy rows from the one to the other. A full copy takes the place of
 * everything. An increment adds its rows, beside what others have written; once more, it takes the place of the rows that it reads.
 */
export class Warehouse implements ScheduleOperator, OffsetProvider {
  readonly operatorType = "warehouse";
  readonly sourceType = "log";
  readonly boundaryTypes = ["TIME", "OFFSET"] as const;
  readonly works: Work[] = [];
  /** All that was written, for people. */
  readonly log: string[] = [];
  readonly #clock: VirtualClock;
  readonly #scripts: readonly ModeJob[];
  readonly #staged = new Map<string, readonly number[]>();
  #target: Batch[] = [];
  #submissions = 0;
  #isWell = false;
  /**
   * Increments take the place of what they read: the source is read anew from its beginning, or runs whose rows were
   * not verified are given up after they have written.
   */
  doesReplace: boolean;

  constructor(clock: VirtualClock, { jobs, verifies }: ModeStory) {
    this.doesReplace = verifies;
    this.#clock = clock;
    this.#scripts = jobs;
  }

  /** From now on everything succeeds at once. */
  heal(): void {
    this.#isWell = true;
  }

  /** Returns how often the target has each row. */
  counts(): number[] {
    const counts = Array.from({ length: ROWS }, () => 0);
    for (const { rows } of this.#target) for (const row of rows) counts[row]! += 1;
    return counts;
  }

  writesOf(): "replace" {
    return "replace";
  }

  replacesTarget(): boolean {
    return true;
  }

  // The source.

  async bounds(): Promise<OffsetBounds> {
    const now = this.#clock.now();
    const written = Array.from({ length: ROWS }, (_, row) => row).filter((row) => writtenAt(row) < now);
    const latest = Object.fromEntries(
      PARTITIONS.map((partition) => [
        partition,
        String(written.filter((row) => partitionOf(row) === partition).length),
      ]),
    );
    return { earliest: { a: "0", b: "0" }, latest, incarnation: "first", at: now };
  }

  compare(_partition: string, a: string, b: string): number {
    return Number(a) - Number(b);
  }

  // The service.

  async submit(request: OfflineJobRequest, _context: JobContext): Promise<SubmittedJob> {
    const script = this.#script();
    if (script.submit === "away") throw new OperatorError("JOB_FAILED", "no room");
    const known = this.#known(request.idempotencyKey);
    const work = known?.outcome === undefined && known !== undefined ? known : this.#begin(request, script);
    if (script.submit === "lost") throw new Error("connection reset");
    return described(work);
  }

  async find(key: string): Promise<SubmittedJob | undefined> {
    const work = this.#known(key);
    return work && described(work);
  }

  wait(jobId: string, _request: OfflineJobRequest, { signal }: JobContext): Promise<JobOutcome> {
    const work = this.works.find((one) => one.jobId === jobId);
    if (work === undefined) return Promise.reject(new Error(`There is no job ${jobId}.`));
    return new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      void work.ended.then(resolve);
    });
  }

  async cancel(jobId: string): Promise<void> {
    const work = this.works.find((one) => one.jobId === jobId);
    if (work === undefined || work.outcome !== undefined) return;
    const { cancel } = this.#isWell ? GOOD : work.script;
    if (cancel === "rejects") throw new Error("The job cannot be stopped.");
    work.end(cancel === "finishes" ? { state: "SUCCEEDED" } : { state: "CANCELLED" });
  }

  async split(): Promise<JobSplit> {
    return { shards: PARTITIONS.map((key) => ({ key, args: {} })) };
  }

  async merge(request: OfflineJobRequest): Promise<void> {
    const { merge } = this.#script();
    if (merge === "fails") throw new Error("disk full");
    const rows = PARTITIONS.flatMap((key) => this.#staged.get(`${request.runId} ${key}`) ?? []);
    this.#write(request, rows);
    if (merge === "lost") throw new Error("connection reset");
  }

  async verify(request: OfflineJobRequest): Promise<{ sourceRows: number; targetRows: number }> {
    const isRead = readBy(request);
    const targetRows = this.counts().reduce((sum, count, row) => sum + (isRead(row) ? count : 0), 0);
    return { sourceRows: allRows().filter(isRead).length, targetRows };
  }

  #script(): ModeJob {
    const script = this.#isWell ? GOOD : this.#scripts[this.#submissions % this.#scripts.length]!;
    this.#submissions += 1;
    return script;
  }

  #known(key: string): Work | undefined {
    return this.works.findLast(({ request }) => request.idempotencyKey === key);
  }

  #begin(request: OfflineJobRequest, script: ModeJob): Work {
    let resolve: (outcome: JobOutcome) => void = () => undefined;
    const ended = new Promise<JobOutcome>((done) => {
      resolve = done;
    });
    const work: Work = {
      jobId: String(this.works.length + 1),
      request,
      script,
      ended,
      outcome: undefined,
      end: (outcome) => {
        if (work.outcome !== undefined) return;
        if (outcome.state === "SUCCEEDED") this.#publish(work);
        work.outcome = outcome;
        resolve(outcome);
      },
    };
    this.works.push(work);
    const outcome = outcomeOf(script);
    if (script.lasts === 0) work.end(outcome);
    else this.#clock.wakeAt(this.#clock.now() + script.lasts * MINUTE, () => work.end(outcome));
    return work;
  }

  #publish({ request, script }: Work): void {
    const { job, kind, mode, shard, runId } = request;
    const isRead = readBy(request);
    const whole = allRows().filter(
      (row) => isRead(row) && (shard === undefined || partitionOf(row) === shard.key),
    );
    const isLossy = script.ends === "lossy" && job.isVerified === true;
    const isFirst = mode === "incremental" && kind === "SCHEDULED";
    const rows = isLossy && isFirst ? whole.filter((_, nth) => nth % 2 === 0) : whole;
    if (shard === undefined) this.#write(request, rows);
    else this.#staged.set(`${runId} ${shard.key}`, rows);
  }

  #write(
    { attempt, kind, mode, runId, lowerBound, upperBound, ...request }: OfflineJobRequest,
    rows: readonly number[],
  ): void {
    const minutes = Math.round((this.#clock.now() - T0) / MINUTE);
    this.log.push(
      `${minutes}: ${kind} ${mode} ${attempt} ${lowerBound} ${upperBound} of ${runId}: ${rows.join(" ")}`,
    );
    if (mode === "full") this.#target = [];
    const isFirst =
      kind === "SCHEDULED" &&
      this.works
        .filter((work) => work.request.runId === runId)
        .every(({ outcome }) => outcome === undefined || outcome.state === "SUCCEEDED");
    const isRead = readBy({ ...request, kind, mode, attempt, runId, lowerBound, upperBound });
    for (const batch of this.#target)
      if (batch.runId === runId || !isFirst || this.doesReplace)
        batch.rows = batch.rows.filter((row) => !isRead(row));
    this.#target.push({ runId, rows });
  }
}

const allRows = (): number[] => Array.from({ length: ROWS }, (_, row) => row);

function readBy(request: OfflineJobRequest): (row: number) => boolean {
  const { boundaryType, lowerBound, upperBound } = request;
  if (boundaryType === "OFFSET") {
    const upper = offsetsOf(upperBound)!;
    const lower = lowerBound === BEGINNING ? undefined : offsetsOf(lowerBound);
    return (row) => isBelow(row, upper) && !(lower !== undefined && isBelow(row, lower));
  }
  const lower = lowerBound === BEGINNING ? Number.NEGATIVE_INFINITY : Number(lowerBound);
  return (row) => writtenAt(row) >= lower && writtenAt(row) < Number(upperBound);
}

function outcomeOf({ ends }: ModeJob): JobOutcome {
  if (ends === "succeeded" || ends === "lossy") return { state: "SUCCEEDED" };
  const error = { code: "JOB_FAILED", message: "as the script says" };
  return { state: "FAILED", error, isRetryable: ends === "failed" };
}

function described({ jobId, outcome }: Work): SubmittedJob {
  return { jobId, ...(outcome === undefined ? {} : { outcome }) };
}
