import type { Run } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { requireReadable } from "../schedule/stored-spec.js";
import type { PlanCommit } from "../store/run-ledger.js";

/** How many schedules stay in memory between fires. */
const CACHED_SCHEDULES = 50_000;

/** A schedule as it was read, kept up to date by what is planned and ends here. */
export interface CachedSchedule {
  schedule: Schedule;
  readonly grid: Grid;
  /** Whether it was just read from the store, so that the lane's count is exact. */
  isFresh: boolean;
  /**
   * Runs of the lane that have not ended, or that block it: as read, then adjusted by what was planned and
   * ended here.
   */
  openRuns: number;
  /** How many ends of runs were reported since it was read. */
  ends: number;
  /** Cancelled runs that the next plan has to cover; read only if there may be some. */
  uncovered: readonly Run[];
  /** Whether a snapshot has not succeeded yet: see `HOLDING_STATES`. */
  awaitsSnapshot: boolean;
}

/** The schedules that were planned last. */
export class ScheduleCache {
  /** In order of use, oldest first. */
  readonly #schedules = new Map<string, CachedSchedule>();

  get(groupId: string): CachedSchedule | undefined {
    return this.#schedules.get(groupId);
  }

  has(groupId: string): boolean {
    return this.#schedules.has(groupId);
  }

  /**
   * Keeps a schedule that was just read.
   *
   * @param uncovered - see `CachedSchedule.uncovered`
   * @param awaitsSnapshot - see `CachedSchedule.awaitsSnapshot`
   * @throws ScheduleError SCHEDULE_UNREADABLE; TriggerError if this version cannot compile its trigger
   */
  add(schedule: Schedule, uncovered: readonly Run[], awaitsSnapshot = false): void {
    requireReadable(schedule);
    const openRuns =
      schedule.admittedRuns + schedule.gatedRuns + schedule.waitingRuns + schedule.blockingRuns;
    const grid = new Grid(schedule.spec);
    this.#schedules.set(schedule.spec.groupId, {
      schedule,
      grid,
      isFresh: true,
      openRuns,
      ends: 0,
      uncovered,
      awaitsSnapshot,
    });
  }

  /** Records that a plan has moved the watermark of a schedule. */
  advance(cached: CachedSchedule, moved: Pick<PlanCommit, "newWatermark" | "nextFireAt" | "offsets">): void {
    const { groupId } = cached.schedule.spec;
    const { newWatermark: watermark, nextFireAt, offsets = cached.schedule.offsets } = moved;
    cached.schedule = { ...cached.schedule, watermark, nextFireAt, offsets };
    cached.uncovered = [];
    // The order of use matters only once the cache may soon be full.
    if (2 * this.#schedules.size < CACHED_SCHEDULES) return;
    this.#schedules.delete(groupId);
    this.#schedules.set(groupId, cached);
    if (this.#schedules.size <= CACHED_SCHEDULES) return;
    const oldest = this.#schedules.keys().next().value;
    if (oldest !== undefined) this.#schedules.delete(oldest);
  }

  /** Records that a run of a group has ended. The count as read may have included the end or not. */
  runEnded(groupId: string): void {
    const cached = this.#schedules.get(groupId);
    if (cached === undefined) return;
    cached.openRuns = Math.max(0, cached.openRuns - 1);
    cached.ends += 1;
    cached.isFresh = false;
  }

  forget(groupId: string): void {
    this.#schedules.delete(groupId);
  }

  clear(): void {
    this.#schedules.clear();
  }
}
