import { hash } from "node:crypto";
import type { Clock, EpochMs } from "../clock/clock.js";
import { hasCode, messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { Interval } from "../interval/boundaries.js";
import { intersect, toSet } from "../interval/interval-set.js";
import { stretchesOf } from "../interval/stretches.js";
import { rereadsOf } from "../planning/rereads.js";
import { LATE_DATA } from "../run/backfill.js";
import type { LateTime } from "../run/late-time.js";
import { STANDING_STATES } from "../run/standing.js";
import type { Schedule } from "../schedule/schedule.js";
import { isSealed } from "../schedule/sealed.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { eachItem } from "../store/each-item.js";
import { eachRun } from "../store/each-run.js";
import type { LateFilter, LateSettlement } from "../store/late-table.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { BeginBackfill } from "../upkeep/begin-backfill.js";
import { Routine } from "../upkeep/routine.js";
import { Settling } from "../upkeep/settling.js";

/** How often to look at a shared store for reports of a manager that has died, ms. */
const SWEEP_MS = 300_000;

/** When to look again at time that a run is still reading, ms. */
const RECHECK_MS = 60_000;

/** Pause after an error, ms. */
const RETRY_MS = 5_000;

/** Dependencies of `LateKeeper`. */
export interface LateKeeperParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly backfill: BeginBackfill;
  /** Returns where a group's sealed time ends, epoch ms; `null` if nothing is sealed. */
  readonly sealedThrough: (schedule: Schedule) => Promise<EpochMs | null>;
  /** How long nothing more must have come for a stretch of time before it is run again, ms. See `Settling`. */
  readonly settleMs: number;
}

/** How the reports of one group are settled now, and when the rest can be. */
interface Decided {
  readonly settlements: readonly (LateSettlement & { readonly late: LateTime })[];
  /** When to look again at those that are not settled, ms from now. */
  readonly inMs: number;
}

/**
 * Settles reports of late data: those of sealed time are only told, and a group whose schedule says so (`onLate`)
 * runs its time again, each stretch once no more comes for it, or has come for long enough. Level-triggered: the store knows which reports are pending.
 */
export class LateKeeper {
  readonly #parts: LateKeeperParts;
  readonly #looking: Routine;
  readonly #settling: Settling;
  readonly #onReported = (): void => this.#looking.runWithin(0);

  constructor(parts: LateKeeperParts) {
    this.#parts = parts;
    this.#settling = new Settling(parts.clock, parts.settleMs);
    this.#looking = new Routine({
      clock: parts.clock,
      pass: () => this.#pass(),
      onError: (error) => this.#trouble(error),
      retryMs: RETRY_MS,
    });
  }

  start(): void {
    this.#parts.signals.on("late-reported", this.#onReported);
    this.#looking.start();
  }

  async stop(): Promise<void> {
    this.#parts.signals.off("late-reported", this.#onReported);
    await this.#looking.stop();
  }

  /** Returns when to look again, ms from now; `undefined` if only a report can make it worthwhile. */
  async #pass(): Promise<number | undefined> {
    const { store } = this.#parts;
    let nextMs = store.isShared ? SWEEP_MS : Number.POSITIVE_INFINITY;
    for (const groupId of await this.#pendingGroups()) {
      if (!this.#looking.isRunning) return undefined;
      const [schedule] = await store.getSchedules([groupId]);
      if (schedule === undefined) continue;
      try {
        // Read after the schedule: those of a ledger that was purged since are not of this one.
        const late = await this.#pendingOf(groupId);
        const { settlements, inMs } = await this.#decide(schedule, late);
        await this.#settle(settlements);
        nextMs = Math.min(nextMs, inMs);
      } catch (error) {
        this.#trouble(error, groupId);
        nextMs = Math.min(nextMs, RETRY_MS);
      }
    }
    return Number.isFinite(nextMs) ? nextMs : undefined;
  }

  async #pendingGroups(): Promise<ReadonlySet<string>> {
    const groups = new Set<string>();
    const keys = new Set<string>();
    for await (const late of this.#pending({})) {
      groups.add(late.groupId);
      keys.add(keyOf(late));
    }
    this.#settling.keep(keys);
    return groups;
  }

  async #pendingOf(groupId: string): Promise<readonly LateTime[]> {
    const found: LateTime[] = [];
    for await (const late of this.#pending({ groupId })) found.push(late);
    return found;
  }

  #pending(filter: LateFilter): AsyncGenerator<LateTime> {
    return eachItem((page) => this.#parts.store.listLate({ ...filter, states: ["PENDING"] }, page));
  }

  async #decide(schedule: Schedule, pending: readonly LateTime[]): Promise<Decided> {
    const { groupId, onLate } = schedule.spec;
    const through = await this.#sealedThrough(schedule);
    const settled: Decided["settlements"][number][] = [];
    const toRestate: LateTime[] = [];
    const settle = (late: LateTime, state: LateSettlement["state"]): void => {
      settled.push({ late, incarnation: schedule.incarnation, state, backfillId: null });
    };
    const isRestated = onLate === "restate" && SCHEDULE_STATUSES[schedule.status].isRegistered;
    for (const late of pending) {
      const isOwn = late.reportedBy === groupId;
      if (isSealed(schedule, late, through)) settle(late, "SEALED");
      else if (!isOwn && onLate === "ignore") settle(late, "IGNORED");
      else if (isOwn || !isRestated) settle(late, "MARKED");
      else toRestate.push(late);
    }
    const { settlements, inMs } = await this.#decideStretches(schedule, stretchesOf(toRestate));
    return { settlements: [...settled, ...settlements], inMs };
  }

  /** Returns where the sealed time of runs ends: one that is sealed in part is not run again either. */
  async #sealedThrough(schedule: Schedule): Promise<EpochMs | null> {
    const through = await this.#parts.sealedThrough(schedule);
    if (through === null) return null;
    const { groupId } = schedule.spec;
    const within = { lower: through - 1, upper: through + 1 };
    const filter = { groupId, states: STANDING_STATES, within, includeSuperseded: false };
    let upTo = through;
    for await (const { lower, upper } of eachRun(this.#parts.store, filter))
      if (lower < through) upTo = Math.max(upTo, upper);
    return upTo;
  }

  /** Runs those stretches again that have settled and that no run is reading; the others wait, each on its own. */
  async #decideStretches(schedule: Schedule, pending: readonly (readonly LateTime[])[]): Promise<Decided> {
    const waits = pending.map((stretch) =>
      this.#settling.inMs(stretch.map((late) => ({ key: keyOf(late), lastAt: late.lastAt }))),
    );
    const ripe = pending.filter((_, index) => waits[index]! <= 0);
    const rereads = ripe.flat().map(({ lower, upper, lastAt }) => ({ lower, upper, since: lastAt }));
    const { groupId } = schedule.spec;
    const { store } = this.#parts;
    // No run goes back behind a copy.
    const snapshot = ripe.length === 0 ? undefined : await newestSnapshot(store, groupId);
    const notBefore = snapshot?.upper ?? Number.MIN_SAFE_INTEGER;
    const { stretches, underWay } = await rereadsOf(store, groupId, rereads, notBefore);
    const free = ripe.filter((stretch) => intersect(toSet(stretch), toSet(underWay)).length === 0);
    const toRestate = free.flat();
    const begun: { readonly stretch: Interval; readonly id: string }[] = [];
    for (const stretch of stretches) {
      if (!toRestate.some((late) => overlap(stretch, late))) continue;
      begun.push({ stretch, id: await this.#restate(schedule, stretch, toRestate) });
    }
    const settlements = toRestate.map((late) => {
      const backfillId = begun.find(({ stretch }) => overlap(stretch, late))?.id;
      // A run that is about to read it anyway, or nothing that has succeeded, or a copy stands for it: no backfill.
      const state = backfillId === undefined ? "MARKED" : "RESTATED";
      return { late, incarnation: schedule.incarnation, state, backfillId: backfillId ?? null } as const;
    });
    const recheck = free.length < ripe.length ? [RECHECK_MS] : [];
    return { settlements, inMs: Math.min(...waits.filter((inMs) => inMs > 0), ...recheck) };
  }

  /** Begins the backfill of a stretch; its id follows from the reports, so that managers and restarts begin it once. */
  async #restate(
    { spec, incarnation }: Schedule,
    { lower, upper }: Interval,
    late: readonly LateTime[],
  ): Promise<string> {
    const { groupId } = spec;
    const reports = late
      .filter((one) => one.lower < upper && one.upper > lower)
      .map((one) => [one.reportedBy, one.lower, one.upper, one.reports].join());
    const name = hash("sha256", [groupId, incarnation, lower, upper, ...reports].join("\n"), "hex").slice(
      0,
      20,
    );
    const id = LATE_DATA + name;
    await this.#parts.backfill({ id, groupId, from: lower, to: upper, select: "all" });
    return id;
  }

  /** Writes how reports are settled, and publishes those that nobody has settled before. */
  async #settle(settlements: Decided["settlements"]): Promise<void> {
    if (settlements.length === 0) return;
    const { store, emitter } = this.#parts;
    const written = await store.settleLate(settlements);
    for (const [index, { late, state, backfillId }] of settlements.entries()) {
      this.#settling.forget(keyOf(late));
      if (!written[index]) continue;
      const event = { late: { ...late, state, backfillId } };
      emitter.emit(state === "SEALED" ? "late-after-seal" : "late-data", event);
    }
  }

  #trouble(error: unknown, groupId?: string): void {
    if (hasCode(error, "SEALED")) return;
    this.#parts.emitter.emit("trouble", {
      where: "backfill",
      ...(groupId === undefined ? {} : { groupId }),
      error: { code: "PLAN_FAILED", message: `Late data was not settled: ${messageOf(error)}` },
    });
  }
}

function keyOf({ groupId, lower, upper, reportedBy }: LateTime): string {
  return `${groupId} ${lower} ${upper} ${reportedBy}`;
}

function overlap(a: Interval, b: Interval): boolean {
  return a.lower < b.upper && a.upper > b.lower;
}
