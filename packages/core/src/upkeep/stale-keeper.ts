import { hash } from "node:crypto";
import type { Clock, EpochMs } from "../clock/clock.js";
import { leavesOf } from "../dependency/dependency.js";
import { hasCode, messageOf } from "../errors/errors.js";
import type { CoverageReportedEvent, TidegateEmitter } from "../events/events.js";
import type { EndedRun, SignalEmitter } from "../events/signals.js";
import { type IntervalSet, intersect } from "../interval/interval-set.js";
import { stretchesOf } from "../interval/stretches.js";
import { restatedTime } from "../planning/restated-time.js";
import { STALENESS } from "../run/backfill.js";
import { byGroup } from "../run/by-group.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { isSealed } from "../schedule/sealed.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { eachRun } from "../store/each-run.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { BeginBackfill } from "./begin-backfill.js";
import { Routine } from "./routine.js";
import { Settling } from "./settling.js";

/**
 * How long after an event that may have made runs stale, and how often on a shared store, to look for those that
 * became so otherwise: another manager has died, or what was missing has come, ms.
 */
const SWEEP_MS = 300_000;

/** Pause after an error, ms. */
const RETRY_MS = 5_000;

/** Dependencies of `StaleKeeper`. */
export interface StaleKeeperParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly backfill: BeginBackfill;
  /** Returns where a group's sealed time ends, epoch ms; `null` if nothing is sealed. */
  readonly sealedThrough: (schedule: Schedule) => Promise<EpochMs | null>;
  /** How long the inputs of a run must have been unchanged before it is run again, ms. */
  readonly settleMs: number;
}

/**
 * Reports runs that have become stale, and has those run again whose dependencies say so, once things have
 * settled: adjoining intervals of a group in one backfill, whose id follows from the runs, so that managers and
 * restarts begin it once. Level-triggered: the store knows which runs are stale and not noted.
 */
export class StaleKeeper {
  readonly #parts: StaleKeeperParts;
  readonly #looking: Routine;
  readonly #settling: Settling;
  readonly #onRunEnded = ({ state, generation }: EndedRun): void => {
    if (state === "SUCCEEDED") this.#looking.runWithin(generation > 0 ? 0 : SWEEP_MS);
  };
  readonly #onReport = (_event: CoverageReportedEvent): void => this.#looking.runWithin(0);

  constructor(parts: StaleKeeperParts) {
    this.#parts = parts;
    this.#settling = new Settling(parts.clock, parts.settleMs);
    this.#looking = new Routine({
      clock: parts.clock,
      pass: () => this.#look(),
      onError: (error) => this.#trouble(error),
      retryMs: RETRY_MS,
    });
  }

  start(): void {
    const { emitter, signals } = this.#parts;
    signals.on("run-ended", this.#onRunEnded);
    emitter.on("coverage-reported", this.#onReport);
    this.#looking.start();
  }

  async stop(): Promise<void> {
    const { emitter, signals } = this.#parts;
    signals.off("run-ended", this.#onRunEnded);
    emitter.off("coverage-reported", this.#onReport);
    await this.#looking.stop();
  }

  /** Returns when to look again, ms from now; `undefined` if only an event can make it worthwhile. */
  async #look(): Promise<number | undefined> {
    const { store } = this.#parts;
    const stale: Run[] = [];
    for await (const run of eachRun(store, { staleness: "unnoted", states: ["SUCCEEDED"] })) stale.push(run);
    this.#settling.keep(new Set(stale.map(({ id }) => id)));
    let nextMs = store.isShared ? SWEEP_MS : Number.POSITIVE_INFINITY;
    for (const [groupId, runs] of byGroup(stale)) {
      if (!this.#looking.isRunning) return undefined;
      const [schedule] = await store.getSchedules([groupId]);
      const inMs = await this.#settle(schedule, runs).catch((error: unknown) => {
        this.#trouble(error, groupId);
        return RETRY_MS;
      });
      nextMs = Math.min(nextMs, inMs);
    }
    return Number.isFinite(nextMs) ? nextMs : undefined;
  }

  /** Handles the stale runs of a group. Returns when to look again at those that have not settled, ms from now. */
  async #settle(schedule: Schedule | undefined, runs: readonly Run[]): Promise<number> {
    const rerun = schedule === undefined ? new Set<Run>() : await this.#toRerun(schedule, runs);
    await this.#note(
      runs.filter((run) => !rerun.has(run)),
      null,
    );
    const inMs = new Map(
      [...rerun].map((run) => [run, this.#settling.inMs([{ key: run.id, lastAt: run.staleAt! }])]),
    );
    const settled = [...rerun].filter((run) => inMs.get(run)! <= 0);
    const others = settled.length === 0 ? [] : await this.#restated(settled[0]!.groupId);
    const free = settled.filter((run) => intersect([run], others).length === 0);
    await this.#rerunAll(schedule!, free);
    const later = free.length < settled.length ? [SWEEP_MS] : [];
    return Math.min(...later, ...[...inMs.values()].filter((ms) => ms > 0));
  }

  /** Returns the runs that have changed inputs whose dependencies say that they are run again. */
  async #toRerun({ spec, status, unreadable }: Schedule, runs: readonly Run[]): Promise<ReadonlySet<Run>> {
    const leaves = spec.dependsOn == null ? [] : leavesOf(spec.dependsOn);
    const groups = new Set(
      leaves.flatMap(({ dependency }) => (dependency.onRestate === "rerun" ? [dependency.groupId] : [])),
    );
    if (groups.size === 0 || unreadable !== null || !SCHEDULE_STATUSES[status].isRegistered) return new Set();
    const inputs = runs.flatMap((run) =>
      run.inputs
        .filter(({ groupId, isIgnored = false }) => groups.has(groupId) && !isIgnored)
        .map((input) => ({ run, input })),
    );
    const digests = await this.#parts.store.generationDigests(inputs.map(({ input }) => input));
    const changed = inputs.filter(({ input }, n) => input.digest !== digests[n]).map(({ run }) => run);
    const snapshot = changed.length === 0 ? undefined : await newestSnapshot(this.#parts.store, spec.groupId);
    // No run goes back behind a copy.
    return new Set(changed.filter(({ lower }) => snapshot === undefined || lower >= snapshot.upper));
  }

  /** Returns the time of a group that a restatement runs again anyway. */
  async #restated(groupId: string): Promise<IntervalSet> {
    return (await restatedTime(this.#parts.store, new Set([groupId]))).get(groupId) ?? [];
  }

  /** Has runs run again. Sealed ones are left to people, who may force it; those beside them are not. */
  async #rerunAll(schedule: Schedule, runs: readonly Run[]): Promise<void> {
    for (const stretch of stretchesOf(await this.#notSealed(schedule, runs))) {
      if (await this.#rerun(stretch)) continue;
      // Sealed in this very moment.
      const rest = await this.#notSealed(schedule, stretch);
      if (rest.length < stretch.length) await this.#rerunAll(schedule, rest);
      else await this.#note(stretch, null);
    }
  }

  /** Returns those of some runs that are not sealed; the others are noted. */
  async #notSealed(schedule: Schedule, runs: readonly Run[]): Promise<readonly Run[]> {
    const through = runs.length === 0 ? null : await this.#parts.sealedThrough(schedule);
    const open = runs.filter((run) => !isSealed(schedule, run, through));
    await this.#note(
      runs.filter((run) => !open.includes(run)),
      null,
    );
    return open;
  }

  /** Has a stretch run again; `false` if any of it is sealed. */
  async #rerun(stretch: readonly Run[]): Promise<boolean> {
    const [first] = stretch;
    const id = `${STALENESS}${hash("sha256", stretch.map((run) => run.id).join(), "hex").slice(0, 20)}`;
    const range = { from: first!.lower, to: stretch.at(-1)!.upper };
    try {
      await this.#parts.backfill({ id, groupId: first!.groupId, ...range, select: "all" });
    } catch (error) {
      if (!hasCode(error, "SEALED")) throw error;
      return false;
    }
    await this.#note(stretch, id);
    return true;
  }

  /** Notes runs, and reports those that nobody has noted before. */
  async #note(runs: readonly Run[], backfillId: string | null): Promise<void> {
    if (runs.length === 0) return;
    const { store, emitter } = this.#parts;
    const noted = await store.noteStale(runs.map(({ id }) => id));
    for (const [n, run] of runs.entries()) if (noted[n]) emitter.emit("run-stale", { run, backfillId });
  }

  #trouble(error: unknown, groupId?: string): void {
    this.#parts.emitter.emit("trouble", {
      where: "backfill",
      ...(groupId === undefined ? {} : { groupId }),
      error: { code: "PLAN_FAILED", message: `Stale runs were not handled: ${messageOf(error)}` },
    });
  }
}
