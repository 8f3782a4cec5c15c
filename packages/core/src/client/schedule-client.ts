import type { Clock, EpochMs } from "../clock/clock.js";
import { coveredThrough } from "../deadlines/covered-through.js";
import { type DeadlineRecord, OPEN_STATES } from "../deadlines/deadline-record.js";
import { hasCode, LedgerError, messageOf, ScheduleError } from "../errors/errors.js";

import type { Interval } from "../interval/boundaries.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import type { PoolInfo, PoolStatus } from "../pool/pool.js";
import type { Backfill } from "../run/backfill.js";
import { OPEN_RUN_STATES } from "../run/lane.js";
import type { LateTime } from "../run/late-time.js";
import type { Run } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Instant } from "../schedule/instant.js";
import type { Schedule, ScheduleInfo, ScheduleSpec, ScheduleVersion } from "../schedule/schedule.js";
import type { SourceInfo } from "../schedule/source-info.js";
import { statusesThat } from "../schedule/status.js";
import { requireReadable } from "../schedule/stored-spec.js";
import type { DeadlineFilter } from "../store/deadline-table.js";
import { eachRun } from "../store/each-run.js";
import type { LateFilter } from "../store/late-table.js";
import type { Page, PageRequest } from "../store/page.js";
import type { RunFilter, RunTally } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ScheduleFilter } from "../store/schedule-table.js";
import type { Seal } from "../store/seal-table.js";
import { type AuditReport, auditCoverage } from "./audit.js";
import { auditOffsets, type OffsetAudit, PLAIN_ORDER } from "./audit-offsets.js";
import {
  type BackfillControl,
  type BackfillPlan,
  type BackfillRequest,
  refuseOwnIds,
} from "./backfill-control.js";
import type { CoverageBuckets } from "./coverage-buckets.js";
import { MAX_BUCKETS, readBuckets } from "./coverage-reader.js";
import type { CoverageAnswer, CoverageOptions, CoverageWaits } from "./coverage-waits.js";
import { dependencyNotes } from "./dependency-notes.js";
import { findDoubts } from "./doubts.js";
import { type Explanation, explainRun } from "./explain.js";
import { instantOf } from "./ledger-input.js";
import type { Lifecycle, UnregisterOptions, UpdateOptions } from "./lifecycle.js";
import { beginningNotes, notesOf } from "./notes.js";
import type { PoolControl } from "./pool-control.js";
import { type Preview, previewBegin, previewInSteps, previewIntervals } from "./preview.js";
import type { RegisteredSchedule, Registration, RegistrationResult } from "./registration.js";
import type {
  Restatement,
  RestatementControl,
  RestatementPlan,
  RestatementRequest,
} from "./restatement-control.js";
import type { RetryOptions, RunControl } from "./run-control.js";
import type { LogOptions, RunLog, RunLogs } from "./run-logs.js";
import { type ShardFilter, type ShardPage, shardPage } from "./run-shards.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { ForceOptions, Seals } from "./seals.js";
import type { SnapshotControl, SnapshotRequest } from "./snapshot-control.js";
import { snapshotNotes } from "./snapshot-notes.js";
import type { CoverageReceipt, CoverageReport, SourceControl } from "./source-control.js";
import type { RebaseRequest, SourceRebase } from "./source-rebase.js";
import type { SpecReader } from "./spec-reader.js";
import { type StaleRun, staleRuns } from "./stale-runs.js";
import { countUnregistered, UNREGISTERED, unregisteredNotes } from "./unregistered-runs.js";

/** Delay after its due time beyond which a planned run counts as late, ms. */
const LATE_TOLERANCE_MS = 1_000;

const NOT_RUN = ["SKIPPED", "CANCELLED", "FAILED"] as const;

/** Overview of a schedule: its state, counts, recent runs and outlook. */
export interface Description {
  readonly schedule: Schedule;
  /** The notes that `register` would return now, and which run increments wait for if a snapshot has not succeeded. */
  readonly notes: readonly string[];
  readonly versions: readonly ScheduleVersion[];
  /**
   * Counts over the whole ledger: by state, of late runs, and by reason of runs that did not go as planned.
   */
  readonly counts: RunTally;
  /** Runs that have not ended, at most 100. */
  readonly active: readonly Run[];
  /** The newest intervals that did not run, at most 100, each with its reason or error. */
  readonly notRun: readonly Run[];
  readonly backfills: readonly Backfill[];
  /**
   * The time up to which the group is covered, epoch ms: every interval before it has succeeded, or was given
   * up by a policy or a person.
   */
  readonly coveredThrough: EpochMs;
  /** End of the sealed time, epoch ms; `null` if nothing is sealed. */
  readonly sealedThrough: EpochMs | null;
  /** The last seal that a person has set, if there is one. */
  readonly seal: Seal | null;
  /** Deadlines that are at risk or missed, newest first, at most 100. */
  readonly deadlines: readonly DeadlineRecord[];
  /** The next five intervals; planned only if the schedule is not paused. */
  readonly next: Preview;
}

/** Longest wait for coverage, ms. */
const MAX_WAIT_MS = 60_000;

/** Dependencies of `ScheduleClient`. */
export interface ScheduleClientParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  /** Types of this manager's operators, in lower case. */
  readonly operators: readonly string[];
  /** Types of this manager's gates. */
  readonly gates: readonly string[];
  readonly specs: SpecReader;
  readonly providers: OffsetProviders;
  readonly rebases: SourceRebase;
  readonly snapshots: SnapshotControl;
  readonly changes: ScheduleChanges;
  readonly registration: Registration;
  readonly lifecycle: Lifecycle;
  readonly runControl: RunControl;
  readonly logs: RunLogs;
  readonly backfills: BackfillControl;
  readonly restatements: RestatementControl;
  readonly pools: PoolControl;
  readonly seals: Seals;
  readonly sources: SourceControl;
  readonly waits: CoverageWaits;
}

/**
 * Public API for schedules: manages them and reports on their runs. Input is validated first, so a rejected
 * request leaves no trace in the store.
 */
export class ScheduleClient {
  readonly #parts: ScheduleClientParts;

  /** @internal */
  constructor(parts: ScheduleClientParts) {
    this.#parts = parts;
  }

  /**
   * Registers the schedule of a group. Resolves once it is stored. If its engine cannot be reached, the
   * schedule is left `FAILED` with the reason, and the reconciler retries.
   *
   * @throws ScheduleError SCHEDULE_INVALID, DEPENDENCY_INVALID (with the field), DEPENDENCY_CYCLE,
   *   SCHEDULE_EXISTS, GATE_UNKNOWN, POOL_UNKNOWN; TriggerError TRIGGER_INVALID, TRIGGER_EXHAUSTED,
   *   TIMEZONE_UNKNOWN; EngineError ENGINE_UNKNOWN; OperatorError OPERATOR_UNKNOWN, JOB_INVALID
   */
  register(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    return this.#parts.registration.register(info);
  }

  /** Registers many schedules independently: a malformed one does not hold up the others. */
  registerMany(infos: readonly ScheduleInfo<object>[]): Promise<RegistrationResult[]> {
    return this.#parts.registration.registerMany(infos);
  }

  /**
   * Registers a group's schedule, or updates it if it exists and differs. For services that apply their own
   * definitions at each start.
   *
   * @throws as `register` and `update`, except SCHEDULE_EXISTS and SCHEDULE_VERSION_STALE
   */
  async ensure(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    for (;;) {
      try {
        return await this.#parts.registration.register(info);
      } catch (error) {
        if (!hasCode(error, "SCHEDULE_EXISTS")) throw error;
      }
      try {
        const { version } = await this.#parts.changes.get(info.groupId);
        return await this.#parts.lifecycle.update(info, { version });
      } catch (error) {
        if (!hasCode(error, "SCHEDULE_VERSION_STALE")) throw error;
      }
    }
  }

  /**
   * Replaces a schedule's specification. The new one takes effect at the watermark, so that no interval is
   * lost or run twice. Planned runs keep the version they were planned with unless told to adopt the new one,
   * for example if they wait behind a failure that the update fixes. An update that changes nothing creates
   * no version.
   *
   * A new `engine` moves the group: the new engine takes it over before the old one drops it. Runs are not
   * affected, and an interval that both fire meanwhile is planned once.
   *
   * @param seen - `version`: the version that the change is based on; `plannedRuns`: whether waiting runs,
   *   including those between two attempts, keep their version or adopt the new one; failed runs are still
   *   retried by `retryRun`. @default "keep"
   * @throws as `register`, and ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_VERSION_STALE,
   *   SCHEDULE_STATUS_ILLEGAL
   */
  update(info: ScheduleInfo<object>, seen: UpdateOptions): Promise<RegisteredSchedule> {
    return this.#parts.lifecycle.update(info, seen);
  }

  /**
   * Ends a schedule: its engine drops it, planned runs are cancelled, active ones finish. The ledger is kept.
   * When the group is registered again, its ledger continues at the watermark, the runs that waited are
   * planned again, and backfills continue. Only a later `startTime` gives up what lies before it.
   *
   * @param options - `purge`: also deletes the ledger, permanently; refused while a job is active
   *   (SCHEDULE_STATUS_ILLEGAL), although the schedule is unregistered by then: cancel the run or wait for it
   *   to end, then purge again. Later runs of the group get other ids and keys. `version`: fails unless this
   *   is still the schedule's version. `force`: also if other groups depend on it; their runs wait then
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE, DEPENDED_ON
   */
  unregister(groupId: string, options: UnregisterOptions = {}): Promise<void> {
    return this.#parts.lifecycle.unregister(groupId, options);
  }

  /**
   * Stops planning and starting runs, those of backfills included; active ones finish. Only `trigger` starts
   * some. Intervals that fall due meanwhile are owed when the schedule is resumed, subject to its catch-up
   * policy.
   *
   * @param note - the reason, for people
   * @param seen - `version`: fails unless this is still the schedule's version
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE
   */
  pause(groupId: string, note = "", seen: { readonly version?: number } = {}): Promise<Schedule> {
    return this.#parts.lifecycle.pause(groupId, note, seen.version);
  }

  /**
   * Resumes planning at the watermark; does nothing if the schedule is not paused.
   *
   * @param seen - `version`: fails unless this is still the schedule's version
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered), SCHEDULE_VERSION_STALE
   */
  resume(groupId: string, seen: { readonly version?: number } = {}): Promise<Schedule> {
    return this.#parts.lifecycle.resume(groupId, seen.version);
  }

  /**
   * Runs a group now, even if it is paused. Without an interval, runs what is owed under its catch-up policy,
   * or re-runs the last closed interval if nothing is. A paused group runs what it owes all at once, at most
   * 1,000 runs. With an interval, re-runs every whole interval in it, each as a new generation.
   *
   * @param options - `force`: re-runs sealed time as well
   * @returns the runs that were planned
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError SEALED, INTERVAL_INVALID, INTERVAL_OPEN (not over yet, or
   *   left to the live schedule), INTERVAL_NOT_ALIGNED (naming the nearest that is), RUN_STATE_ILLEGAL
   *   (already in progress)
   */
  async trigger(groupId: string, interval?: Interval, options: ForceOptions = {}): Promise<Run[]> {
    const schedule = await this.#parts.changes.getReadable(groupId);
    return interval === undefined
      ? this.#parts.runControl.triggerNow(schedule, options)
      : this.#parts.runControl.triggerInterval(schedule, interval, options);
  }

  /**
   * Has the source of a group read from elsewhere: after it was replaced or rewound, after positions were lost, or
   * on purpose. What was planned and has not begun is cancelled, and so is what is active; the next fire reads on
   * from there. The ledger keeps both readings apart.
   *
   * @returns the schedule, in a new version
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_INVALID (its boundaries are time; with the field),
   *   SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE (changed meanwhile), HANDOVER_WOULD_DOUBLE (with snapshots, if
   *   older rows would stay beside the new copy); LedgerError SEALED (with snapshots, which write everything again);
   *   SourceError SOURCE_UNAVAILABLE, SOURCE_INVALID, SOURCE_UNKNOWN
   */
  rebase(groupId: string, request: RebaseRequest): Promise<Schedule> {
    return this.#parts.rebases.rebase(groupId, request);
  }

  /**
   * Makes another full copy of a group with the mode `full-then-incremental`, of what is owed or of the time until now.
   * Runs that are under way end before it; increments wait for it and continue where it ends.
   *
   * @returns the snapshot's run
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_INVALID (another mode), SCHEDULE_STATUS_ILLEGAL (paused),
   *   HANDOVER_WOULD_DOUBLE (older rows would stay beside the copy: its job appends, or replaces one interval alone; or,
   *   with `swap`, does not replace its target); LedgerError SEALED, RUN_STATE_ILLEGAL (a snapshot has not succeeded
   *   yet), INTERVAL_OPEN (not now); SourceError SOURCE_UNAVAILABLE, SOURCE_INVALID,
   *   SOURCE_UNKNOWN, SOURCE_REPLACED, SOURCE_REWOUND
   */
  resnapshot(groupId: string, request: SnapshotRequest = {}): Promise<Run> {
    return this.#parts.snapshots.resnapshot(groupId, request);
  }

  /** Returns a schedule as stored. @throws ScheduleError SCHEDULE_NOT_FOUND */
  get(groupId: string): Promise<Schedule> {
    return this.#parts.changes.get(groupId);
  }

  /**
   * Returns a schedule with its counts, open runs, intervals that did not run and why, and what comes next.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND
   */
  async describe(groupId: string): Promise<Description> {
    const { store } = this.#parts;
    const schedule = await this.#parts.changes.get(groupId);
    const [versions, counts, active, notRun, backfills, through, deadlines, sealed, seals] =
      await Promise.all([
        store.listVersions(groupId),
        store.tally(groupId, LATE_TOLERANCE_MS),
        store.listRuns({ groupId, states: OPEN_RUN_STATES }, { limit: 100 }),
        store.listRuns(
          { groupId, states: NOT_RUN, includeSuperseded: false, order: "descending" },
          { limit: 100 },
        ),
        store.listBackfills({ groupId }),
        coveredThrough(store, schedule),
        this.deadlines({ groupId, states: OPEN_STATES, order: "descending" }),
        this.#parts.seals.sealedThrough(schedule),
        store.getSeals([groupId]),
      ]);
    const unregistered =
      counts.byReason[UNREGISTERED] === undefined ? 0 : await countUnregistered(store, groupId);
    const outlook = this.#outlook(schedule);
    const waits =
      schedule.unreadable === null
        ? [
            ...(await snapshotNotes(store, schedule, this.#parts.clock.now())),
            ...(await dependencyNotes(store, schedule.spec)),
          ]
        : [];
    return {
      schedule,
      ...outlook,
      notes: [...unregisteredNotes(unregistered), ...waits, ...outlook.notes],
      versions,
      counts,
      active: active.items,
      notRun: notRun.items,
      backfills,
      coveredThrough: through,
      sealedThrough: sealed,
      seal: seals[0] ?? null,
      deadlines: deadlines.items,
    };
  }

  /** Returns notes and upcoming intervals; if this version cannot read the schedule, a note says why. */
  #outlook(schedule: Schedule): Pick<Description, "notes" | "next"> {
    const { clock, specs } = this.#parts;
    if (schedule.status === "SOURCE") return { notes: [], next: { intervals: [], notes: [] } };
    try {
      requireReadable(schedule);
      const notes = notesOf(schedule, clock.now(), specs.notesOn(schedule.spec));
      return { notes, next: previewIntervals(schedule.spec, schedule.watermark, 5) };
    } catch (error) {
      return { notes: [messageOf(error)], next: { intervals: [], notes: [] } };
    }
  }

  /** Explains why a run waits, or how it ended. @throws LedgerError RUN_NOT_FOUND */
  async explain(runId: string): Promise<Explanation> {
    const run = await this.#parts.runControl.get(runId);
    const [schedule] = await this.#parts.store.getSchedules([run.groupId]);
    return explainRun(this.#parts, run, schedule);
  }

  /** Lists schedules by group id, one page at a time. Deleted ones are included if `statuses` names them. */
  list(filter: ScheduleFilter = {}, page: PageRequest = {}): Promise<Page<Schedule>> {
    const statuses = filter.statuses ?? statusesThat("isListed");
    return this.#parts.store.listSchedules({ ...filter, statuses }, page);
  }

  /**
   * Returns upcoming intervals without side effects: from the watermark for a registered group, from its
   * start for a schedule that is not registered.
   *
   * @param count - 1 to 10,000
   * @param from - skips the intervals that end at this instant or before
   * @throws as `register`; LedgerError INTERVAL_INVALID if `from` is no instant
   */
  async preview(subject: string | ScheduleInfo<object>, count = 10, from?: Instant): Promise<Preview> {
    if (!Number.isInteger(count) || count < 1 || count > 10_000) {
      throw new ScheduleError("SCHEDULE_INVALID", "count: must be a whole number from 1 to 10,000.", {
        field: "count",
      });
    }
    const after = from === undefined ? undefined : instantOf(from, "from");
    const previewFrom = (spec: ScheduleSpec, earliest: EpochMs): Promise<Preview> => {
      const begin = after === undefined ? earliest : previewBegin(spec, earliest, after);
      return previewInSteps(spec, begin, count);
    };
    if (typeof subject === "string") {
      const { spec, watermark } = await this.#parts.changes.getReadable(subject);
      return previewFrom(spec, watermark);
    }
    const { clock, specs } = this.#parts;
    const spec = specs.read(subject);
    const origin = new Grid(spec).origin() ?? spec.startTime;
    const { intervals, notes } = await previewFrom(spec, origin);
    const atOnce = beginningNotes(spec, origin, clock.now(), specs.notesOn(spec));
    return { intervals, notes: [...atOnce, ...notes] };
  }

  /**
   * Re-runs a past range alongside the live schedule. It is one row, whatever its length; its runs are
   * planned when their turn comes.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered); LedgerError
   *   INTERVAL_INVALID (not instants, empty, or not in the past; an id such as Tidegate itself gives)
   */
  async backfill(request: BackfillRequest): Promise<BackfillPlan> {
    refuseOwnIds(request.id);
    const schedule = await this.#parts.changes.getReadable(request.groupId);
    return this.#parts.backfills.plan(schedule, request);
  }

  /**
   * Seals a group's time up to an instant: it cannot be re-run, backfilled or reported again without `force`.
   * Everything before the instant must be covered, and nothing of it may be in progress.
   *
   * @param until - exclusive: epoch ms, a `Date` or ISO 8601 with an offset
   * @param note - the reason, for people, at most 2,000 characters
   * @param options - `force`: also moves a seal back, which opens time again
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID, INTERVAL_OPEN (not covered, or being
   *   written again), SEALED (sealed beyond the instant)
   */
  seal(groupId: string, until: Instant, note = "", options: ForceOptions = {}): Promise<Seal> {
    return this.#parts.seals.seal(groupId, until, note, options);
  }

  /** Returns a backfill, or `undefined` if there is none with that id. */
  getBackfill(id: string): Promise<Backfill | undefined> {
    return this.#parts.store.getBackfill(id);
  }

  /** Stops planning runs of a backfill; active ones finish. @throws LedgerError RUN_NOT_FOUND */
  cancelBackfill(id: string): Promise<void> {
    return this.#parts.backfills.cancel(id);
  }

  /**
   * Creates a pool, or changes it. Fewer slots than are used end no run: fewer begin until they fit.
   *
   * @throws PoolError POOL_INVALID with the field
   */
  setPool(pool: PoolInfo): Promise<PoolStatus> {
    return this.#parts.pools.set(pool);
  }

  /** Lists all pools by name, and how much of each is in use. */
  listPools(): Promise<PoolStatus[]> {
    return this.#parts.pools.list();
  }

  /**
   * Deletes a pool.
   *
   * @throws PoolError POOL_NOT_FOUND; POOL_IN_USE while a schedule or a planned run needs it
   */
  deletePool(name: string): Promise<void> {
    return this.#parts.pools.delete(name);
  }

  /** Lists runs by interval, one page at a time. */
  runs(filter: RunFilter = {}, page: PageRequest = {}): Promise<Page<Run>> {
    return this.#parts.store.listRuns(filter, page);
  }

  /**
   * Lists deadlines that were not simply met, by deadline, one page at a time: at risk, missed, met late or
   * after a risk, or excused.
   */
  async deadlines(filter: DeadlineFilter = {}, page: PageRequest = {}): Promise<Page<DeadlineRecord>> {
    const { items, ...rest } = await this.#parts.store.listDeadlines(filter, page);
    return { ...rest, items: items.map(({ told: _, tellAt: __, ...record }) => record) };
  }

  /** Returns a run. @throws LedgerError RUN_NOT_FOUND */
  getRun(id: string): Promise<Run> {
    return this.#parts.runControl.get(id);
  }

  /**
   * Lists the shards of a run in the order of its split, one page at a time, and says how far all of them have got.
   * A run that is not split has none.
   *
   * @throws LedgerError RUN_NOT_FOUND
   */
  async shards(runId: string, filter: ShardFilter = {}, page: PageRequest = {}): Promise<ShardPage> {
    const run = await this.#parts.runControl.get(runId);
    const split = await this.#parts.store.getSplit(runId);
    return shardPage(split, run, { filter, page, now: this.#parts.clock.now() });
  }

  /**
   * Returns lines that an attempt of a run has logged: the last 256 kB once it has ended, and before that as many as
   * its operator shows of a running job. There are none if the operator has no logs, or another manager has the job.
   *
   * ```ts
   * const { lines, next } = await client.logs(run.id);
   * const more = await client.logs(run.id, { after: next });
   * ```
   *
   * @throws LedgerError RUN_NOT_FOUND; ScheduleError ARGUMENT_INVALID if the attempt has not begun; OperatorError if
   *   the lines of a running job cannot be read now
   */
  async logs(runId: string, options: LogOptions = {}): Promise<RunLog> {
    return this.#parts.logs.read(await this.#parts.runControl.get(runId), options);
  }

  /**
   * Cancels a run: a waiting one at once, an active one as soon as its job has stopped. Cancelling a failed
   * run lets what it blocks continue.
   *
   * @throws LedgerError RUN_NOT_FOUND, RUN_STATE_ILLEGAL
   */
  cancelRun(id: string): Promise<void> {
    return this.#parts.runControl.cancel(id);
  }

  /**
   * Opens the gates of a run by hand: all that hold it now, and any that would hold it before it begins. Its
   * lane still has to have a place for it. The run keeps the mark, with the note; other runs, also later ones
   * of the same interval, go through their gates.
   *
   * @param note - why, for people
   * @throws LedgerError RUN_NOT_FOUND; RUN_STATE_ILLEGAL if no gate holds it
   */
  markReady(id: string, note = ""): Promise<void> {
    return this.#parts.runControl.markReady(id, note);
  }

  /**
   * Gives a failed or cancelled run all its attempts again, with the same boundaries and idempotency key. It
   * uses the schedule version that it was planned with, or the newest if requested.
   *
   * @throws LedgerError RUN_NOT_FOUND; RUN_STATE_ILLEGAL also if another run covers any of its time;
   *   ScheduleError SCHEDULE_STATUS_ILLEGAL (unregistered)
   */
  retryRun(id: string, options: RetryOptions = {}): Promise<void> {
    return this.#parts.runControl.retry(id, options);
  }

  /**
   * Retries all failed runs of a group that no other run covers, each as `retryRun` does.
   *
   * @returns the ids of the retried runs, oldest interval first
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered)
   */
  async retryRuns(groupId: string, options: RetryOptions = {}): Promise<string[]> {
    return this.#parts.runControl.retryAll(await this.#parts.changes.get(groupId), options);
  }

  /**
   * Registers a source group: one without schedule, whose coverage others report. If it exists and differs, its
   * description is updated. `unregister` with `purge` removes it.
   *
   * @returns the group as stored, with status `SOURCE`; `list` returns such groups if `statuses` names it
   * @throws ScheduleError SCHEDULE_INVALID (with the field), SCHEDULE_EXISTS (the group has a schedule);
   *   TriggerError TIMEZONE_UNKNOWN
   */
  registerSource(info: SourceInfo): Promise<Schedule> {
    return this.#parts.sources.register(info);
  }

  /**
   * Reports that a source group's data are complete for an interval. The report is part of the group's ledger,
   * as runs of kind `REPORTED` that have succeeded. It may be repeated: time that is covered already changes
   * only if the report names another `version`; that time is then covered by a new generation. Reports may
   * overlap in any way.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (the group has a schedule); LedgerError
   *   INTERVAL_INVALID (with the field)
   */
  reportCoverage(groupId: string, report: CoverageReport): Promise<CoverageReceipt> {
    return this.#parts.sources.report(groupId, report);
  }

  /**
   * Returns whether a group, with a schedule or without, covers a range: all of it has succeeded. Waits for that
   * if asked to, and returns what stands when the wait is over, the signal is aborted or this manager stops.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID
   */
  async coverage(groupId: string, range: Interval, options: CoverageOptions = {}): Promise<CoverageAnswer> {
    const { waitMs = 0 } = options;
    if (!(waitMs >= 0 && waitMs <= MAX_WAIT_MS)) {
      throw new LedgerError("INTERVAL_INVALID", `waitMs: must be 0 to ${MAX_WAIT_MS} ms.`, {
        field: "waitMs",
      });
    }
    if (!(range.lower < range.upper)) {
      throw new LedgerError("INTERVAL_INVALID", "range: its lower bound must be before its upper one.", {
        field: "range",
      });
    }
    await this.#parts.changes.get(groupId);
    return this.#parts.waits.ask(groupId, range, options);
  }

  /**
   * Returns a group's time in buckets, for a picture of it: one for each interval if they fit the limit, else the
   * finest units of the calendar that do. Time that is not over yet is in none.
   *
   * @param range - @default from the ledger's beginning until now
   * @param options - `limit`: most buckets, 10 to 5,000. @default 5,000
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID (with the field)
   */
  async coverageBuckets(
    groupId: string,
    range?: Interval,
    { limit = MAX_BUCKETS }: { readonly limit?: number } = {},
  ): Promise<CoverageBuckets> {
    if (!(limit >= 10 && limit <= MAX_BUCKETS)) {
      throw new LedgerError("INTERVAL_INVALID", `limit: must be 10 to ${MAX_BUCKETS}.`, { field: "limit" });
    }
    if (range !== undefined && !(range.lower < range.upper)) {
      throw new LedgerError("INTERVAL_INVALID", "range: its lower bound must be before its upper one.", {
        field: "range",
      });
    }
    const schedule = await this.#parts.changes.get(groupId);
    const { origin, watermark, spec } = schedule;
    const closedUpTo = this.#closedUpTo(schedule) ?? watermark;
    const end = Math.max(watermark, closedUpTo);
    const lower = Math.max(origin, range?.lower ?? origin);
    const shown = { lower, upper: Math.max(lower, Math.min(end, range?.upper ?? end)) };
    return {
      groupId,
      range: shown,
      timezone: spec.timezone,
      sealedThrough: await this.#parts.seals.sealedThrough(schedule),
      ...(await readBuckets(this.#parts.store, schedule, { range: shown, limit, closedUpTo })),
    };
  }

  /**
   * Plans to run time of a group again, and with `cascade: "downstream"` all that follows from it: per group the
   * intervals, and where the cascade stops. Changes nothing; `applyRestatement` begins it.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID (with the field), SEALED (of any group
   *   that it reaches, without `force`)
   */
  restate(request: RestatementRequest): Promise<RestatementPlan> {
    return this.#parts.restatements.plan(request);
  }

  /**
   * Begins a planned restatement: a backfill for each stretch of time of each group. The coverage of an interval
   * stands until its new generation has succeeded. May be repeated: the same plan begins once.
   *
   * @throws LedgerError PLAN_OUTDATED if a ledger or a schedule of it has changed since it was planned,
   *   INTERVAL_INVALID if it is no plan; ScheduleError SCHEDULE_NOT_FOUND
   */
  applyRestatement(planId: string): Promise<Restatement> {
    return this.#parts.restatements.apply(planId);
  }

  /**
   * Returns the runs that have read other data than there are now (`stale`), and those that have read what such
   * runs have made (`tainted`), until they are run again. `Run.inputs` says what a run has read.
   *
   * @param groupId - only runs of this group. @default all
   */
  stale(groupId?: string): Promise<StaleRun[]> {
    return staleRuns(this.#parts.store, groupId);
  }

  /**
   * Lists time for which rows came after it had been covered, as jobs have reported it, by group, then time. See
   * `JobOutcome.touched`.
   */
  lateData(filter: LateFilter = {}, page: PageRequest = {}): Promise<Page<LateTime>> {
    return this.#parts.store.listLate(filter, page);
  }

  /**
   * Accounts for every millisecond of a group's ledger: succeeded, active, failed, cancelled, skipped, gaps,
   * overlaps, and time that two jobs may have written.
   *
   * @param within - the part to audit. @default from the ledger's beginning to its watermark
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID
   */
  async audit(groupId: string, within?: Interval): Promise<AuditReport> {
    const schedule = await this.#parts.changes.get(groupId);
    const { origin, watermark } = schedule;
    const range = within ?? { lower: origin, upper: watermark };
    if (range.lower > range.upper) {
      throw new LedgerError("INTERVAL_INVALID", "within: its lower bound must not be after its upper one.", {
        field: "within",
      });
    }
    // First, so that a run that is superseded in between is in both.
    const coverage = await this.#parts.store.coverage(groupId, range);
    return auditCoverage({
      groupId,
      range,
      coverage,
      doubts: await findDoubts(this.#parts.store, coverage, { groupId, range }),
      stale: await this.#staleTime(groupId, range),
      closedUpTo: this.#closedUpTo(schedule) ?? watermark,
      watermark,
      offsets: await this.#auditOffsets(schedule, within),
      snapshots: await this.#parts.snapshots.audit(schedule, range),
    });
  }

  async #auditOffsets({ spec, offsets }: Schedule, within: Interval | undefined): Promise<OffsetAudit[]> {
    if (spec.boundaryType !== "OFFSET" || spec.source === null) return [];
    const { store, providers } = this.#parts;
    const runs: Run[] = [];
    const part = within === undefined ? {} : { within };
    const filter = { groupId: spec.groupId, includeSuperseded: false, ...part } as const;
    for await (const run of eachRun(store, filter)) runs.push(run);
    const order = providers.find(spec.source.type) ?? PLAIN_ORDER;
    return auditOffsets(order, runs, within === undefined ? offsets : null);
  }

  async #staleTime(groupId: string, within: Interval): Promise<Interval[]> {
    const stale: Interval[] = [];
    const filter = { groupId, within, staleness: "all", states: ["SUCCEEDED"] } as const;
    for await (const { lower, upper } of eachRun(this.#parts.store, filter)) stale.push({ lower, upper });
    return stale;
  }

  /** Returns where the last closed interval of a schedule ends, epoch ms; what an unreadable one owes is unknown. */
  #closedUpTo({ spec, unreadable }: Schedule): EpochMs | undefined {
    if (unreadable !== null) return undefined;
    return new Grid(spec).lastClosed(this.#parts.clock.now() - spec.delayMs)?.upper;
  }
}
