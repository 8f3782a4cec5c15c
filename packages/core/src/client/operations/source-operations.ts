import type { Run } from "../../run/run.js";
import type { Schedule } from "../../schedule/schedule.js";
import type { SourceInfo } from "../../schedule/source-info.js";
import type { OffsetImport } from "../offset-import.js";
import type { SnapshotRequest } from "../snapshot-control.js";
import type { CoverageReceipt, CoverageReport } from "../source-control.js";
import type { RebaseRequest } from "../source-rebase.js";

/** Moves the readings of sources, and takes the reports of groups without schedule. A part of `ScheduleClient`. */
export interface SourceOperations {
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
  rebase(groupId: string, request: RebaseRequest): Promise<Schedule>;

  /**
   * Takes over where another tool stands: begins another reading of a group's source right behind what that tool has
   * read, as its state says. Otherwise like `rebase`.
   *
   * @returns the schedule, in a new version
   * @throws as `rebase`; ScheduleError SCHEDULE_INVALID with the field if the state has no such cursor
   */
  importOffsets(groupId: string, request: OffsetImport): Promise<Schedule>;

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
  resnapshot(groupId: string, request?: SnapshotRequest): Promise<Run>;

  /**
   * Registers a source group: one without schedule, whose coverage others report. If it exists and differs, its
   * description is updated. `unregister` with `purge` removes it.
   *
   * @returns the group as stored, with status `SOURCE`; `list` returns such groups if `statuses` names it
   * @throws ScheduleError SCHEDULE_INVALID (with the field), SCHEDULE_EXISTS (the group has a schedule);
   *   TriggerError TIMEZONE_UNKNOWN
   */
  registerSource(info: SourceInfo): Promise<Schedule>;

  /**
   * Reports that a source group's data are complete for an interval. The report is part of the group's ledger,
   * as runs of kind `REPORTED` that have succeeded. It may be repeated: time that is covered already changes
   * only if the report names another `version`; that time is then covered by a new generation. Reports may
   * overlap in any way.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (the group has a schedule); LedgerError
   *   INTERVAL_INVALID (with the field)
   */
  reportCoverage(groupId: string, report: CoverageReport): Promise<CoverageReceipt>;
}
