import type { Clock, EpochMs } from "../clock/clock.js";
import type { EngineRegistry } from "../engine/engine-registry.js";
import type { EngineOutbox } from "../engine/outbox.js";
import { ConfigurationError, messageOf, OperatorError, ScheduleError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { runId } from "../ledger/identity.js";
import { nextFireAt } from "../ledger/plan-decision.js";
import type { IntervalPlanner } from "../ledger/planner.js";
import type { Run } from "../ledger/run.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { Grid } from "../schedule/grid.js";
import { laneWidth, normalizeSchedule } from "../schedule/normalize.js";
import type { Schedule, ScheduleInfo, ScheduleSpec } from "../schedule/schedule.js";
import { parseScheduleInfo } from "../schedule/schema.js";
import { transition } from "../schedule/status.js";
import type { NewSchedule, ScheduleChange, ScheduleStore } from "../store/schedule-store.js";
import { dstNotes } from "../trigger/dst-notes.js";
import { tzdataVersion } from "../trigger/zone/zone.js";

/** A schedule as it was registered or updated, and what a person should know of it. */
export interface RegisteredSchedule {
  readonly schedule: Schedule;
  /** In plain sentences: the days of daylight saving in the next year and what happens then, what is owed at once. */
  readonly notes: readonly string[];
}

/** What became of one schedule of `registerMany`. */
export type RegistrationResult =
  | { readonly groupId: string; readonly isRegistered: true }
  | { readonly groupId: string; readonly isRegistered: false; readonly error: Error };

/** What registration works with. */
export interface RegistrationParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly engines: EngineRegistry;
  /** By lower-case type, in the order in which they were given. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  readonly outbox: EngineOutbox;
  readonly planner: IntervalPlanner;
  readonly namespace: string;
}

const NOTES_AHEAD_MS = 366 * 86_400_000;
const BATCH = 5_000;

/** Registers, changes, pauses and removes schedules: first in the store, then at the engine. */
export class Registration {
  readonly #parts: RegistrationParts;

  /** The lane is blocked by the failed run already, so a crash before the pause lets nothing through. */
  readonly #onPauseRequested = (run: Run): void => {
    const note = `Run ${run.id} has failed and onFailure is "pause".`;
    this.pause(run.groupId, note).catch((error: unknown) => {
      this.#parts.emitter.emit("trouble", {
        where: "dispatcher",
        groupId: run.groupId,
        error: { code: "PAUSE_FAILED", message: messageOf(error) },
      });
    });
  };

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.emitter.on("pause-requested", this.#onPauseRequested);
  }

  stop(): void {
    this.#parts.emitter.off("pause-requested", this.#onPauseRequested);
  }

  async register(info: ScheduleInfo): Promise<RegisteredSchedule> {
    const [result] = await this.registerMany([info]);
    if (result === undefined || !result.isRegistered) throw result?.error;
    const schedule = await this.get(info.groupId);
    return { schedule, notes: this.#notes(schedule) };
  }

  async registerMany(infos: readonly ScheduleInfo[]): Promise<RegistrationResult[]> {
    const results: RegistrationResult[] = [];
    for (let start = 0; start < infos.length; start += BATCH) {
      results.push(...(await this.#registerBatch(infos.slice(start, start + BATCH))));
    }
    return results;
  }

  async #registerBatch(infos: readonly ScheduleInfo[]): Promise<RegistrationResult[]> {
    const results: RegistrationResult[] = infos.map((info) => ({
      groupId: groupIdOf(info),
      isRegistered: true,
    }));
    const fail = (index: number, error: unknown): void => {
      results[index] = { groupId: groupIdOf(infos[index]), isRegistered: false, error: asError(error) };
    };
    const accepted: { index: number; schedule: NewSchedule }[] = [];
    for (const [index, info] of infos.entries()) {
      try {
        accepted.push({ index, schedule: this.#newSchedule(this.specOf(info)) });
      } catch (error) {
        fail(index, error);
      }
    }
    const inserted = await this.#parts.store.insertSchedules(accepted.map(({ schedule }) => schedule));
    const fresh: Schedule[] = [];
    for (const [position, { index, schedule }] of accepted.entries()) {
      if (inserted[position]) {
        fresh.push(asSchedule(schedule));
        continue;
      }
      try {
        await this.#registerAgain(schedule.spec);
      } catch (error) {
        fail(index, error);
      }
    }
    await this.#parts.outbox.deliver(fresh);
    return results;
  }

  /**
   * Registers a group that was unregistered before. Its ledger goes on at its watermark; what lies between there and a
   * later start becomes a skipped run that says so.
   */
  async #registerAgain(spec: ScheduleSpec): Promise<void> {
    const before = await this.get(spec.groupId);
    if (before.status !== "DELETED") {
      throw new ScheduleError(
        "SCHEDULE_EXISTS",
        `Group ${spec.groupId} has a schedule; use update to change it.`,
        {
          field: "groupId",
        },
      );
    }
    const start = Math.max(before.watermark, spec.startTime);
    await this.#change(before, {
      status: transition(spec.groupId, before.status, "register-again"),
      statusReason: null,
      spec: { spec, tzdata: tzdataVersion() },
      laneWidth: laneWidth(spec),
      nextFireAt: nextFireAt(new Grid(spec), start),
    });
    const after = await this.get(spec.groupId);
    if (start > before.watermark) await this.#skipTo(after, start);
    await this.#parts.outbox.deliver([after]);
  }

  async #skipTo(schedule: Schedule, start: EpochMs): Promise<void> {
    const { groupId } = schedule.spec;
    const lower = schedule.watermark;
    const plannedAt = this.#parts.clock.now();
    await this.#parts.store.plan([
      {
        groupId,
        version: schedule.version,
        watermark: lower,
        newWatermark: start,
        nextFireAt: schedule.nextFireAt,
        plannedAt,
        runs: [
          {
            id: runId({ namespace: this.#parts.namespace, groupId, lower, upper: start, generation: 0 }),
            groupId,
            kind: "SCHEDULED",
            lower,
            upper: start,
            generation: 0,
            intervals: 1,
            scheduledTime: start,
            state: "SKIPPED",
            reason: "not-scheduled",
            scheduleVersion: schedule.version,
            backfillId: null,
            plannedAt,
          },
        ],
      },
    ]);
  }

  async update(info: ScheduleInfo, expected: { readonly version: number }): Promise<RegisteredSchedule> {
    const before = await this.get(groupIdOf(info));
    if (before.version !== expected.version) throw staleVersion(before, expected.version);
    const spec = this.specOf(info, before.spec);
    this.#refuseIllegalUpdate(before, spec);
    if (JSON.stringify(spec) === JSON.stringify(before.spec))
      return { schedule: before, notes: this.#notes(before) };
    const grid = new Grid(spec);
    const hasLedger = before.watermark > before.origin;
    const watermark = hasLedger ? before.watermark : (grid.origin() ?? before.watermark);
    const status = transition(spec.groupId, before.status, "update");
    await this.#change(before, {
      status,
      statusReason: before.status === "PAUSED" ? before.statusReason : null,
      spec: { spec, tzdata: tzdataVersion() },
      laneWidth: status === "PAUSED" ? 0 : laneWidth(spec),
      nextFireAt: nextFireAt(grid, watermark),
      ...(hasLedger ? {} : { origin: watermark }),
    });
    return this.#deliverAndGet(spec.groupId);
  }

  async pause(groupId: string, note: string): Promise<Schedule> {
    const before = await this.get(groupId);
    await this.#change(before, {
      status: transition(groupId, before.status, "pause"),
      statusReason: note === "" ? null : note,
      laneWidth: 0,
    });
    return (await this.#deliverAndGet(groupId)).schedule;
  }

  /** Runs that blocked because of `onFailure: "pause"` no longer do: who resumes has seen them. */
  async resume(groupId: string): Promise<Schedule> {
    const before = await this.get(groupId);
    const status = transition(groupId, before.status, "resume");
    if (before.spec.onFailure === "pause") await this.#unblock(groupId);
    await this.#change(before, {
      status,
      statusReason: null,
      laneWidth: laneWidth(before.spec),
      nextFireAt: nextFireAt(new Grid(before.spec), before.watermark),
    });
    return (await this.#deliverAndGet(groupId)).schedule;
  }

  async unregister(groupId: string, purge: boolean): Promise<void> {
    const before = await this.get(groupId);
    if (before.status !== "DELETED") {
      await this.#change(before, {
        status: transition(groupId, before.status, "unregister"),
        statusReason: null,
        laneWidth: 0,
        nextFireAt: null,
        cancelPlanned: "unregistered",
      });
      await this.#deliverAndGet(groupId);
    }
    if (!purge) return;
    const after = await this.get(groupId);
    if (after.status !== "DELETED") {
      throw new ScheduleError(
        "SCHEDULE_STATUS_ILLEGAL",
        `Group ${groupId} is not purged: its engine has not let it go yet. Try again when it is DELETED.`,
      );
    }
    await this.#parts.store.purgeSchedule(groupId);
    this.#parts.planner.forget(groupId);
  }

  /** @throws ScheduleError SCHEDULE_NOT_FOUND */
  async get(groupId: string): Promise<Schedule> {
    const [schedule] = await this.#parts.store.getSchedules([groupId]);
    if (schedule !== undefined) return schedule;
    throw new ScheduleError("SCHEDULE_NOT_FOUND", `No schedule is registered for group ${groupId}.`, {
      field: "groupId",
    });
  }

  /** The specification that a user's input means, with nothing stored: checked against the engine and the operator it names. */
  specOf(info: ScheduleInfo, before?: ScheduleSpec): ScheduleSpec {
    const parsed = parseScheduleInfo(info);
    const start = parsed.startTime ?? before?.startTime;
    const spec = normalizeSchedule(start === undefined ? parsed : { ...parsed, startTime: start }, {
      engine: before?.engine ?? this.#defaultEngine(),
      operator: before?.operator ?? this.#defaultOperator(),
      now: this.#parts.clock.now(),
    });
    this.#checkEngine(spec);
    this.#checkOperator(spec);
    return spec;
  }

  #defaultEngine(): string {
    const type = this.#parts.engines.defaultType;
    if (type !== undefined) return type;
    throw new ConfigurationError("CONFIGURATION_INVALID", "No engine is registered.", { field: "engines" });
  }

  #defaultOperator(): string {
    const [first] = this.#parts.operators.values();
    if (first !== undefined) return first.operatorType;
    throw new ConfigurationError("CONFIGURATION_INVALID", "No operator is registered.", {
      field: "operators",
    });
  }

  #checkEngine(spec: ScheduleSpec): void {
    const { finestPeriodMs } = this.#parts.engines.clientOf(spec.engine).capabilities;
    const grid = new Grid(spec);
    const origin = grid.origin();
    const first = origin === undefined ? undefined : grid.next(origin);
    const second = first === undefined ? undefined : grid.next(first.upper);
    const width = second === undefined ? undefined : second.upper - second.lower;
    if (width === undefined || width >= finestPeriodMs || second?.upper === spec.endTime) return;
    throw new ScheduleError(
      "SCHEDULE_INVALID",
      `trigger: engine ${spec.engine} cannot fire more often than every ${finestPeriodMs} ms; this one would every ${width} ms.`,
      { field: "trigger" },
    );
  }

  #checkOperator(spec: ScheduleSpec): void {
    const operator = this.#parts.operators.get(spec.operator.toLowerCase());
    if (operator === undefined) {
      const known = [...this.#parts.operators.keys()].join(", ") || "none";
      throw new OperatorError(
        "OPERATOR_UNKNOWN",
        `No operator "${spec.operator}" is registered; known: ${known}.`,
        {
          field: "operator",
        },
      );
    }
    operator.validate?.(spec.job);
  }

  #newSchedule(spec: ScheduleSpec): NewSchedule {
    const grid = new Grid(spec);
    const origin = grid.origin();
    if (origin === undefined) {
      throw new ScheduleError("SCHEDULE_INVALID", "trigger: has no interval between startTime and endTime.", {
        field: "trigger",
      });
    }
    const { holdsDefinitions } = this.#parts.engines.clientOf(spec.engine).capabilities;
    return {
      spec,
      // An engine over the store knows of it as soon as the store does.
      status: holdsDefinitions ? "REGISTERING" : "REGISTERED",
      origin,
      watermark: origin,
      nextFireAt: nextFireAt(grid, origin),
      laneWidth: laneWidth(spec),
      tzdata: tzdataVersion(),
      createdAt: this.#parts.clock.now(),
    };
  }

  #refuseIllegalUpdate(before: Schedule, spec: ScheduleSpec): void {
    if (spec.engine.toLowerCase() !== before.spec.engine.toLowerCase()) {
      throw new ScheduleError(
        "SCHEDULE_INVALID",
        "engine: cannot be changed by an update; unregister the group and register it again, its ledger is kept.",
        { field: "engine" },
      );
    }
    if (spec.startTime !== before.spec.startTime && before.watermark > before.origin) {
      throw new ScheduleError(
        "SCHEDULE_INVALID",
        "startTime: cannot be changed once intervals are planned; the ledger goes on at its watermark.",
        { field: "startTime" },
      );
    }
  }

  async #change(
    before: Schedule,
    change: Omit<ScheduleChange, "groupId" | "expected" | "updatedAt">,
  ): Promise<void> {
    const { groupId } = before.spec;
    const [isDone] = await this.#parts.store.changeSchedules([
      {
        ...change,
        groupId,
        expected: { version: before.version, statuses: [before.status] },
        updatedAt: this.#parts.clock.now(),
      },
    ]);
    this.#parts.planner.forget(groupId);
    if (!isDone) throw staleVersion(await this.get(groupId), before.version);
    this.#parts.emitter.emit("schedule-status", {
      groupId,
      version: before.version + (change.spec === undefined ? 0 : 1),
      status: change.status ?? before.status,
      reason: change.statusReason ?? null,
    });
  }

  async #deliverAndGet(groupId: string): Promise<RegisteredSchedule> {
    await this.#parts.outbox.deliver([await this.get(groupId)]);
    const schedule = await this.get(groupId);
    return { schedule, notes: this.#notes(schedule) };
  }

  async #unblock(groupId: string): Promise<void> {
    const failed = await this.#parts.store.listRuns({ groupId, states: ["FAILED"] }, { limit: 1_000 });
    await this.#parts.store.changeRuns(
      failed.items
        .filter(({ isBlocking }) => isBlocking)
        .map(({ id }) => ({ id, from: ["FAILED"], state: "FAILED", wakeAt: null, isBlocking: false })),
    );
  }

  #notes({ spec, watermark }: Schedule): string[] {
    const now = this.#parts.clock.now();
    const days = dstNotes(spec.trigger, spec.timezone, now, now + NOTES_AHEAD_MS);
    const notes = days.map(({ localDate, effect }) => `${localDate}: ${effect}`);
    if (spec.catchup === "each" && (nextFireAt(new Grid(spec), watermark) ?? now) < now) {
      const since = new Date(watermark).toISOString();
      notes.unshift(`What lies between ${since} and now is owed at once (catchup: each).`);
    }
    return notes;
  }
}

/** A schedule just inserted, without asking the store for it. */
function asSchedule({
  spec,
  status,
  origin,
  watermark,
  nextFireAt: fireAt,
  createdAt,
}: NewSchedule): Schedule {
  return {
    spec,
    version: 1,
    status,
    statusReason: null,
    origin,
    watermark,
    nextFireAt: fireAt,
    admittedRuns: 0,
    waitingRuns: 0,
    blockingRuns: 0,
    createdAt,
    updatedAt: createdAt,
  };
}

function staleVersion(now: Schedule, seen: number): ScheduleError {
  return new ScheduleError(
    "SCHEDULE_VERSION_STALE",
    `Schedule ${now.spec.groupId} is at version ${now.version} and ${now.status}; the change was made for version ${seen}. Read it again.`,
    { field: "version" },
  );
}

function groupIdOf(info: unknown): string {
  const groupId = (info as { groupId?: unknown } | null)?.groupId;
  return typeof groupId === "string" ? groupId : "";
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
