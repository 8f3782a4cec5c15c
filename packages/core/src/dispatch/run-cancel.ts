import type { Clock } from "../clock/clock.js";
import { LedgerError, messageOf } from "../errors/errors.js";
import type { CancelRequest } from "../events/signals.js";
import type { Interval } from "../interval/boundaries.js";
import type { TouchedTime } from "../job/job-outcome.js";
import type { ScheduleOperator, SubmittedJob } from "../operator/operator.js";
import type { SpecCache } from "../planning/spec-cache.js";
import { isEnded, OPEN_RUN_STATES } from "../run/lane.js";
import type { Run, RunReason } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { PageRequest } from "../store/page.js";
import type { RunFilter } from "../store/run-ledger.js";
import type { RunChange } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { AttemptContext } from "./attempt-context.js";
import { endedSnapshot, withDirtyLimit } from "./attempt-result.js";
import { JobStop } from "./job-stop.js";
import { laterRuns, mayReplaceLater } from "./later-copy.js";
import { ALL_TIME, mayMeet, timeOfMetJobs } from "./met-jobs.js";
import { jobRequest } from "./request.js";
import { isSharded, ShardedOperator } from "./sharded-operator.js";
import type { TargetTurns } from "./target-turns.js";

/** Runs listed per page. */
const PAGE = 1_000;

/** Reasons for which failed runs are cancelled, too: policies leave them to people. */
const OF_FAILED: readonly RunReason[] = ["cancelled", "source-rebased"];

/** Dependencies of `RunCancel`. */
export interface RunCancelParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  readonly specs: SpecCache;
  /** Tells which runs must not write at the same time. */
  readonly turns: TargetTurns;
  /** Makes a change of a run durable; returns `false` if the run is not as expected. */
  readonly change: (run: Run, change: RunChange) => Promise<boolean>;
  /** Cancels a run that this manager has active; returns `false` if it does not. */
  readonly cancelActive: (id: string, reason: RunReason) => boolean;
  /** Writes the late data of a job that has succeeded. */
  readonly reportLate: (run: Run, touched: readonly TouchedTime[]) => Promise<void>;
  readonly onTrouble: (error: unknown, run: Run) => void;
}

/** A run as it was read. */
interface AsRead {
  readonly run: Run;
  /** See `RunQueue.lastClaims`; `undefined` if it was not read. */
  readonly lastClaim: number | undefined;
}

/**
 * Cancels runs in any state: an active one by asking its holder, any other once its job is known to have
 * ended. A run between two attempts, or one that has failed, may have left a job working, whose interval must
 * not be given to another.
 */
export class RunCancel {
  readonly #parts: RunCancelParts;

  constructor(parts: RunCancelParts) {
    this.#parts = parts;
  }

  /**
   * Cancels the open runs of live lanes. One that cannot be cancelled now is reported as `trouble` and
   * requested again.
   */
  async cancelLanes({ groupIds, reason }: CancelRequest): Promise<void> {
    for (const groupId of groupIds) {
      const open: RunFilter = { groupId, kinds: ["SCHEDULED"], states: OPEN_RUN_STATES };
      let page: PageRequest | undefined = { limit: PAGE };
      while (page !== undefined) {
        const { items, next } = await this.#parts.store.listRuns(open, page);
        for (const run of items)
          await this.cancel(run, reason).catch((error: unknown) => this.#parts.onTrouble(error, run));
        page = next === undefined ? undefined : { ...page, cursor: next };
      }
    }
  }

  /**
   * Cancels the runs of earlier readings of a source that are active, or have failed and block the lane: nobody can retry
   * them. One that cannot be cancelled now is reported as `trouble`.
   *
   * @param epoch - of the reading that has begun
   */
  async cancelReadings(groupId: string, epoch: number): Promise<void> {
    const filter = {
      groupId,
      states: ["SUBMITTING", "RUNNING", "FAILED"],
      includeSuperseded: false,
    } as const;
    for await (const run of eachRun(this.#parts.store, filter)) {
      if (run.offsets === null || run.offsets.epoch >= epoch) continue;
      if (run.state === "FAILED" && !run.isBlocking) continue;
      await this.cancel(run, "source-rebased").catch((error: unknown) => this.#parts.onTrouble(error, run));
    }
  }

  /**
   * Cancels a run that has not ended, or has failed; returns `false` if it has ended otherwise. An active one
   * is marked, and ends when its job has.
   *
   * @throws LedgerError RUN_STATE_ILLEGAL if the job of a run that nobody holds cannot be stopped, or, if a person
   *   asks, has succeeded
   */
  async cancel(run: Run, reason: RunReason): Promise<boolean> {
    for (let read: AsRead = { run, lastClaim: undefined }; ; ) {
      const isCancelled = await this.#cancelAsRead(read, reason);
      if (isCancelled !== undefined) return isCancelled;
      const now = await this.#read(run.id);
      if (now === undefined || isSame(now, read)) return false;
      read = now;
    }
  }

  /**
   * Cancels a run in the state that was read. `undefined` if it is in another one by now: an attempt that has begun or
   * ended since may have left a job.
   */
  async #cancelAsRead(read: AsRead, reason: RunReason): Promise<boolean | undefined> {
    const { store, clock, cancelActive } = this.#parts;
    const { run, lastClaim } = read;
    const { id, state } = run;
    if (!isEnded(state) && state !== "PLANNED") {
      const [isRequested] = await store.requestCancel([id], reason);
      if (isRequested) cancelActive(id, reason);
      return isRequested === true ? true : undefined;
    }
    if (state !== "PLANNED" && (state !== "FAILED" || !OF_FAILED.includes(reason))) return false;
    if (lastClaim === undefined) return undefined;
    if (run.isJobOpen && (await this.#hasSucceeded(read, reason))) return false;
    const common = { state: "CANCELLED", at: clock.now(), reason } as const;
    const closed = run.isJobOpen ? { isJobOpen: false } : {};
    const isDone =
      state === "PLANNED"
        ? await this.#changeAsRead(read, { ...common, ...closed, endedAt: clock.now() })
        : await this.#changeAsRead(read, { ...common, isBlocking: false, isJobOpen: false });
    return isDone ? true : undefined;
  }

  /** Reads a run, so that a change of it can be refused if it has been claimed since. */
  async #read(id: string): Promise<AsRead | undefined> {
    const { store } = this.#parts;
    const [lastClaim] = await store.lastClaims([id]);
    const [run] = await store.getRuns([id]);
    return run && { run, lastClaim };
  }

  /** Changes a run if it is in the state that was read, and has not been claimed since. */
  #changeAsRead({ run, lastClaim }: AsRead, change: Omit<RunChange, "id" | "from">): Promise<boolean> {
    const since = lastClaim === undefined ? {} : { unlessClaimedSince: lastClaim };
    return this.#parts.change(run, { ...change, ...since, id: run.id, from: [run.state] });
  }

  /**
   * Ensures that no job writes what a run writes that is about to begin, other than those of active runs: see
   * `timeOfMetJobs`. Jobs of runs that are apart from it are stopped also if those are to be attempted again. The success of
   * a later one is recorded: its next attempt would take it for its own, although this run has written since.
   *
   * @param meetsCopies - see `TargetTurns.mayMeetCopies`
   * @returns a job that has already done the run's interval, although its own run is not known to have
   *   succeeded
   * @throws LedgerError RUN_STATE_ILLEGAL if the job of an ended run cannot be stopped
   */
  async clearWay(run: Run, spec: ScheduleSpec, meetsCopies: boolean): Promise<SubmittedJob | undefined> {
    const { store, turns } = this.#parts;
    const { id, groupId, lower, upper, snapshot } = run;
    const time = timeOfMetJobs(run, spec);
    const within = meetsCopies ? ALL_TIME : time;
    if (within === undefined) return undefined;
    const { items } = await store.listRuns({ groupId, isJobOpen: true, within }, { limit: PAGE });
    let done: SubmittedJob | undefined;
    for (const other of items) {
      if (other.id === id) continue;
      const areApart = meetsCopies && (await turns.areApart(spec, other));
      if (!areApart && !(time !== undefined && isWithin(other, time) && mayMeet(run, spec, other))) continue;
      const read = await this.#read(other.id);
      const isAtRest =
        read !== undefined && (isEnded(read.run.state) || (areApart && read.run.state === "PLANNED"));
      if (!isAtRest || !read.run.isJobOpen) continue;
      const end = await this.#stopJobOf(read.run);
      const { state, isSuperseded } = read.run;
      const isUnjudged = (state === "FAILED" || state === "PLANNED") && !isSuperseded;
      const isOfInterval = other.lower === lower && other.upper === upper;
      if (areApart && isUnjudged && !isOfInterval && (await this.#recordSuccess(read, end))) continue;
      const hasSucceeded = end?.outcome?.state === "SUCCEEDED" && state !== "SUCCEEDED";
      const isOfKind = (other.snapshot === null) === (snapshot === null);
      if (hasSucceeded && isOfKind && isOfInterval) done = end;
      await this.#close(read);
    }
    return done;
  }

  /**
   * Stops jobs that planned runs of a group have left behind, before the end of their schedule cancels them.
   * One that cannot be stopped stays open, and is searched for again before its interval is re-run.
   */
  async stopPlanned(groupId: string): Promise<void> {
    const filter = { groupId, isJobOpen: true, states: ["PLANNED"] } as const;
    const { items } = await this.#parts.store.listRuns(filter, { limit: PAGE });
    for (const { id } of items) {
      const read = await this.#read(id);
      if (read?.run.state !== "PLANNED" || !read.run.isJobOpen) continue;
      try {
        const job = await this.#stopJobOf(read.run);
        if (!(await this.#recordSuccess(read, job))) await this.#close(read);
      } catch (error) {
        this.#parts.onTrouble(error, read.run);
      }
    }
  }

  /**
   * Stops jobs that ended runs of a group have left behind, before its ledger is deleted.
   *
   * @throws LedgerError RUN_STATE_ILLEGAL if one cannot be stopped
   */
  async stopEnded(groupId: string): Promise<void> {
    for await (const { id, state } of eachRun(this.#parts.store, { groupId, isJobOpen: true })) {
      const read = isEnded(state) ? await this.#read(id) : undefined;
      if (read === undefined || !isEnded(read.run.state) || !read.run.isJobOpen) continue;
      await this.#stopJobOf(read.run);
      await this.#close(read);
    }
  }

  /** Records that no job of a run is working. */
  async #close(read: AsRead): Promise<void> {
    const { state, place, readyAt, wait } = read.run;
    const stays =
      place === "waiting" || place === "gated" || place === "ready"
        ? { place, wait, ...(readyAt === null ? {} : { readyAt }) }
        : {};
    await this.#changeAsRead(read, { state, at: this.#parts.clock.now(), isJobOpen: false, ...stays });
  }

  /**
   * Stops any job of a run that nobody holds, and records its success if it had one; returns whether it had.
   *
   * @throws LedgerError RUN_STATE_ILLEGAL if it had, and a person asked for the cancellation: no policy is refused
   *   anything by a job that was faster
   */
  async #hasSucceeded(read: AsRead, reason: RunReason): Promise<boolean> {
    const { run } = read;
    if (run.state !== "PLANNED" && run.state !== "FAILED") return false;
    if (!(await this.#recordSuccess(read, await this.#stopJobOf(run)))) return false;
    if (reason !== "cancelled") return true;
    throw new LedgerError(
      "RUN_STATE_ILLEGAL",
      `The job of run ${run.id} has succeeded, so the run is not cancelled.`,
    );
  }

  /**
   * Records the success of a job that has been stopped, and returns whether it had one that counts: one with too many bad
   * rows is none, nor is one whose rows nobody has verified, as for a run that is cancelled while it is active.
   */
  async #recordSuccess(read: AsRead, job: SubmittedJob | undefined): Promise<boolean> {
    const { run } = read;
    const outcome = job?.outcome;
    if (job === undefined || outcome?.state !== "SUCCEEDED") return false;
    const spec = await this.#parts.specs.get(run);
    if (spec === undefined || spec.verify != null) return false;
    if (withDirtyLimit(outcome, spec.dirtyData).state !== "SUCCEEDED") return false;
    if (outcome.touched !== undefined) await this.#parts.reportLate(run, outcome.touched);
    const endedAt = this.#parts.clock.now();
    const snapshot = endedSnapshot({ run, spec, endedAt }, this.#parts.operators.get(run.operator));
    await this.#changeAsRead(read, {
      ...(snapshot === undefined ? {} : { snapshot }),
      state: "SUCCEEDED",
      at: endedAt,
      isBlocking: false,
      isJobOpen: false,
      startedAt: run.startedAt ?? run.submittedAt,
      endedAt,
      jobId: job.jobId,
      jobAddress: job.address ?? null,
      metrics: outcome.metrics ?? null,
      error: null,
    });
    return true;
  }

  /** Stops any job of a run that nobody holds, and returns how it ended. */
  async #stopJobOf(run: Run): Promise<SubmittedJob | undefined> {
    const { store, clock, operators, specs, onTrouble } = this.#parts;
    const spec = await specs.get(run);
    const operator = operators.get(run.operator);
    if (spec === undefined || operator === undefined) {
      throw atLarge(run, `its operator "${run.operator}" is not here`);
    }
    const onFailedTry = (error: unknown): void => onTrouble(error, run);
    const sharded = isSharded({ operator, run, spec })
      ? new ShardedOperator({
          store,
          clock,
          operator,
          operators,
          specs,
          run,
          spec,
          token: () => undefined,
          secure: () => true,
          findLater: mayReplaceLater(spec, operator) ? () => laterRuns(store, specs, run) : undefined,
          onTrouble: onFailedTry,
        })
      : undefined;
    const stop = new JobStop({
      clock,
      operator: sharded ?? operator,
      request: jobRequest(run, spec),
      context: (abort) => new AttemptContext(abort, spec.dirtyData),
      isOver: () => false,
      onTrouble: onFailedTry,
    });
    const end = await stop
      .once()
      .catch((error: unknown) => {
        throw atLarge(run, messageOf(error), error);
      })
      .finally(() => sharded?.abandon());
    if (end === "open") throw atLarge(run, "the operator does not know whether there is one");
    if (end === "none") return undefined;
    return { ...end.job, ...(end.outcome === undefined ? {} : { outcome: end.outcome }) };
  }
}

/** Returns whether a run touches a stretch of time. */
function isWithin({ lower, upper }: Run, time: Interval): boolean {
  return lower < time.upper && upper > time.lower;
}

/** Returns whether a run has not changed since it was read. */
function isSame(now: AsRead, read: AsRead): boolean {
  return (
    now.lastClaim === read.lastClaim &&
    now.run.state === read.run.state &&
    now.run.isJobOpen === read.run.isJobOpen
  );
}

function atLarge(run: Run, problem: string, cause?: unknown): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `A job of run ${run.id} may still be working and could not be stopped: ${problem}. Cancel the run again later, or retry it: its next attempt looks for the job first.`,
    { cause },
  );
}
