import type { Clock } from "../clock/clock.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { LedgerError, ScheduleError, SourceError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { type Interval, isSameInterval } from "../interval/boundaries.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { ledgerCutsOf, pastUpTo } from "../planning/ledger-cuts.js";
import { isOfReading, keepsOrder } from "../planning/plan-snapshot.js";
import type { IntervalPlanner } from "../planning/planner.js";
import { nextSlice, rerunsOf } from "../planning/rerun-slice.js";
import { FOLLOWING_STATES, goesBefore, isBehind } from "../run/copies.js";
import { isEnded, OPEN_RUN_STATES } from "../run/lane.js";
import type { NewRun, Run } from "../run/run.js";
import { STANDING_STATES } from "../run/standing.js";
import type { Schedule } from "../schedule/schedule.js";
import { isSealed } from "../schedule/sealed.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { eachRun } from "../store/each-run.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { RunChange } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { SealRead } from "../store/seal-table.js";
import { iso } from "./instants.js";
import { mayCopyAgain } from "./mode-fields.js";
import { refusalOfPlan } from "./plan-refusal.js";
import { notFound, staleVersion } from "./schedule-changes.js";
import type { ForceOptions, SealedTime, Seals } from "./seals.js";

/** Most runs that one call of `trigger` plans; use a backfill for more. */
const MAX_TRIGGERED_RUNS = 1_000;

/** How often something is decided that others get ahead of; far more than occurs in practice. */
const MOST_TRIES = 10;

/** Dependencies of `RunControl`. */
export interface RunControlParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly planner: IntervalPlanner;
  readonly dispatcher: Dispatcher;
  readonly seals: Seals;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  readonly namespace: string;
}

/** Options of a trigger by hand. */
export interface TriggerOptions extends ForceOptions {
  /** Reads everything that the source of a group has now; without an interval. @default false */
  readonly drain?: boolean;
}

/** Options of a retry. */
export interface RetryOptions extends ForceOptions {
  /**
   * Schedule version to use: the one that the run was planned with, or the newest, for example one that fixes
   * the job. The run's boundaries stay. @default "planned"
   */
  readonly version?: "planned" | "latest";
  /**
   * Whether a run that was split into shards is split anew: all of it is done again, also the shards that have
   * succeeded. @default false
   */
  readonly resplit?: boolean;
}

/** How a retry treats the split of its run, and the claim up to which that was decided. */
type SplitRead = Pick<RunChange, "dropsSplit" | "unlessClaimedSince">;

/** Triggers, cancels and retries single runs. */
export class RunControl {
  readonly #parts: RunControlParts;

  constructor(parts: RunControlParts) {
    this.#parts = parts;
  }

  /** Plans everything that the source of a group has now. */
  async drain(schedule: Schedule): Promise<Run[]> {
    const { boundaryType, groupId } = schedule.spec;
    if (boundaryType !== "OFFSET") {
      const problem = 'has to be read by positions (boundaryType "OFFSET") to be drained';
      throw new LedgerError("INTERVAL_INVALID", `drain: group ${groupId} ${problem}.`, { field: "drain" });
    }
    const { error, runs } = await this.#parts.planner.planDrain(groupId, schedule.status === "PAUSED");
    if (error !== undefined) throw error;
    if (runs.length === 0) throw await refusalOfPlan(this.#parts.store, schedule);
    return this.#read(runs);
  }

  /** Plans what is owed, or re-runs the last closed interval if nothing is. */
  async triggerNow(schedule: Schedule, options: ForceOptions): Promise<Run[]> {
    const { groupId } = schedule.spec;
    const owed = await this.#plan(schedule);
    if (owed.length > 0) return this.#read(owed);
    const past = await this.#parts.store.listRuns(
      { groupId, order: "descending", includeSuperseded: false },
      { limit: 2 },
    );
    // An inclusive end closes with an empty interval, in which there is nothing to run again.
    const last = past.items.find(({ lower, upper }) => lower < upper);
    if (last === undefined) {
      throw new LedgerError(
        "INTERVAL_OPEN",
        `Group ${groupId} has no interval that is over yet; the first one is due ${at(schedule.nextFireAt)}.`,
      );
    }
    return this.triggerInterval(schedule, { lower: last.lower, upper: last.upper }, options);
  }

  /** @throws LedgerError RUN_STATE_ILLEGAL if something is owed and has to wait */
  async #plan(schedule: Schedule): Promise<readonly NewRun[]> {
    const { planner, store } = this.#parts;
    const { error, outcome, runs } = await planner.planNow(
      schedule.spec.groupId,
      schedule.status === "PAUSED",
    );
    if (error !== undefined) throw error;
    if (outcome === "deferred") throw await refusalOfPlan(store, schedule);
    return runs;
  }

  /** Re-runs all intervals of a range, each as a new generation alongside the live schedule. */
  async triggerInterval(schedule: Schedule, interval: Interval, options: ForceOptions): Promise<Run[]> {
    for (let left = MOST_TRIES; ; left -= 1) {
      const made = await this.#insertReruns(schedule, interval, options);
      if (made.length > 0) {
        this.#parts.emitter.emit("runs-planned", made);
        return this.#read(made);
      }
      await this.#refuseAnother(schedule);
      await this.#refuseCopied(schedule, interval);
      const { groupId } = schedule.spec;
      const open = { groupId, states: OPEN_RUN_STATES, within: interval } as const;
      const isUnderWay = (await this.#parts.store.listRuns(open, { limit: 1 })).items.length > 0;
      // Somebody else may have run it again just now, and that has ended.
      if (isUnderWay || left === 1) {
        throw new LedgerError("RUN_STATE_ILLEGAL", "interval: its runs are under way already.", {
          field: "interval",
        });
      }
    }
  }

  /** Inserts the runs of a range that can be inserted as it is now. */
  async #insertReruns(
    schedule: Schedule,
    interval: Interval,
    options: ForceOptions,
  ): Promise<readonly NewRun[]> {
    if (interval.lower >= interval.upper) {
      throw new LedgerError("INTERVAL_INVALID", "interval: its lower bound must be before its upper one.", {
        field: "interval",
      });
    }
    const { store, clock, seals } = this.#parts;
    const end = pastUpTo(schedule, await ledgerCutsOf(store, schedule), clock.now());
    if (end === undefined || interval.upper > end) {
      throw new LedgerError(
        "INTERVAL_OPEN",
        end === undefined
          ? "interval: none is over yet."
          : `interval: ends after ${at(end)}, up to where intervals are over and have been planned; what follows is the schedule's own.`,
        { field: "interval.upper" },
      );
    }
    const query = { range: interval, select: "all" } as const;
    const { units } = await nextSlice(store, schedule, query, { limit: MAX_TRIGGERED_RUNS + 1 });
    await this.#refuseUnaligned(schedule, interval, units);
    if (units.length > MAX_TRIGGERED_RUNS) {
      throw new LedgerError(
        "INTERVAL_INVALID",
        `interval: comes to more than ${MAX_TRIGGERED_RUNS} runs; use a backfill.`,
        { field: "interval" },
      );
    }
    await this.#refuseCopied(schedule, interval);
    if (units.length === 0 && schedule.spec.boundaryType === "OFFSET") {
      throw new LedgerError(
        "INTERVAL_INVALID",
        "interval: no run of it has positions that can be read again: there was nothing to read, they belong to an earlier reading of the source, or they are under way.",
        { field: "interval" },
      );
    }
    const runs = await rerunsOf(store, schedule, units, {
      kind: "MANUAL",
      backfillId: null,
      namespace: this.#parts.namespace,
      plannedAt: this.#parts.clock.now(),
    });
    const { incarnation } = schedule;
    let made: readonly NewRun[] = [];
    await seals.write(schedule, units, "interval", options, async (read) => {
      const inserted = await store.insertRuns(runs, { isExclusive: true, incarnation, ...read });
      made = runs.filter((_, index) => inserted[index]);
      return made.length > 0;
    });
    return made;
  }

  /** Names what has happened if the group was purged, and perhaps registered again, since its schedule was read. */
  async #refuseAnother({ spec: { groupId }, incarnation, version }: Schedule): Promise<void> {
    const [now] = await this.#parts.store.getSchedules([groupId]);
    if (now === undefined) throw notFound(groupId);
    if (now.incarnation !== incarnation) throw staleVersion(now, version);
  }

  async #refuseCopied({ spec: { groupId } }: Schedule, { lower }: Interval): Promise<void> {
    const snapshot = await newestSnapshot(this.#parts.store, groupId);
    if (snapshot === undefined || lower >= snapshot.upper) return;
    throw new LedgerError(
      "INTERVAL_INVALID",
      `interval: the snapshot of run ${snapshot.id} stands for all time before ${at(snapshot.upper)}; client.resnapshot makes another one.`,
      { field: "interval" },
    );
  }

  async #read(runs: readonly NewRun[]): Promise<Run[]> {
    const found = await this.#parts.store.getRuns(runs.map(({ id }) => id));
    return found.filter((run) => run !== undefined);
  }

  /** Part of an interval would be written alongside the whole and double its rows. */
  async #refuseUnaligned(schedule: Schedule, interval: Interval, units: readonly Interval[]): Promise<void> {
    const { groupId } = schedule.spec;
    const page = await this.#parts.store.listRuns(
      { groupId, states: STANDING_STATES, within: interval, includeSuperseded: false },
      { limit: MAX_TRIGGERED_RUNS },
    );
    const whole = [...page.items, ...units];
    const lower = Math.min(interval.lower, ...whole.map((each) => each.lower));
    const upper = Math.max(interval.upper, ...whole.map((each) => each.upper));
    if (lower === interval.lower && upper === interval.upper) return;
    throw new LedgerError(
      "INTERVAL_NOT_ALIGNED",
      `interval: cuts an interval of the ledger in two; the nearest that does not is [${at(lower)}, ${at(upper)}).`,
      { field: "interval" },
    );
  }

  async markReady(id: string, note: string): Promise<void> {
    for (let left = MOST_TRIES; ; left -= 1) {
      const mark = { at: this.#parts.clock.now(), note };
      if (await this.#parts.store.markReady((await this.get(id)).id, mark)) return;
      const now = await this.get(id);
      if (left === 1 || now.place !== "gated") throw illegal(now, "marked ready", "gates hold it");
    }
  }

  async cancel(id: string): Promise<void> {
    for (let left = MOST_TRIES; ; left -= 1) {
      const isCancelled = await this.#parts.dispatcher.cancel(await this.get(id), "cancelled");
      if (isCancelled) return this.#parts.dispatcher.wake();
      const now = await this.get(id);
      const isOver = isEnded(now.state) && now.state !== "FAILED";
      if (left === 1 || isOver) throw illegal(now, "cancelled", "it has not ended, or has failed");
    }
  }

  /** @throws LedgerError RUN_NOT_FOUND, RUN_STATE_ILLEGAL; ScheduleError SCHEDULE_STATUS_ILLEGAL */
  async retry(id: string, options: RetryOptions): Promise<void> {
    for (let left = MOST_TRIES; !(await this.#isRetried(id, options)); left -= 1) {
      const refusal = await this.#whyNotRetried(id);
      if (refusal !== undefined) throw refusal;
      // Somebody else has retried it, and it has failed again before the reason was read.
      if (left === 1) throw changedByOthers(id);
    }
    this.#parts.dispatcher.wake();
  }

  /** Retries a run as it is now; returns `false` if the store has refused it. */
  async #isRetried(id: string, options: RetryOptions): Promise<boolean> {
    const { store, seals } = this.#parts;
    const run = await this.get(id);
    const [schedule] = await store.getSchedules([run.groupId]);
    if (schedule === undefined) return false;
    await seals.refuse(schedule, [run], "id", options);
    if (!isOfReading(run, schedule)) throw earlierReading(run);
    const refusal = await this.#copyRefusal(run, schedule, false);
    if (refusal !== undefined) throw refusal;
    const split = await this.#splitFor(run, options);
    if (split === undefined) {
      if (run.state === "FAILED" || run.state === "CANCELLED") throw shardsOpen(id);
      return false;
    }
    const version = versionFor(schedule, options);
    return seals.write(schedule, [run], "id", options, (read) =>
      this.#retry(run, version, { ...read, ...split }),
    );
  }

  /**
   * Returns why a run would write beside a copy, or a copy beside other runs.
   *
   * @param hasTried - whether the store has refused it: before that, it may go before a snapshot that waits
   */
  async #copyRefusal(run: Run, schedule: Schedule, hasTried: boolean): Promise<LedgerError | undefined> {
    if (await this.#isFollowedSnapshot(run, schedule)) return followed(run);
    const snapshot = await newestSnapshot(this.#parts.store, run.groupId);
    return snapshot && this.#refusalBeside(snapshot, run, schedule, hasTried);
  }

  /** Returns why a run would write beside a snapshot. @param hasTried - see `#copyRefusal` */
  #refusalBeside(snapshot: Run, run: Run, schedule: Schedule, hasTried: boolean): LedgerError | undefined {
    if (mayOvertake(run, snapshot, schedule)) return aheadOf(run, snapshot);
    if (!isBehind(run, snapshot)) return undefined;
    return !hasTried && this.#goesBefore(run, snapshot, schedule) ? undefined : behind(run, snapshot);
  }

  /** Returns whether a run may write its rows before a snapshot that reads them as well. */
  #goesBefore(run: Run, snapshot: Run, { spec }: Schedule): boolean {
    const operator = this.#parts.operators.get(spec.operator.toLowerCase());
    return goesBefore(run, snapshot) && mayCopyAgain(spec, operator);
  }

  /** Returns whether increments follow a snapshot that was not made: made now, it would replace them. */
  async #isFollowedSnapshot(run: Run, { watermark }: Schedule): Promise<boolean> {
    if (run.snapshot === null || watermark <= run.upper) return false;
    const filter = {
      groupId: run.groupId,
      states: FOLLOWING_STATES,
      within: { lower: run.upper, upper: watermark },
      includeSuperseded: false,
    } as const;
    return (await this.#parts.store.listRuns(filter, { limit: 1 })).items.length > 0;
  }

  /** Retries all failed runs of a group that no other run and no later snapshot covers. */
  async retryAll(schedule: Schedule, options: RetryOptions): Promise<string[]> {
    const { groupId } = schedule.spec;
    const filter = { groupId, states: ["FAILED"], includeSuperseded: false } as const;
    const version = versionFor(schedule, options);
    const retried: string[] = [];
    let sealed = await this.#sealed(schedule, options);
    let snapshot = await newestSnapshot(this.#parts.store, groupId);
    for await (const run of eachRun(this.#parts.store, filter)) {
      if (snapshot !== undefined && this.#refusalBeside(snapshot, run, schedule, false) !== undefined)
        continue;
      if (await this.#isFollowedSnapshot(run, schedule)) continue;
      if (isSealed(schedule, run, sealed.sealedThrough) || !isOfReading(run, schedule)) continue;
      const split = await this.#splitFor(run, options);
      if (split === undefined) continue;
      let isRetried = await this.#retry(run, version, { ...sealed, ...split });
      while (!isRetried && !(await this.#parts.seals.isAsRead(schedule, sealed))) {
        sealed = await this.#sealed(schedule, options);
        if (isSealed(schedule, run, sealed.sealedThrough)) break;
        isRetried = await this.#retry(run, version, { ...sealed, ...split });
      }
      if (!isRetried) continue;
      retried.push(run.id);
      if (run.snapshot !== null) snapshot = await newestSnapshot(this.#parts.store, groupId);
    }
    if (retried.length > 0) this.#parts.dispatcher.wake();
    return retried;
  }

  /** Reads what is sealed for a write; nothing is for one with `force`. */
  async #sealed(
    schedule: Schedule,
    { force = false }: ForceOptions,
  ): Promise<SealRead & Pick<SealedTime, "sealedThrough">> {
    return force ? { sealedThrough: null } : this.#parts.seals.read(schedule);
  }

  /** Returns whether the run was retried: the store refuses one that another run covers, or that was sealed since. */
  #retry(
    run: Run,
    scheduleVersion: number | undefined,
    { seal, dropsSplit, unlessClaimedSince }: SealRead & SplitRead,
  ): Promise<boolean> {
    return this.#parts.dispatcher.change(run, {
      id: run.id,
      ...(seal === undefined ? {} : { seal }),
      ...(unlessClaimedSince === undefined ? {} : { unlessClaimedSince }),
      ...(dropsSplit === undefined ? {} : { dropsSplit }),
      from: ["FAILED", "CANCELLED"],
      state: "PLANNED",
      reason: null,
      attempt: 0,
      isBlocking: false,
      at: this.#parts.clock.now(),
      endedAt: null,
      ...(scheduleVersion === undefined ? {} : { scheduleVersion }),
      ...(run.error === null || run.endedAt === null
        ? {}
        : {
            attemptRecord: {
              attempt: run.attempt,
              submittedAt: run.submittedAt,
              endedAt: run.endedAt,
              jobId: run.jobId,
              error: run.error,
            },
          }),
    });
  }

  /**
   * Returns how a retry treats the split of a run. `undefined` if it may not drop it: a job of a shard may still be working,
   * and the next split would have it write beside its successor.
   */
  async #splitFor({ id }: Run, { resplit = false }: RetryOptions): Promise<SplitRead | undefined> {
    if (!resplit) return {};
    const { store } = this.#parts;
    // Only a claim begins jobs: the run's last one is read before its shards.
    const [unlessClaimedSince] = await store.lastClaims([id]);
    const split = await store.getSplit(id);
    if (split === undefined) return {};
    if (split.shards.some(({ isJobOpen }) => isJobOpen)) return undefined;
    return { dropsSplit: true, ...(unlessClaimedSince === undefined ? {} : { unlessClaimedSince }) };
  }

  /** Returns why a run cannot be retried; `undefined` if nothing speaks against it any more. */
  async #whyNotRetried(id: string): Promise<LedgerError | undefined> {
    const { store } = this.#parts;
    const run = await this.get(id);
    const { groupId, lower, upper, state } = run;
    const mayBe = (state === "FAILED" || state === "CANCELLED") && !run.isSuperseded;
    if (!mayBe) return illegal(run, "retried", "it has failed or was cancelled, and nothing stands for it");
    const [schedule] = await store.getSchedules([groupId]);
    const refusal = schedule && (await this.#copyRefusal(run, schedule, true));
    if (refusal !== undefined) return refusal;
    const standing = await store.listRuns(
      { groupId, states: STANDING_STATES, within: { lower, upper }, includeSuperseded: false },
      { limit: 1_000 },
    );
    const other = standing.items.find((each) => !isSameInterval(each, run));
    if (other !== undefined) {
      return new LedgerError(
        "RUN_STATE_ILLEGAL",
        `Run ${id} is ${state} and cannot be retried: other runs stand for its time, such as ` +
          `${other.id} (${other.state}) for [${at(other.lower)}, ${at(other.upper)}). Backfill what is missing of it instead.`,
      );
    }
    if (run.snapshot === null) return undefined;
    const open = await store.listRuns({ groupId, states: OPEN_RUN_STATES }, { limit: 1 });
    return open.items.length > 0 ? besideOthers(run) : undefined;
  }

  /** @throws LedgerError RUN_NOT_FOUND */
  async get(id: string): Promise<Run> {
    const [run] = await this.#parts.store.getRuns([id]);
    if (run !== undefined) return run;
    throw new LedgerError("RUN_NOT_FOUND", `There is no run ${id}.`, { field: "id" });
  }
}

/**
 * Returns the version that a retried run gets; `undefined` if it keeps its own.
 *
 * @throws ScheduleError SCHEDULE_STATUS_ILLEGAL if the schedule is gone, so that nothing would execute the
 *   run
 */
function versionFor(schedule: Schedule, { version = "planned" }: RetryOptions): number | undefined {
  const { status, spec } = schedule;
  if (!SCHEDULE_STATUSES[status].isRegistered) {
    throw new ScheduleError(
      "SCHEDULE_STATUS_ILLEGAL",
      `Schedule ${spec.groupId} is ${status}; register the group again before its runs are retried.`,
    );
  }
  return version === "latest" ? schedule.version : undefined;
}

function illegal(run: Run, action: string, condition: string): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${run.id} is ${run.state}; it can be ${action} when ${condition}.`,
  );
}

function at(instant: number | null): string {
  return instant === null ? "never" : iso(instant);
}

/**
 * Returns whether an increment would not wait for a snapshot before it that is still to succeed: the copy would remove its
 * rows. It was planned while the mode had no snapshots.
 */
function mayOvertake(run: Run, snapshot: Run, { spec }: Schedule): boolean {
  const isOpen = !isEnded(snapshot.state);
  if (!isOpen || run.id === snapshot.id || run.lower < snapshot.upper) return false;
  return run.kind !== "SCHEDULED" || snapshot.kind !== "SCHEDULED" || !keepsOrder(spec);
}

function aheadOf({ id }: Run, snapshot: Run): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${id} comes after the snapshot of run ${snapshot.id}, which is still to be made and would remove its rows. Retry it when the snapshot has succeeded.`,
  );
}

function followed({ id, groupId }: Run): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${id} is a snapshot that other runs follow by now; client.resnapshot makes another one of group ${groupId}. If its mode has none any more, cancel the run and backfill its time.`,
  );
}

function shardsOpen(id: string): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${id} cannot be split anew: jobs of its shards may still be working. Cancel it first, which stops them.`,
    { field: "options.resplit" },
  );
}

function changedByOthers(id: string): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${id} was changed by others each time that it was to be retried; read it again.`,
  );
}

function besideOthers({ id, groupId }: Run): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${id} is a snapshot, which is made alone, and other runs of group ${groupId} are under way: retry it when they have ended.`,
  );
}

function behind({ id, groupId, isBlocking }: Run, snapshot: Run): LedgerError {
  const wayOut = isBlocking
    ? "Cancel it, so that the snapshot does not wait for it"
    : `client.resnapshot makes another one of group ${groupId}`;
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${id} begins before ${at(snapshot.upper)}, and the snapshot of run ${snapshot.id} stands for all time before that: its rows would be written beside the copy. ${wayOut}.`,
  );
}

function earlierReading({ id }: Run): SourceError {
  return new SourceError(
    "SOURCE_REPLACED",
    `Run ${id} reads positions of an earlier reading of the source, which a rebase has ended: they may mean other data now. Cancel it.`,
    { field: "id" },
  );
}
