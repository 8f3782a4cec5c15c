import type { EpochMs } from "../clock/clock.js";
import type { Run } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { requireReadable } from "../schedule/stored-spec.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { GroupState } from "../store/run-shortcuts.js";
import { continuation, nextFireAt } from "./plan-decision.js";
import { hasSnapshots } from "./plan-snapshot.js";
import { type SnapshotState, WITHOUT_SNAPSHOTS } from "./snapshot-states.js";

/** How many schedules stay in memory between fires, about 0.5 kB each. */
const CACHED_SCHEDULES = 200_000;

/** How many intervals that others have planned are passed over at most, rather than the schedule read again. */
const MOST_FOLLOWED = 16;

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
  /** Whether `uncovered` was read since the last decision: ends of other runs tell nothing of it. */
  isUncoveredRead: boolean;
  /** The newest snapshot that stands; read only if there are such runs. */
  readonly copy: Run | undefined;
  /** Whether a snapshot has not succeeded yet: see `HOLDING_STATES`. */
  awaitsSnapshot: boolean;
  /** See `SnapshotState.hasCopy`. */
  readonly hasCopy: boolean;
  /** Whether runs were found that a snapshot has to wait for. */
  isSnapshotHeld: boolean;
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
   * @param uncovered - see `CachedSchedule.uncovered`; `undefined` if it was not read
   * @param snapshots - how far those of the group have come
   * @param copy - see `CachedSchedule.copy`
   * @throws ScheduleError SCHEDULE_UNREADABLE; TriggerError if this version cannot compile its trigger
   */
  add(
    schedule: Schedule,
    uncovered: readonly Run[] | undefined,
    snapshots: SnapshotState = WITHOUT_SNAPSHOTS,
    copy?: Run,
  ): void {
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
      uncovered: uncovered ?? [],
      isUncoveredRead: uncovered !== undefined,
      copy,
      awaitsSnapshot: snapshots.holding !== undefined,
      hasCopy: snapshots.hasCopy,
      isSnapshotHeld: false,
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

  /**
   * Records that a run of a group has ended. Without a state, the count as read may have included the end or not.
   *
   * @param state - that of the group, if the store has told it with the end
   * @returns whether the group is cached as it is in the store
   */
  runEnded(groupId: string, state?: GroupState): boolean {
    const cached = this.#schedules.get(groupId);
    if (cached === undefined) return false;
    cached.ends += 1;
    const { schedule } = cached;
    const isOfVersion = state?.version === schedule.version && isToldByState(schedule);
    // A plan that was answered before the end may have been committed after it.
    const isTold = isOfVersion && state.watermark >= schedule.watermark;
    if (isTold) {
      const { watermark, nextFireAt, blockingRuns } = state;
      cached.schedule = { ...schedule, watermark, nextFireAt, blockingRuns };
    }
    cached.openRuns = isTold ? state.openRuns : Math.max(0, cached.openRuns - 1);
    // Others may end, cancel or retry runs before the next decision, which must not drop or merge anything by this count.
    cached.isFresh = isTold && plansByCount(schedule);
    return isTold;
  }

  /**
   * Takes over what other managers have planned since, as a fire shows that is due later than this one knows of. If
   * that is not so, the next plan is refused, and the schedule read again.
   */
  follow(groupId: string, scheduledTime: EpochMs): void {
    const cached = this.#schedules.get(groupId);
    if (cached === undefined || cached.schedule.nextFireAt === null) return;
    const { schedule, grid } = cached;
    const fireAt = scheduledTime + schedule.spec.delayMs;
    if (fireAt <= cached.schedule.nextFireAt) return;
    let watermark = schedule.watermark;
    for (let steps = 0; steps < MOST_FOLLOWED && isToldByState(schedule); steps += 1) {
      const interval = grid.next(continuation(grid, watermark));
      if (interval === undefined || grid.fireAt(interval) > fireAt) break;
      if (grid.fireAt(interval) === fireAt) {
        this.advance(cached, { newWatermark: watermark, nextFireAt: fireAt });
        cached.isFresh = false;
        return;
      }
      watermark = interval.upper;
    }
    this.forget(groupId);
  }

  /**
   * Returns when to check whether more of a group can be planned if no run of it ends before; `undefined` unless its
   * planning waits for one.
   */
  checkAt(groupId: string): EpochMs | undefined {
    const cached = this.#schedules.get(groupId);
    if (cached === undefined || cached.openRuns === 0 || !plansByCount(cached.schedule)) return undefined;
    return isLeft(cached) ? (cached.schedule.nextFireAt ?? undefined) : undefined;
  }

  /** Returns whether nothing of a group is owed by now, so that its planning waits for no run. */
  isPlanned(groupId: string, now: EpochMs): boolean {
    const cached = this.#schedules.get(groupId);
    return cached !== undefined && !isLeft(cached) && (cached.schedule.nextFireAt ?? now + 1) > now;
  }

  forget(groupId: string): void {
    this.#schedules.delete(groupId);
  }

  clear(): void {
    this.#schedules.clear();
  }
}

/**
 * Returns whether the next plan of a schedule depends on nothing but its watermark and its lane: not on positions, nor on
 * snapshots.
 */
function isToldByState({ spec }: Schedule): boolean {
  return spec.boundaryType !== "OFFSET" && !hasSnapshots(spec);
}

/** Returns whether runs are only put off by a full lane: then the number of its runs is all that a plan depends on. */
function plansByCount({ spec: { overlap } }: Schedule): boolean {
  return overlap === "queue" || overlap === "allow";
}

/** Returns whether whoever carries out a run of a lane plans the next one, of which there is one at a time. */
export function isPassedOn(schedule: Schedule): boolean {
  return schedule.spec.overlap === "queue" && isToldByState(schedule);
}

/**
 * Returns whether an earlier plan has left a part of what is owed until runs end: then the group is due at another
 * time, that of its next check.
 */
export function isLeft({ schedule, grid }: Pick<CachedSchedule, "schedule" | "grid">): boolean {
  return schedule.nextFireAt !== nextFireAt(grid, schedule.watermark);
}
