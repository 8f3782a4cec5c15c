import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Clock, EpochMs } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { NewReportedRun, Run } from "../run/run.js";
import { runId } from "../run/run-id.js";
import { effectOfReport, type ReportedPart } from "../run/source-report.js";
import { isWatched } from "../schedule/deadline.js";
import type { Instant } from "../schedule/instant.js";
import type { Schedule } from "../schedule/schedule.js";
import { type SourceInfo, sourceSpec } from "../schedule/source-info.js";
import { eachRun } from "../store/each-run.js";
import type { ReportCommit } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import type { CoverageWaits } from "./coverage-waits.js";
import { checkNote, instantOf, invalidInput } from "./ledger-input.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { ForceOptions, Seals } from "./seals.js";

/** A report that a source group's data are complete for an interval. */
export interface CoverageReport extends ForceOptions {
  /** Inclusive: epoch ms, a `Date` or ISO 8601 with an offset. */
  readonly lower: Instant;
  /** Exclusive, same formats; after `lower`. It may lie in the future. */
  readonly upper: Instant;
  /**
   * The version of the data, 1 to 200 characters. Time that was reported with another one is covered by a new
   * generation from now on. @default whatever is there already
   */
  readonly version?: string;
  /** A note for people, at most 2,000 characters. @default "" */
  readonly note?: string;
}

/** The effect of a report. */
export interface CoverageReceipt {
  readonly groupId: string;
  /** The time that is covered now and was not, or has another version. Empty if the report was repeated. */
  readonly changed: IntervalSet;
}

/** Dependencies of `SourceControl`. */
export interface SourceControlParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly changes: ScheduleChanges;
  readonly waits: CoverageWaits;
  readonly seals: Seals;
  readonly namespace: string;
}

/** Enough to give every ledger of a group a unique name. */
const INCARNATION_BYTES = 8;

const MAX_VERSION = 200;

/** Registers source groups and takes reports of their coverage. */
export class SourceControl {
  readonly #parts: SourceControlParts;

  constructor(parts: SourceControlParts) {
    this.#parts = parts;
  }

  /** Registers a source group, or updates its description if it exists and differs. */
  async register(info: SourceInfo): Promise<Schedule> {
    const { store, clock, changes } = this.#parts;
    const spec = sourceSpec(info, { now: clock.now() });
    const { groupId, startTime } = spec;
    const [isNew] = await store.insertSchedules([
      {
        spec,
        status: "SOURCE",
        incarnation: randomBytes(INCARNATION_BYTES).toString("hex"),
        origin: startTime,
        watermark: startTime,
        nextFireAt: null,
        laneWidth: 1,
        tzdata: tzdataVersion(),
        createdAt: clock.now(),
      },
    ]);
    if (isNew !== true) await this.#update(info, await changes.get(groupId));
    else if (isWatched(spec)) this.#parts.signals.emit("deadlines-changed", [groupId]);
    return changes.get(groupId);
  }

  async #update(info: SourceInfo, before: Schedule): Promise<void> {
    const { groupId } = before.spec;
    if (before.status !== "SOURCE") {
      throw new ScheduleError(
        "SCHEDULE_EXISTS",
        `Group ${groupId} has a schedule, which is ${before.status}; a source group needs another groupId.`,
        { field: "groupId" },
      );
    }
    const spec = sourceSpec(info, { now: this.#parts.clock.now(), before: before.spec });
    if (isDeepStrictEqual(spec, before.spec)) return;
    await this.#parts.changes.change(before, { spec: { spec, tzdata: tzdataVersion() } });
  }

  /** Writes a report, decided again as long as others change what it is based on. */
  async report(groupId: string, report: CoverageReport): Promise<CoverageReceipt> {
    const { store, clock, emitter, waits, seals } = this.#parts;
    const given = readReport(report);
    for (;;) {
      const source = await this.#sourceOf(groupId);
      const standing = await this.#standing(groupId, given);
      const { supersedes, parts, changed } = effectOfReport(standing, given);
      if (parts.length === 0) return { groupId, changed };
      const read = await seals.refuse(source, changed, "lower", report);
      const { lower, upper } = given;
      const commit: ReportCommit = {
        groupId,
        incarnation: source.incarnation,
        lower,
        upper,
        standing: standing.map(({ id }) => id),
        supersedes,
        runs: parts.map((part) => this.#runOf(source, part, clock.now())),
        ...read,
      };
      if (!(await store.report(commit))) continue;
      emitter.emit("coverage-reported", { groupId, changed, version: given.version, note: given.note });
      waits.wake(groupId);
      return { groupId, changed };
    }
  }

  async #sourceOf(groupId: string): Promise<Schedule> {
    const source = await this.#parts.changes.get(groupId);
    if (source.status === "SOURCE") return source;
    throw new ScheduleError(
      "SCHEDULE_STATUS_ILLEGAL",
      `Group ${groupId} has a schedule: its runs say what it covers, and reports are for source groups only.`,
      { field: "groupId" },
    );
  }

  async #standing(groupId: string, { lower, upper }: Interval): Promise<Run[]> {
    const filter = { groupId, within: { lower, upper }, includeSuperseded: false };
    const standing: Run[] = [];
    for await (const run of eachRun(this.#parts.store, filter)) standing.push(run);
    return standing;
  }

  #runOf(
    { spec: { groupId, operator }, incarnation, version }: Schedule,
    { lower, upper, generation, report }: ReportedPart,
    plannedAt: EpochMs,
  ): NewReportedRun {
    const { namespace } = this.#parts;
    return {
      id: runId({ namespace, groupId, incarnation, lower, upper, generation }),
      groupId,
      kind: "REPORTED",
      lower,
      upper,
      generation,
      intervals: 1,
      scheduledTime: upper,
      state: "SUCCEEDED",
      reason: null,
      scheduleVersion: version,
      backfillId: null,
      operator,
      plannedAt,
      report,
    };
  }
}

interface ReadReport extends Interval {
  readonly version: string | null;
  readonly note: string;
}

function readReport({ lower, upper, version, note = "" }: CoverageReport): ReadReport {
  const interval = { lower: instantOf(lower, "lower"), upper: instantOf(upper, "upper") };
  if (interval.lower >= interval.upper) throw invalidInput("lower", "must be before upper");
  if (
    version !== undefined &&
    (typeof version !== "string" || version === "" || version.length > MAX_VERSION)
  )
    throw invalidInput("version", `must be a text of 1 to ${MAX_VERSION} characters`);
  checkNote(note);
  return { ...interval, version: version ?? null, note };
}
