import type { Clock, EpochMs } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { CoverageReportedEvent, TidegateEmitter } from "../events/events.js";
import type { EndedRun, SignalEmitter } from "../events/signals.js";
import type { Interval } from "../interval/boundaries.js";
import { nextTurn } from "../planning/rerun-units.js";
import type { SpecCache } from "../planning/spec-cache.js";
import { instantAfter } from "../schedule/after-interval.js";
import type { Schedule } from "../schedule/schedule.js";
import type { DeadlineWatch } from "../store/deadline-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { zoneOf } from "../trigger/zone/zone.js";
import { Routine } from "../upkeep/routine.js";
import { AlertTeller, TELLING_MS } from "./alert-teller.js";
import { alertsOf } from "./alerts.js";
import { RECHECK_MS } from "./judge.js";
import { type LookResult, look } from "./look.js";

/** Most groups that are looked at before what was found out is written. */
const BATCH = 100;

/** The longest sleep, ms: other managers may have registered schedules that are due sooner, and clocks may step. */
const LONGEST_SLEEP_MS = 60_000;

/** Pause after an error, ms. */
const RETRY_MS = 5_000;

/** Most older records of groups that are remembered. */
const MOST_PLACES = 10_000;

/** Dependencies of `DeadlineKeeper`. */
export interface DeadlineKeeperParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly specs: SpecCache;
}

/** A look at one group and what it has found out. */
interface Looked {
  readonly watch: DeadlineWatch;
  readonly result: LookResult;
}

/**
 * Judges deadlines by the clock and the grid, and alerts. It needs neither engine nor planner nor any run, so
 * it also notices that nothing has happened.
 *
 * Its state is in the store: each state is written once, by the manager whose judgement the store takes.
 * Ends of runs only make it look earlier; the clock does so anyway.
 */
export class DeadlineKeeper {
  readonly #parts: DeadlineKeeperParts;
  readonly #teller: AlertTeller;
  readonly #looking: Routine;
  /** Groups to look at before they are due, and where runs of theirs have succeeded. */
  readonly #woken = new Map<string, Interval | undefined>();
  /** Groups with open records, as far as this manager knows. */
  readonly #open = new Set<string>();
  /** The record at which the next look at a group continues with older ones. */
  readonly #places = new Map<string, string>();

  readonly #onRunEnded = (run: EndedRun): void => {
    const { groupId, state, upper, scheduleVersion } = run;
    if (!this.#open.has(groupId)) {
      const spec = this.#parts.specs.peekVersion(groupId, scheduleVersion);
      if (spec?.deadline == null) return;
      const deadlineAt = instantAfter(spec.deadline, upper, zoneOf(spec.timezone));
      if (state === "SUCCEEDED" && this.#parts.clock.now() < deadlineAt) return;
    }
    this.#wake(groupId, run);
  };

  readonly #onReported = ({ groupId }: CoverageReportedEvent): void => {
    if (this.#open.has(groupId)) this.#wake(groupId);
  };

  readonly #onChanged = (groupIds: readonly string[]): void => {
    for (const groupId of groupIds) this.#wake(groupId);
  };

  constructor(parts: DeadlineKeeperParts) {
    this.#parts = parts;
    this.#teller = new AlertTeller(parts);
    this.#looking = new Routine({
      clock: parts.clock,
      pass: () => this.#pass(),
      onError: (error) => this.#trouble(error),
      retryMs: RETRY_MS,
    });
  }

  start(): void {
    this.#parts.signals.on("run-ended", this.#onRunEnded);
    this.#parts.emitter.on("coverage-reported", this.#onReported);
    this.#parts.signals.on("deadlines-changed", this.#onChanged);
    this.#looking.start();
  }

  async stop(): Promise<void> {
    this.#parts.signals.off("run-ended", this.#onRunEnded);
    this.#parts.emitter.off("coverage-reported", this.#onReported);
    this.#parts.signals.off("deadlines-changed", this.#onChanged);
    await this.#looking.stop();
  }

  #wake(groupId: string, within?: Interval): void {
    const known = this.#woken.get(groupId);
    this.#woken.set(groupId, known === undefined ? within : hullOf(known, within));
    this.#looking.runWithin(0);
  }

  /** Returns when to look again, ms from now. */
  async #pass(): Promise<number | undefined> {
    const { store, clock } = this.#parts;
    while (this.#looking.isRunning && (await this.#teller.tellLeft()));
    await this.#lookAtWoken();
    while (this.#looking.isRunning) {
      const due = await store.listWatches({ before: clock.now(), limit: BATCH });
      if (due.length === 0) break;
      // Groups that cannot be judged now stay due, and must not be checked again at once.
      if (!(await this.#lookAt(due, new Map()))) return RETRY_MS;
      await nextTurn();
    }
    return this.#sleepMs(clock.now());
  }

  /** Returns how long nothing is due, ms; `undefined` if nothing will be unless this process changes something. */
  async #sleepMs(now: EpochMs): Promise<number | undefined> {
    const { store } = this.#parts;
    const [watch] = await store.listWatches({ before: Number.MAX_SAFE_INTEGER, limit: 1 });
    const [alert] = await store.listAlerts({ before: Number.MAX_SAFE_INTEGER, limit: 1 });
    const nextAt = Math.min(
      watch?.lookAt ?? Number.POSITIVE_INFINITY,
      alert?.tellAt ?? Number.POSITIVE_INFINITY,
    );
    if (!Number.isFinite(nextAt) && !store.isShared) return undefined;
    return Math.max(0, Math.min(nextAt - now, LONGEST_SLEEP_MS));
  }

  async #lookAtWoken(): Promise<void> {
    const woken = new Map([...this.#woken].slice(0, BATCH));
    for (const groupId of woken.keys()) this.#woken.delete(groupId);
    if (this.#woken.size > 0) this.#looking.runWithin(0);
    if (woken.size === 0) return;
    try {
      const watches = await this.#parts.store.getWatches([...woken.keys()]);
      await this.#lookAt(
        watches.filter((watch) => watch !== undefined),
        woken,
      );
    } catch (error) {
      for (const [groupId, within] of woken) this.#wake(groupId, within);
      throw error;
    }
  }

  /** Judges groups and tells what has changed. Returns whether any of them was judged. */
  async #lookAt(
    watches: readonly DeadlineWatch[],
    within: ReadonlyMap<string, Interval | undefined>,
  ): Promise<boolean> {
    const { store, clock, specs } = this.#parts;
    const schedules = await store.getSchedules(watches.map(({ groupId }) => groupId));
    const looking = watches.flatMap((watch, index): Promise<Looked>[] => {
      const schedule = schedules[index];
      if (schedule === undefined || schedule.incarnation !== watch.incarnation) return [];
      specs.remember(schedule);
      const result = this.#look(watch, schedule, within.get(watch.groupId));
      return [result.then((found) => ({ watch, result: found }))];
    });
    const looked = await Promise.all(looking);
    const tellAt = clock.now() + TELLING_MS;
    const judged = looked.map(({ watch, result }) => ({
      watch,
      ...result,
      records: result.records.map((record) => ({
        ...record,
        tellAt: alertsOf(record).length > 0 ? tellAt : null,
      })),
    }));
    const isTaken = await store.judgeDeadlines(
      judged.map(({ watch, cursor, excusedFrom, lookAt, records }) => {
        const { groupId, incarnation, look } = watch;
        const kept = records.map(({ told: _, ...record }) => record);
        return { groupId, incarnation, look, cursor, excusedFrom, lookAt, records: kept };
      }),
    );
    for (const [index, { watch, result }] of looked.entries()) {
      const { groupId } = watch;
      this.#remember(groupId, result);
      // Another manager may have judged without what this one was woken for.
      if (!isTaken[index] && within.has(groupId)) this.#wake(groupId, within.get(groupId));
    }
    await this.#teller.tell(judged.flatMap(({ records }, index) => (isTaken[index] ? records : [])));
    return isTaken.includes(true);
  }

  /** A group that cannot be judged does not keep others from being judged. */
  async #look(watch: DeadlineWatch, schedule: Schedule, within: Interval | undefined): Promise<LookResult> {
    const { store, clock } = this.#parts;
    const { groupId, cursor, excusedFrom } = watch;
    const from = this.#places.get(groupId);
    try {
      return await look(store, { watch, schedule, now: clock.now(), within, from });
    } catch (error) {
      this.#trouble(error, groupId);
      const lookAt = clock.now() + RECHECK_MS;
      return { records: [], cursor, excusedFrom, lookAt, hasOpen: this.#open.has(groupId), next: undefined };
    }
  }

  #remember(groupId: string, { hasOpen, next }: LookResult): void {
    if (hasOpen) this.#open.add(groupId);
    else this.#open.delete(groupId);
    if (next === undefined || this.#places.size >= MOST_PLACES) this.#places.delete(groupId);
    else this.#places.set(groupId, next);
  }

  #trouble(error: unknown, groupId?: string): void {
    this.#parts.emitter.emit("trouble", {
      where: "deadline",
      ...(groupId === undefined ? {} : { groupId }),
      error: { code: "DEADLINE_NOT_JUDGED", message: `Deadlines were not judged: ${messageOf(error)}` },
    });
  }
}

function hullOf(a: Interval, b: Interval | undefined): Interval {
  if (b === undefined) return a;
  return { lower: Math.min(a.lower, b.lower), upper: Math.max(a.upper, b.upper) };
}
