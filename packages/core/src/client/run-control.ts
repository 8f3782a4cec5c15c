import type { Clock } from "../clock/clock.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { LedgerError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { Interval } from "../interval/boundaries.js";
import { rerunsOf } from "../planning/backfiller.js";
import type { IntervalPlanner } from "../planning/planner.js";
import { nextSlice } from "../planning/rerun-units.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** The most runs that one call of `trigger` makes; more is a backfill's work. */
const MAX_TRIGGERED_RUNS = 1_000;

/** What run control works with. */
export interface RunControlParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly planner: IntervalPlanner;
  readonly dispatcher: Dispatcher;
  readonly namespace: string;
}

/** What a person does to single runs: trigger, cancel, retry. */
export class RunControl {
  readonly #parts: RunControlParts;

  constructor(parts: RunControlParts) {
    this.#parts = parts;
  }

  /** Plans what is owed; where nothing is, runs the last closed interval again. */
  async triggerNow(schedule: Schedule): Promise<Run[]> {
    const { groupId } = schedule.spec;
    const [result] = await this.#parts.planner.fire([{ groupId, scheduledTime: schedule.watermark }]);
    if (result?.error !== undefined) throw result.error;
    if (result !== undefined && result.planned > 0) {
      const planned = await this.#parts.store.listRuns(
        {
          groupId,
          within: { lower: schedule.watermark, upper: Number.MAX_SAFE_INTEGER },
          kinds: ["SCHEDULED"],
        },
        { limit: MAX_TRIGGERED_RUNS },
      );
      return [...planned.items];
    }
    const past = await this.#parts.store.listRuns(
      { groupId, order: "descending", includeSuperseded: false },
      { limit: 1 },
    );
    const last = past.items[0];
    if (last === undefined) {
      throw new LedgerError(
        "INTERVAL_OPEN",
        `Group ${groupId} has no interval that is over yet; the first one is due ${at(schedule.nextFireAt)}.`,
      );
    }
    return this.triggerInterval(schedule, { lower: last.lower, upper: last.upper });
  }

  /** Runs all intervals of a range once more, each as a new generation beside the live schedule. */
  async triggerInterval(schedule: Schedule, interval: Interval): Promise<Run[]> {
    if (interval.lower >= interval.upper) {
      throw new LedgerError("INTERVAL_INVALID", "interval: its lower bound must be before its upper one.", {
        field: "interval",
      });
    }
    if (interval.upper > schedule.watermark) {
      throw new LedgerError(
        "INTERVAL_OPEN",
        `interval: ends after ${at(schedule.watermark)}, up to where intervals have been planned; what follows is the schedule's own.`,
        { field: "interval.upper" },
      );
    }
    await this.#refuseUnaligned(schedule, interval);
    const { units } = await nextSlice(this.#parts.store, schedule, interval, "all", MAX_TRIGGERED_RUNS + 1);
    const first = units[0];
    const last = units.at(-1);
    if (units.length > MAX_TRIGGERED_RUNS) {
      throw new LedgerError(
        "INTERVAL_INVALID",
        `interval: comes to more than ${MAX_TRIGGERED_RUNS} runs; use a backfill.`,
        { field: "interval" },
      );
    }
    if (first === undefined || last === undefined) {
      throw new LedgerError("RUN_STATE_ILLEGAL", "interval: its runs are under way already.", {
        field: "interval",
      });
    }
    const runs = rerunsOf({
      schedule,
      units,
      kind: "MANUAL",
      backfillId: null,
      namespace: this.#parts.namespace,
      plannedAt: this.#parts.clock.now(),
    });
    const inserted = await this.#parts.store.insertRuns(runs);
    const made = runs.filter((_, index) => inserted[index]);
    this.#parts.emitter.emit("runs-planned", made);
    return (await this.#parts.store.getRuns(made.map(({ id }) => id))).filter((run) => run !== undefined);
  }

  /** A part of an interval would be written beside the whole and double its rows. */
  async #refuseUnaligned(schedule: Schedule, interval: Interval): Promise<void> {
    const { groupId } = schedule.spec;
    const page = await this.#parts.store.listRuns(
      { groupId, within: interval, includeSuperseded: false },
      { limit: MAX_TRIGGERED_RUNS },
    );
    const cut = page.items.filter(({ lower, upper }) => lower < interval.lower || upper > interval.upper);
    if (cut.length === 0) return;
    const lower = Math.min(interval.lower, ...cut.map((run) => run.lower));
    const upper = Math.max(interval.upper, ...cut.map((run) => run.upper));
    throw new LedgerError(
      "INTERVAL_NOT_ALIGNED",
      `interval: cuts an interval of the ledger in two; the nearest that does not is [${at(lower)}, ${at(upper)}).`,
      { field: "interval" },
    );
  }

  async cancel(id: string): Promise<void> {
    const run = await this.get(id);
    if (await this.#parts.dispatcher.cancel(run, "cancelled")) return;
    const isGivenUp = await this.#parts.dispatcher.change(run, {
      id,
      from: ["FAILED"],
      state: "CANCELLED",
      reason: "cancelled",
      wakeAt: null,
      isBlocking: false,
    });
    if (isGivenUp) return this.#parts.dispatcher.poke();
    throw illegal(await this.get(id), "cancelled", "it has not ended, or has failed");
  }

  async retry(id: string): Promise<void> {
    const run = await this.get(id);
    const isRetried =
      !run.isSuperseded &&
      (await this.#parts.dispatcher.change(run, {
        id,
        from: ["FAILED", "CANCELLED"],
        state: "PLANNED",
        reason: null,
        attempt: 0,
        isBlocking: false,
        wakeAt: run.kind === "SCHEDULED" ? null : this.#parts.clock.now(),
        endedAt: null,
        ...(run.error === null || run.endedAt === null
          ? {}
          : {
              attemptRecord: {
                attempt: run.attempt,
                submittedAt: run.submittedAt,
                endedAt: run.endedAt,
                jobId: run.jobId,
                error: run.error,
              },
            }),
      }));
    if (!isRetried)
      throw illegal(
        await this.get(id),
        "retried",
        "it has failed or was cancelled, and nothing stands for it",
      );
    this.#parts.dispatcher.poke();
  }

  /** @throws LedgerError RUN_NOT_FOUND */
  async get(id: string): Promise<Run> {
    const [run] = await this.#parts.store.getRuns([id]);
    if (run !== undefined) return run;
    throw new LedgerError("RUN_NOT_FOUND", `There is no run ${id}.`, { field: "id" });
  }
}

function illegal(run: Run, action: string, condition: string): LedgerError {
  return new LedgerError(
    "RUN_STATE_ILLEGAL",
    `Run ${run.id} is ${run.state}; it can be ${action} when ${condition}.`,
  );
}

function at(instant: number | null): string {
  return instant === null ? "never" : new Date(instant).toISOString();
}
