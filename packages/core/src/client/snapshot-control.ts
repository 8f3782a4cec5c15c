import type { EpochMs } from "../clock/clock.js";
import { LedgerError, ScheduleError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { effectOf } from "../operator/target-effect.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import type { IntervalPlanner } from "../planning/planner.js";
import type { NewRun, Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { eachRun } from "../store/each-run.js";
import { newestCopy } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { auditSnapshot, type SnapshotAudit } from "./audit-snapshots.js";
import { hasSucceeded } from "./first-copy.js";
import { checkNote } from "./ledger-input.js";
import { refuseSecondCopy } from "./mode-fields.js";
import { refusalOfSnapshot } from "./plan-refusal.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { ForceOptions, Seals } from "./seals.js";

/** A request for another full copy. A copy writes everything again, so sealed time refuses it without `force`. */
export interface SnapshotRequest extends ForceOptions {
  /** Why, for people, at most 2,000 characters. @default "" */
  readonly note?: string;
  /**
   * Whether the new copy has to take the place of the old one as a whole: refused unless the job replaces its target
   * (`ScheduleOperator.replacesTarget`, or `resnapshotBy` of the schedule). An upsert leaves rows that are no longer in the source. @default false
   */
  readonly swap?: boolean;
}

/** Dependencies of `SnapshotControl`. */
export interface SnapshotControlParts {
  readonly store: ScheduleStore;
  readonly planner: IntervalPlanner;
  readonly changes: ScheduleChanges;
  readonly seals: Seals;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
}

/** Makes full copies of groups that a person asks for. */
export class SnapshotControl {
  readonly #parts: SnapshotControlParts;

  constructor(parts: SnapshotControlParts) {
    this.#parts = parts;
  }

  async resnapshot(
    groupId: string,
    { note = "", swap = false, force = false }: SnapshotRequest,
  ): Promise<Run> {
    const { changes, operators, planner, seals, store } = this.#parts;
    checkNote(note);
    const schedule = await changes.getReadable(groupId);
    const { origin, spec, status, watermark } = schedule;
    if (!hasSnapshots(spec)) {
      throw new ScheduleError(
        "SCHEDULE_INVALID",
        `mode: group ${groupId} has the mode "${spec.mode}"; snapshots need "full-then-incremental".`,
        { field: "mode" },
      );
    }
    if (!SCHEDULE_STATUSES[status].plans) {
      throw new ScheduleError(
        "SCHEDULE_STATUS_ILLEGAL",
        `Schedule ${groupId} is ${status} and plans nothing; resume or register it first.`,
      );
    }
    const operator = operators.get(spec.operator.toLowerCase());
    if (await hasSucceeded(store, groupId)) refuseSecondCopy("groupId", spec, operator);
    if (swap && !effectOf(spec, operator).replacesTarget) {
      throw new ScheduleError(
        "HANDOVER_WOULD_DOUBLE",
        `swap: the job of operator ${spec.operator} does not replace its target as a whole, so that rows of the old copy would stay. Leave out swap to write the new copy over it.`,
        { field: "swap" },
      );
    }
    let planned: NewRun | undefined;
    await seals.write(schedule, [{ lower: origin, upper: watermark }], "groupId", { force }, async (read) => {
      const { error, runs } = await planner.planSnapshot(groupId, note, read);
      if (error !== undefined) throw error;
      planned = runs.find(({ snapshot }) => snapshot !== undefined);
      return planned !== undefined;
    });
    if (planned === undefined) throw await this.#whyNot(schedule);
    const [run] = await store.getRuns([planned.id]);
    return run!;
  }

  /** Accounts for the hand-overs of a group's snapshots. */
  async audit({ spec }: Schedule, within: Interval): Promise<SnapshotAudit[]> {
    const { operators, store } = this.#parts;
    const { groupId, job, boundaryType } = spec;
    const filter = { groupId, isSnapshot: true, within, includeSuperseded: false } as const;
    const isExact = operators.get(spec.operator.toLowerCase())?.canReadAt?.(job, boundaryType) !== false;
    const audits: SnapshotAudit[] = [];
    for await (const run of eachRun(store, filter)) {
      const behind = { lower: run.upper, upper: run.upper + 1 };
      const page = await store.listRuns({ groupId, within: behind, includeSuperseded: false }, { limit: 1 });
      const lost = run.offsets === null ? [] : await this.#lostAt(groupId, run.upper);
      audits.push(auditSnapshot(run, page.items[0], lost, isExact, await this.#rowsBefore(run)));
    }
    return audits;
  }

  /** Returns the runs of no time that stand for positions which were lost. */
  async #lostAt(groupId: string, instant: EpochMs): Promise<Run[]> {
    const lost: Run[] = [];
    const within = { lower: instant, upper: instant };
    const filter = { groupId, within, states: ["SKIPPED"], includeSuperseded: false } as const;
    for await (const run of eachRun(this.#parts.store, filter))
      if (run.lower === run.upper && run.reason === "source-expired") lost.push(run);
    return lost;
  }

  /** Returns the rows that a copy finds in the target, as the runs since the copy before it have counted them. */
  async #rowsBefore({ groupId, lower, offsets, state }: Run): Promise<number | undefined> {
    if (state !== "SUCCEEDED") return undefined;
    const { store } = this.#parts;
    const before = await newestCopy(store, groupId, lower);
    if (before === undefined || before.offsets?.epoch !== offsets?.epoch) return undefined;
    const coverage = await store.coverage(groupId, { lower: before.lower, upper: lower });
    const succeeded = coverage.filter((range) => range.state === "SUCCEEDED");
    return succeeded.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  }

  async #whyNot(schedule: Schedule): Promise<LedgerError> {
    const { groupId } = schedule.spec;
    const held = await refusalOfSnapshot(this.#parts.store, schedule);
    if (held !== undefined) return held;
    return new LedgerError(
      "INTERVAL_OPEN",
      `Group ${groupId} can make no snapshot now: runs that may not be beside it are under way, nothing is over since the last run, or the schedule has ended. Ask again when its runs have ended.`,
    );
  }
}
