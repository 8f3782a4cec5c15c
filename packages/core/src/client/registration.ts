import type { Clock } from "../clock/clock.js";
import { asError } from "../errors/as-error.js";
import { ScheduleError } from "../errors/errors.js";
import { isolated, OwnError } from "../planning/isolated.js";
import { nextFireAt } from "../planning/plan-decision.js";
import { Grid } from "../schedule/grid.js";
import { laneWidth } from "../schedule/normalize.js";
import type { Schedule, ScheduleInfo, ScheduleSpec } from "../schedule/schedule.js";
import { transition } from "../schedule/status.js";
import type { NewSchedule, ScheduleStore } from "../store/schedule-store.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import type { EngineOutbox } from "../upkeep/outbox.js";
import { notesOf } from "./notes.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import { groupIdOf, type SpecReader } from "./spec-reader.js";

/** A schedule as it was registered or updated, and what a person should know of it. */
export interface RegisteredSchedule {
  readonly schedule: Schedule;
  /**
   * In plain sentences: what is owed at once, what the operator says of the job, the days of daylight saving in the next
   * year and what happens then.
   */
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
  readonly outbox: EngineOutbox;
  readonly specs: SpecReader;
  readonly changes: ScheduleChanges;
}

const BATCH = 5_000;

/** Registers schedules: first in the store, then at the engine. */
export class Registration {
  readonly #parts: RegistrationParts;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  async register(info: ScheduleInfo): Promise<RegisteredSchedule> {
    const [result] = await this.registerMany([info]);
    if (result === undefined || !result.isRegistered) throw result?.error;
    const { changes, clock, specs } = this.#parts;
    const schedule = await changes.get(info.groupId);
    return { schedule, notes: notesOf(schedule, clock.now(), specs.notesOn(schedule.spec)) };
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
    const { store, outbox, specs } = this.#parts;
    const accepted: { index: number; schedule: NewSchedule }[] = [];
    for (const [index, info] of infos.entries()) {
      try {
        accepted.push({ index, schedule: specs.begin(specs.read(info)) });
      } catch (error) {
        fail(index, error);
      }
    }
    const inserted = await isolated(accepted, (part) =>
      store.insertSchedules(part.map(({ schedule }) => schedule)),
    );
    const fresh: Schedule[] = [];
    for (const [position, { index, schedule }] of accepted.entries()) {
      const isInserted = inserted[position];
      if (isInserted instanceof OwnError) {
        fail(index, isInserted.error);
        continue;
      }
      if (isInserted) {
        fresh.push(asSchedule(schedule));
        continue;
      }
      try {
        await this.#registerAgain(schedule.spec);
      } catch (error) {
        fail(index, error);
      }
    }
    await outbox.deliver(fresh);
    return results;
  }

  /**
   * Registers a group that was unregistered before. Its ledger goes on at its watermark; what lies between there and a
   * later start becomes a skipped run that says so, as soon as the first interval is planned.
   */
  async #registerAgain(spec: ScheduleSpec): Promise<void> {
    const { changes } = this.#parts;
    const before = await changes.get(spec.groupId);
    if (before.status !== "DELETED") {
      throw new ScheduleError(
        "SCHEDULE_EXISTS",
        `Group ${spec.groupId} has a schedule; use update to change it, or ensure to register or update.`,
        { field: "groupId" },
      );
    }
    await changes.change(before, {
      status: transition(spec.groupId, before.status, "register-again"),
      statusReason: null,
      spec: { spec, tzdata: tzdataVersion() },
      laneWidth: laneWidth(spec),
      nextFireAt: nextFireAt(new Grid(spec), before.watermark),
    });
    await changes.deliver(spec.groupId);
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
