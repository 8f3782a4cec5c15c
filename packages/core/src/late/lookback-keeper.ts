import { hash } from "node:crypto";
import type { Clock, EpochMs } from "../clock/clock.js";
import { hasCode, messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { Interval } from "../interval/boundaries.js";
import { ledgerCutsOf } from "../planning/ledger-cuts.js";
import { type Reread, rereadsOf } from "../planning/rereads.js";
import { LOOKBACK } from "../run/backfill.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { LookbackWatch } from "../store/late-table.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { BeginBackfill } from "../upkeep/begin-backfill.js";
import { Routine } from "../upkeep/routine.js";
import { dueLookbacks, type LookbackFire } from "./look-back.js";

/** Most groups that are looked at before the store is asked for more. */
const BATCH = 100;

/** How long after an interval is due to look, ms, so that it has been planned by then. */
const AFTER_DUE_MS = 1_000;

/** When to look again at a group that has to wait: for a run to end, for a plan, or to be resumed, ms. */
const RECHECK_MS = 60_000;

/** The longest sleep on a shared store, ms: other managers may have registered schedules that are due sooner. */
const LONGEST_SLEEP_MS = 60_000;

/** Pause after an error, ms. */
const RETRY_MS = 5_000;

/** Dependencies of `LookbackKeeper`. */
export interface LookbackKeeperParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly backfill: BeginBackfill;
  /** Returns where a group's sealed time ends, epoch ms; `null` if nothing is sealed. */
  readonly sealedThrough: (schedule: Schedule) => Promise<EpochMs | null>;
}

/** The findings of a look at one group. */
interface Looked {
  readonly cursor: EpochMs;
  readonly lookAt: EpochMs | null;
}

/**
 * Has earlier intervals read again when new ones have ended: see `ScheduleInfo.lookback`. What several new
 * intervals ask for becomes one backfill, and a group has one of these at a time. Level-triggered: how far a group
 * has looked back is in the store.
 */
export class LookbackKeeper {
  readonly #parts: LookbackKeeperParts;
  readonly #looking: Routine;
  /** Groups that wait for runs to end. */
  readonly #waiting = new Set<string>();
  readonly #onChange = (): void => this.#looking.runWithin(0);
  readonly #onRunsEnded = (groupIds: ReadonlySet<string>): void => {
    if (this.#waiting.size === 0) return;
    if ([...groupIds].some((groupId) => this.#waiting.has(groupId))) this.#looking.runWithin(0);
  };

  constructor(parts: LookbackKeeperParts) {
    this.#parts = parts;
    this.#looking = new Routine({
      clock: parts.clock,
      pass: () => this.#pass(),
      onError: (error) => this.#trouble(error),
      retryMs: RETRY_MS,
    });
  }

  start(): void {
    this.#parts.emitter.on("schedule-status", this.#onChange);
    this.#parts.signals.on("runs-ended", this.#onRunsEnded);
    this.#looking.start();
  }

  async stop(): Promise<void> {
    this.#parts.emitter.off("schedule-status", this.#onChange);
    this.#parts.signals.off("runs-ended", this.#onRunsEnded);
    await this.#looking.stop();
  }

  /** Returns when to look again, ms from now. */
  async #pass(): Promise<number | undefined> {
    const { store, clock } = this.#parts;
    const seen = new Set<string>();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    const woken = waiting.length === 0 ? [] : await store.getLookbacks(waiting);
    let due = woken.filter((watch) => watch !== undefined);
    do {
      for (const { groupId } of due) seen.add(groupId);
      await this.#lookAt(due);
      // Groups that could not be looked at stay due.
      const more = await store.listLookbacks({ before: clock.now(), limit: BATCH + seen.size });
      due = more.filter(({ groupId }) => !seen.has(groupId));
    } while (due.length > 0 && this.#looking.isRunning);
    const [next] = await store.listLookbacks({ before: Number.MAX_SAFE_INTEGER, limit: 1 });
    if (next === undefined) return store.isShared ? LONGEST_SLEEP_MS : undefined;
    const inMs = Math.max(next.lookAt! - clock.now(), seen.has(next.groupId) ? RETRY_MS : 0);
    return store.isShared ? Math.min(inMs, LONGEST_SLEEP_MS) : inMs;
  }

  async #lookAt(watches: readonly LookbackWatch[]): Promise<void> {
    const { store } = this.#parts;
    const schedules = await store.getSchedules(watches.map(({ groupId }) => groupId));
    for (const [index, watch] of watches.entries()) {
      const schedule = schedules[index];
      if (schedule === undefined || !this.#looking.isRunning) continue;
      try {
        const { cursor, lookAt } = await this.#look(watch, schedule);
        const { incarnation } = schedule;
        await store.moveLookbacks([
          { groupId: watch.groupId, incarnation, look: watch.look, cursor, lookAt },
        ]);
      } catch (error) {
        this.#trouble(error, watch.groupId);
      }
    }
  }

  /** Begins what is due of a group. */
  async #look({ groupId, cursor }: LookbackWatch, schedule: Schedule): Promise<Looked> {
    const { store, clock, sealedThrough } = this.#parts;
    const now = clock.now();
    const { isRegistered, plans } = SCHEDULE_STATUSES[schedule.status];
    // Its next specification makes it due again.
    if (!isRegistered) return { cursor, lookAt: null };
    const later = { cursor, lookAt: now + RECHECK_MS };
    if (!plans || schedule.unreadable !== null) return later;
    const cuts = await ledgerCutsOf(store, schedule);
    const { fires, nextAt } = dueLookbacks(schedule, cuts, cursor, now);
    if (fires.length === 0) return { cursor, lookAt: afterDue(nextAt, now) };
    this.#waiting.add(groupId);
    const running = await store.listBackfills({ groupId, states: ["RUNNING"] });
    if (running.some(({ id }) => id.startsWith(LOOKBACK))) return later;
    const sealed = (await sealedThrough(schedule)) ?? Number.MIN_SAFE_INTEGER;
    const snapshot = await newestSnapshot(store, groupId);
    const notBefore = Math.max(sealed, snapshot?.upper ?? sealed);
    const { underWay } = await rereadsOf(store, groupId, newestOf(fires), notBefore);
    const ready = readyOf(fires, underWay);
    if (ready.length === 0) return later;
    const { stretches } = await rereadsOf(store, groupId, newestOf(ready), notBefore);
    const through = ready.at(-1)!.upper;
    for (const [n, stretch] of stretches.entries())
      if (!(await this.#begin(schedule, { through, n }, stretch))) return { cursor, lookAt: now };
    if (ready.length < fires.length) return { cursor: through, lookAt: now + RECHECK_MS };
    this.#waiting.delete(groupId);
    return { cursor: through, lookAt: afterDue(nextAt, now) };
  }

  /** Begins the backfill of a stretch; `false` if any of it was sealed in this very moment. */
  async #begin(
    { spec, incarnation }: Schedule,
    { through, n }: { readonly through: EpochMs; readonly n: number },
    { lower, upper }: Interval,
  ): Promise<boolean> {
    const { groupId, lookback } = spec;
    const name = hash("sha256", [groupId, incarnation, through, n, lower, upper].join(), "hex").slice(0, 20);
    const request = { id: LOOKBACK + name, groupId, from: lower, to: upper, select: "all" } as const;
    try {
      await this.#parts.backfill({ ...request, concurrency: lookback?.concurrency ?? 1 });
      return true;
    } catch (error) {
      if (!hasCode(error, "SEALED")) throw error;
      return false;
    }
  }

  #trouble(error: unknown, groupId?: string): void {
    this.#parts.emitter.emit("trouble", {
      where: "backfill",
      ...(groupId === undefined ? {} : { groupId }),
      error: { code: "PLAN_FAILED", message: `A lookback was not begun: ${messageOf(error)}` },
    });
  }
}

/** Returns when to look at a group whose next interval is due then; later if it should have been planned by now. */
function afterDue(dueAt: EpochMs | null, now: EpochMs): EpochMs | null {
  if (dueAt === null) return null;
  const soon = dueAt + AFTER_DUE_MS;
  return soon > now ? soon : now + RECHECK_MS;
}

/** Returns the intervals of several lookbacks, each once, with the latest instant since which it may have changed. */
function newestOf(fires: readonly LookbackFire[]): Reread[] {
  const found = new Map<string, Reread>();
  for (const { rereads } of fires)
    for (const reread of rereads) found.set(`${reread.lower} ${reread.upper}`, reread);
  return [...found.values()];
}

/** Returns the first lookbacks, up to one that has to wait for a run of its time. */
function readyOf(fires: readonly LookbackFire[], underWay: readonly Interval[]): readonly LookbackFire[] {
  const first = fires.findIndex(({ rereads }) =>
    rereads.some(({ lower, upper }) => underWay.some((run) => run.lower < upper && run.upper > lower)),
  );
  return first === -1 ? fires : fires.slice(0, first);
}
