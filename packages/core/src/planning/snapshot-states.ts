import { OPEN_RUN_STATES } from "../run/lane.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import { newestCopy } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { HOLDING_STATES, hasSnapshots, isOfReading, rivalsOf } from "./plan-snapshot.js";

/** How far a group's snapshots have come, for the next plan. */
export interface SnapshotState {
  /** A snapshot that has not succeeded yet, for which increments wait. */
  readonly holding: Run | undefined;
  /** Whether a snapshot has succeeded, or is to: increments have a copy that they continue. */
  readonly hasCopy: boolean;
}

/** The state of a schedule whose mode has no snapshots. */
export const WITHOUT_SNAPSHOTS: SnapshotState = { holding: undefined, hasCopy: true };

/** Most readings that are remembered as copied. */
const MOST_COPIED = 50_000;

const BESIDE_THE_LANE = ["MANUAL", "BACKFILL"] as const;

/** Reads from the ledger how far the snapshots of groups have come. */
export class SnapshotStates {
  readonly #store: Pick<ScheduleStore, "listRuns">;
  /** Readings with a snapshot that has succeeded, which it stays. */
  readonly #copied = new Set<string>();

  constructor(store: Pick<ScheduleStore, "listRuns">) {
    this.#store = store;
  }

  /** Returns the states of groups whose mode has snapshots. Costs nothing if there are none. */
  async read(schedules: readonly Schedule[]): Promise<Map<string, SnapshotState>> {
    const states = new Map<string, SnapshotState>();
    const having = schedules.filter(({ spec }) => hasSnapshots(spec));
    if (having.length === 0) return states;
    const holding = await this.#readHolding(having);
    for (const schedule of having) {
      const held = holding.get(schedule.spec.groupId);
      const hasCopy = held !== undefined || (await this.#isCopied(schedule));
      states.set(schedule.spec.groupId, { holding: held, hasCopy });
    }
    return states;
  }

  /**
   * Returns a run beside which a snapshot would be made, so that older rows might be written after it. Runs of a lane
   * that keeps their order need not end first, unless the snapshot is to run beside it.
   *
   * @param isBesideLane - whether the snapshot is to run at once, although the schedule is paused
   */
  async inTheWay({ spec }: Pick<Schedule, "spec">, isBesideLane = false): Promise<Run | undefined> {
    const { groupId } = spec;
    const kinds = rivalsOf(spec, true, isBesideLane) === "beside" ? { kinds: BESIDE_THE_LANE } : {};
    return (await this.#store.listRuns({ groupId, states: OPEN_RUN_STATES, ...kinds }, { limit: 1 }))
      .items[0];
  }

  async #readHolding(schedules: readonly Schedule[]): Promise<Map<string, Run>> {
    const byGroup = new Map(schedules.map((schedule) => [schedule.spec.groupId, schedule]));
    const [first] = byGroup.keys();
    const filter = {
      ...(byGroup.size === 1 ? { groupId: first! } : {}),
      isSnapshot: true,
      states: HOLDING_STATES,
      includeSuperseded: false,
    } as const;
    const holding = new Map<string, Run>();
    for await (const run of eachRun(this.#store, filter)) {
      const schedule = byGroup.get(run.groupId);
      if (schedule !== undefined && isOfReading(run, schedule)) holding.set(run.groupId, run);
    }
    return holding;
  }

  async #isCopied(schedule: Schedule): Promise<boolean> {
    const { spec, incarnation, origin, watermark, offsets } = schedule;
    if (watermark === origin) return false;
    const { groupId } = spec;
    const reading = `${groupId} ${incarnation} ${offsets?.epoch ?? 0}`;
    if (this.#copied.has(reading)) return true;
    const newest = await newestCopy(this.#store, groupId);
    if (newest === undefined || !isOfReading(newest, schedule)) return false;
    if (this.#copied.size >= MOST_COPIED) this.#copied.clear();
    this.#copied.add(reading);
    return true;
  }
}
