import type { EpochMs } from "../clock/clock.js";
import { StoreError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { Backfill, BackfillState } from "../ledger/backfill.js";
import { isEnded, lanePlace } from "../ledger/lane.js";
import type { NewRun, Run, RunReason, RunState } from "../ledger/run.js";
import type { Schedule, ScheduleStatus, ScheduleVersion } from "../schedule/schedule.js";
import { intersects, mergeCoverage } from "./memory/coverage.js";
import { type RunRow, RunTable } from "./memory/run-table.js";
import { WakeQueue } from "./memory/wake-queue.js";
import {
  AT_ONCE,
  type BackfillCommit,
  type ClaimedRun,
  type ClaimRequest,
  type CoverageRange,
  type DueFire,
  type DueQuery,
  type HeldLease,
  type LeaseState,
  type NewSchedule,
  type Page,
  type PageRequest,
  type PlanCommit,
  type RunChange,
  type RunFilter,
  type RunTally,
  type ScheduleChange,
  type ScheduleFilter,
  type ScheduleStore,
} from "./schedule-store.js";

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

interface ScheduleRow {
  schedule: Mutable<Schedule>;
  laneWidth: number;
  readonly versions: ScheduleVersion[];
  /** Waiting runs of the lane, oldest first. */
  waiting: RunRow[];
}

const DEFAULT_LIMIT = 100;

/**
 * A store in memory: for tests, simulations and trials. It keeps every rule of the contract but durability.
 */
export class MemoryStore implements ScheduleStore {
  readonly #schedules = new Map<string, ScheduleRow>();
  readonly #runs = new RunTable();
  readonly #wakes = new WakeQueue();
  readonly #fires = new WakeQueue();
  readonly #backfills = new Map<string, Mutable<Backfill>>();
  #isOpen = false;
  #lastToken = 0;

  async open(): Promise<void> {
    this.#isOpen = true;
    for (const row of this.#runs.all()) {
      if (row.state === "SUBMITTING" || row.state === "RUNNING") this.#setWake(row, AT_ONCE);
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  async insertSchedules(schedules: readonly NewSchedule[]): Promise<boolean[]> {
    this.#requireOpen();
    return schedules.map((added) => {
      const { groupId } = added.spec;
      if (this.#schedules.has(groupId)) return false;
      const { spec, status, origin, watermark, nextFireAt, laneWidth, tzdata, createdAt } = added;
      this.#schedules.set(groupId, {
        schedule: {
          spec,
          version: 1,
          status,
          statusReason: null,
          origin,
          watermark,
          nextFireAt,
          admittedRuns: 0,
          waitingRuns: 0,
          blockingRuns: 0,
          createdAt,
          updatedAt: createdAt,
        },
        laneWidth,
        versions: [{ version: 1, spec, tzdata, since: watermark, createdAt }],
        waiting: [],
      });
      this.#setFire(groupId);
      return true;
    });
  }

  async changeSchedules(changes: readonly ScheduleChange[]): Promise<boolean[]> {
    this.#requireOpen();
    return changes.map((change) => this.#changeSchedule(change));
  }

  async getSchedules(groupIds: readonly string[]): Promise<(Schedule | undefined)[]> {
    this.#requireOpen();
    return groupIds.map((groupId) => {
      const row = this.#schedules.get(groupId);
      return row === undefined ? undefined : { ...row.schedule };
    });
  }

  async listSchedules(filter: ScheduleFilter, page: PageRequest): Promise<Page<Schedule>> {
    this.#requireOpen();
    const matching = [...this.#schedules.keys()]
      .filter((groupId) => page.cursor === undefined || groupId > page.cursor)
      .sort()
      .map((groupId) => this.#schedules.get(groupId)!.schedule)
      .filter((schedule) => matchesSchedule(schedule, filter));
    return pageOf(
      matching,
      page,
      (schedule) => schedule.spec.groupId,
      (schedule) => ({ ...schedule }),
    );
  }

  async listVersions(groupId: string): Promise<ScheduleVersion[]> {
    this.#requireOpen();
    return [...(this.#schedules.get(groupId)?.versions ?? [])];
  }

  async purgeSchedule(groupId: string): Promise<boolean> {
    this.#requireOpen();
    for (const { id } of this.#runs.removeGroup(groupId)) this.#wakes.set(id, null);
    for (const backfill of [...this.#backfills.values()]) {
      if (backfill.groupId === groupId) this.#backfills.delete(backfill.id);
    }
    this.#fires.set(groupId, null);
    return this.#schedules.delete(groupId);
  }

  async due({ before, from, engine, limit }: DueQuery): Promise<DueFire[]> {
    this.#requireOpen();
    const taken: string[] = [];
    const due: DueFire[] = [];
    while (due.length < limit) {
      const groupId = this.#fires.take(before);
      if (groupId === undefined) break;
      taken.push(groupId);
      const { schedule } = this.#schedules.get(groupId)!;
      const fireAt = schedule.nextFireAt!;
      if ((from !== undefined && fireAt < from) || (engine !== undefined && schedule.spec.engine !== engine))
        continue;
      const { version, spec } = schedule;
      due.push({ groupId, version, engine: spec.engine, fireAt, scheduledTime: fireAt - spec.delayMs });
    }
    for (const groupId of taken) this.#setFire(groupId);
    return due;
  }

  async plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    this.#requireOpen();
    return commits.map((commit) => {
      const row = this.#schedules.get(commit.groupId);
      const isCurrent =
        row !== undefined &&
        row.schedule.version === commit.version &&
        row.schedule.watermark === commit.watermark &&
        plans(row.schedule.status);
      if (!isCurrent || commit.runs.some(({ id }) => this.#runs.has(id))) return false;
      row.schedule.watermark = commit.newWatermark;
      row.schedule.nextFireAt = commit.nextFireAt;
      this.#setFire(commit.groupId);
      for (const run of commit.runs) this.#insert(run, null);
      this.#admit(row);
      return true;
    });
  }

  async insertRuns(runs: readonly NewRun[]): Promise<boolean[]> {
    this.#requireOpen();
    return runs.map((run) => {
      if (this.#runs.has(run.id)) return false;
      this.#insertBeside(run);
      return true;
    });
  }

  async claim({ now, leaseUntil, limit }: ClaimRequest): Promise<ClaimedRun[]> {
    this.#requireOpen();
    const claimed: ClaimedRun[] = [];
    while (claimed.length < limit) {
      const id = this.#wakes.take(now);
      if (id === undefined) break;
      const row = this.#runs.get(id)!;
      const isRecovered = row.state !== "PLANNED";
      if (!isRecovered) {
        row.state = "SUBMITTING";
        row.attempt += 1;
        row.submittedAt = now;
      }
      this.#lastToken += 1;
      row.token = this.#lastToken;
      this.#setWake(row, leaseUntil);
      claimed.push({ run: snapshot(row), token: row.token, isRecovered });
    }
    return claimed;
  }

  async changeRuns(changes: readonly RunChange[]): Promise<boolean[]> {
    this.#requireOpen();
    return changes.map((change) => this.#changeRun(change));
  }

  async renewLeases(leases: readonly HeldLease[], leaseUntil: EpochMs): Promise<LeaseState[]> {
    this.#requireOpen();
    return leases.map(({ id, token }) => {
      const row = this.#runs.get(id);
      const isHeld = row !== undefined && row.token === token && isActive(row.state);
      if (isHeld) this.#setWake(row, leaseUntil);
      return { isHeld, isCancelRequested: isHeld && row.isCancelRequested };
    });
  }

  async requestCancel(ids: readonly string[], reason: RunReason): Promise<boolean[]> {
    this.#requireOpen();
    return ids.map((id) => {
      const row = this.#runs.get(id);
      if (row === undefined || !isActive(row.state)) return false;
      row.isCancelRequested = true;
      row.reason = reason;
      return true;
    });
  }

  async nextWake(): Promise<EpochMs | undefined> {
    this.#requireOpen();
    return this.#wakes.first();
  }

  async getRuns(ids: readonly string[]): Promise<(Run | undefined)[]> {
    this.#requireOpen();
    return ids.map((id) => {
      const row = this.#runs.get(id);
      return row === undefined ? undefined : snapshot(row);
    });
  }

  async listRuns(filter: RunFilter, page: PageRequest): Promise<Page<Run>> {
    this.#requireOpen();
    const rows = filter.groupId === undefined ? [...this.#runs.all()] : this.#runs.ofGroup(filter.groupId);
    const matching = rows.filter((row) => matchesRun(row, filter));
    if (filter.groupId === undefined)
      matching.sort((a, b) => a.lower - b.lower || a.generation - b.generation);
    if (filter.order === "descending") matching.reverse();
    const start = page.cursor === undefined ? 0 : matching.findIndex(({ id }) => id === page.cursor) + 1;
    return pageOf(matching.slice(start), page, ({ id }) => id, snapshot);
  }

  async coverage(groupId: string, within?: Interval): Promise<CoverageRange[]> {
    this.#requireOpen();
    return mergeCoverage(this.#runs.ofGroup(groupId), within);
  }

  async tally(groupId: string, lateToleranceMs: number): Promise<RunTally> {
    this.#requireOpen();
    const delayMs = this.#schedules.get(groupId)?.schedule.spec.delayMs ?? 0;
    const byState = {
      PLANNED: 0,
      SUBMITTING: 0,
      RUNNING: 0,
      SUCCEEDED: 0,
      FAILED: 0,
      CANCELLED: 0,
      SKIPPED: 0,
    } satisfies Record<RunState, number>;
    const byReason: Partial<Record<RunReason, number>> = {};
    let late = 0;
    for (const run of this.#runs.ofGroup(groupId)) {
      byState[run.state] += 1;
      if (run.reason !== null) byReason[run.reason] = (byReason[run.reason] ?? 0) + run.intervals;
      if (run.kind === "SCHEDULED" && run.plannedAt - run.scheduledTime - delayMs > lateToleranceMs)
        late += 1;
    }
    return { byState, byReason, late };
  }

  async insertBackfill(backfill: Backfill): Promise<void> {
    this.#requireOpen();
    this.#backfills.set(backfill.id, { ...backfill });
  }

  async planBackfill({ id, cursor, newCursor, state, updatedAt, runs }: BackfillCommit): Promise<boolean> {
    this.#requireOpen();
    const backfill = this.#backfills.get(id);
    if (backfill === undefined || backfill.state !== "RUNNING" || backfill.cursor !== cursor) return false;
    if (runs.some((run) => this.#runs.has(run.id))) return false;
    backfill.cursor = newCursor;
    backfill.state = state;
    backfill.updatedAt = updatedAt;
    backfill.plannedRuns += runs.length;
    backfill.openRuns += runs.length;
    for (const run of runs) this.#insertBeside(run);
    return true;
  }

  async getBackfill(id: string): Promise<Backfill | undefined> {
    this.#requireOpen();
    const backfill = this.#backfills.get(id);
    return backfill === undefined ? undefined : { ...backfill };
  }

  async listBackfills(filter: { groupId?: string; states?: readonly BackfillState[] }): Promise<Backfill[]> {
    this.#requireOpen();
    return [...this.#backfills.values()]
      .filter(({ groupId }) => filter.groupId === undefined || groupId === filter.groupId)
      .filter(({ state }) => filter.states === undefined || filter.states.includes(state))
      .reverse()
      .map((backfill) => ({ ...backfill }));
  }

  #requireOpen(): void {
    if (this.#isOpen) return;
    throw new StoreError(
      "STORE_CLOSED",
      "The store is not open; call open() first, and nothing after close().",
    );
  }

  #changeSchedule(change: ScheduleChange): boolean {
    const row = this.#schedules.get(change.groupId);
    if (row === undefined) return false;
    const { schedule } = row;
    const { version, statuses } = change.expected;
    if (schedule.version !== version || !statuses.includes(schedule.status)) return false;
    if (change.spec !== undefined) {
      const { spec, tzdata } = change.spec;
      schedule.version += 1;
      schedule.spec = spec;
      const since = change.origin ?? schedule.watermark;
      row.versions.push({ version: schedule.version, spec, tzdata, since, createdAt: change.updatedAt });
    }
    if (change.status !== undefined) schedule.status = change.status;
    if (change.statusReason !== undefined) schedule.statusReason = change.statusReason;
    if (change.nextFireAt !== undefined) schedule.nextFireAt = change.nextFireAt;
    if (change.origin !== undefined) {
      schedule.origin = change.origin;
      schedule.watermark = change.origin;
    }
    schedule.updatedAt = change.updatedAt;
    if (change.cancelPlanned !== undefined) this.#cancelPlanned(row, change.cancelPlanned, change.updatedAt);
    if (change.laneWidth !== undefined) this.#resizeLane(row, change.laneWidth);
    this.#setFire(change.groupId);
    return true;
  }

  #cancelPlanned({ schedule }: ScheduleRow, reason: RunReason, now: EpochMs): void {
    for (const run of this.#runs.ofGroup(schedule.spec.groupId)) {
      if (run.state === "PLANNED") {
        this.#changeRun({
          id: run.id,
          from: ["PLANNED"],
          state: "CANCELLED",
          wakeAt: null,
          reason,
          endedAt: now,
        });
      }
    }
  }

  /** Puts planned runs back to waiting and admits again. */
  #resizeLane(row: ScheduleRow, laneWidth: number): void {
    row.laneWidth = laneWidth;
    for (const run of this.#runs.ofGroup(row.schedule.spec.groupId)) {
      if (run.state !== "PLANNED" || lanePlace(run) !== "admitted") continue;
      // A run that waits for its next attempt keeps its time.
      if (laneWidth > 0 && run.wakeAt !== AT_ONCE) continue;
      this.#leaveLane(row, run);
      this.#setWake(run, null);
      this.#enterLane(row, run);
    }
    this.#admit(row);
  }

  #changeRun(change: RunChange): boolean {
    const run = this.#runs.get(change.id);
    if (run === undefined || !change.from.includes(run.state)) return false;
    if (change.token !== undefined && change.token !== run.token) return false;
    const row = this.#schedules.get(run.groupId)!;
    const wasOpen = !isEnded(run.state);
    this.#leaveLane(row, run);
    const { id: _id, from: _from, token: _token, wakeAt, attemptRecord, givesBack, ...fields } = change;
    Object.assign(run, fields);
    if (change.isBlocking === undefined) run.isBlocking = false;
    if (attemptRecord !== undefined) run.history = [...run.history, attemptRecord];
    if (isEnded(run.state) || run.state === "PLANNED") run.isCancelRequested = false;
    this.#setWake(run, wakeAt);
    if (givesBack === true) this.#giveBack(row, run);
    if (run.state === "SUCCEEDED") this.#supersede(run, () => true);
    this.#enterLane(row, run);
    this.#countBackfill(run, wasOpen);
    this.#admit(row);
    return true;
  }

  #giveBack({ schedule }: ScheduleRow, run: RunRow): void {
    if (schedule.watermark !== run.upper) return;
    schedule.watermark = run.lower;
    run.isSuperseded = true;
  }

  #countBackfill(run: RunRow, wasOpen: boolean): void {
    const backfill = run.backfillId === null ? undefined : this.#backfills.get(run.backfillId);
    if (backfill !== undefined) backfill.openRuns += Number(!isEnded(run.state)) - Number(wasOpen);
  }

  /** Earlier generations of a run's interval give way to it; what they block goes on. */
  #supersede(run: RunRow, isConcerned: (earlier: RunRow) => boolean): void {
    for (const earlier of this.#runs.ofInterval(run.groupId, run)) {
      if (earlier.generation >= run.generation || earlier.isSuperseded || !isConcerned(earlier)) continue;
      const row = this.#schedules.get(run.groupId)!;
      this.#leaveLane(row, earlier);
      earlier.isSuperseded = true;
      earlier.isBlocking = false;
      this.#enterLane(row, earlier);
    }
  }

  #insertBeside(run: NewRun): void {
    const inserted = this.#insert(run, AT_ONCE);
    this.#supersede(inserted, ({ state }) => isEnded(state) && state !== "SUCCEEDED");
    const row = this.#schedules.get(run.groupId);
    if (row !== undefined) this.#admit(row);
  }

  #insert(run: NewRun, wakeAt: EpochMs | null): RunRow {
    const isPlanned = run.state === "PLANNED";
    const inserted: RunRow = {
      ...run,
      attempt: 0,
      wakeAt: null,
      isBlocking: false,
      isSuperseded: false,
      isCancelRequested: false,
      submittedAt: null,
      startedAt: null,
      endedAt: isPlanned ? null : run.plannedAt,
      jobId: null,
      jobAddress: null,
      metrics: null,
      error: null,
      history: [],
      token: 0,
    };
    this.#runs.insert(inserted);
    this.#setWake(inserted, isPlanned ? wakeAt : null);
    const row = this.#schedules.get(run.groupId);
    if (row !== undefined) this.#enterLane(row, inserted);
    return inserted;
  }

  #leaveLane({ schedule, waiting }: ScheduleRow, run: RunRow): void {
    const place = lanePlace(run);
    if (place === "admitted") schedule.admittedRuns -= 1;
    if (place === "blocking") schedule.blockingRuns -= 1;
    if (place !== "waiting") return;
    schedule.waitingRuns -= 1;
    waiting.splice(waiting.indexOf(run), 1);
  }

  #enterLane({ schedule, waiting }: ScheduleRow, run: RunRow): void {
    const place = lanePlace(run);
    if (place === "admitted") schedule.admittedRuns += 1;
    if (place === "blocking") schedule.blockingRuns += 1;
    if (place !== "waiting") return;
    schedule.waitingRuns += 1;
    let index = waiting.length;
    while (index > 0 && waiting[index - 1]!.lower > run.lower) index -= 1;
    waiting.splice(index, 0, run);
  }

  /** The live lane's rule: while nothing blocks, the oldest waiting runs get the free places. */
  #admit(row: ScheduleRow): void {
    const { schedule, waiting } = row;
    while (waiting.length > 0 && schedule.blockingRuns === 0 && schedule.admittedRuns < row.laneWidth) {
      const run = waiting[0]!;
      this.#leaveLane(row, run);
      this.#setWake(run, AT_ONCE);
      this.#enterLane(row, run);
    }
  }

  #setWake(run: RunRow, wakeAt: EpochMs | null): void {
    run.wakeAt = wakeAt;
    this.#wakes.set(run.id, wakeAt);
  }

  #setFire(groupId: string): void {
    const { status, nextFireAt } = this.#schedules.get(groupId)!.schedule;
    this.#fires.set(groupId, plans(status) ? nextFireAt : null);
  }
}

function plans(status: ScheduleStatus): boolean {
  return status === "REGISTERING" || status === "REGISTERED" || status === "FAILED";
}

function isActive(state: RunState): boolean {
  return state === "SUBMITTING" || state === "RUNNING";
}

function snapshot(row: RunRow): Run {
  const { token: _token, ...run } = row;
  return run;
}

function pageOf<T, U>(
  rows: readonly T[],
  { limit = DEFAULT_LIMIT }: PageRequest,
  cursorOf: (row: T) => string,
  view: (row: T) => U,
): Page<U> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items: items.map(view), ...(hasMore ? { next: cursorOf(last) } : {}) };
}

function matchesSchedule({ spec, status }: Schedule, filter: ScheduleFilter): boolean {
  const { groupIds, groupIdPrefix, statuses, engine, labels } = filter;
  return (
    (groupIds === undefined || groupIds.includes(spec.groupId)) &&
    (groupIdPrefix === undefined || spec.groupId.startsWith(groupIdPrefix)) &&
    (statuses === undefined || statuses.includes(status)) &&
    (engine === undefined || spec.engine === engine) &&
    (labels === undefined || Object.entries(labels).every(([key, value]) => spec.labels[key] === value))
  );
}

function matchesRun(run: RunRow, filter: RunFilter): boolean {
  const { states, kinds, reasons, backfillId, within, includeSuperseded = true } = filter;
  return (
    (states === undefined || states.includes(run.state)) &&
    (kinds === undefined || kinds.includes(run.kind)) &&
    (reasons === undefined || (run.reason !== null && reasons.includes(run.reason))) &&
    (backfillId === undefined || run.backfillId === backfillId) &&
    (includeSuperseded || !run.isSuperseded) &&
    intersects(run, within)
  );
}
