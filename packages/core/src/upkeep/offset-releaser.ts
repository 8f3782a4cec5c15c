import type { Clock } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import { isSame, type OffsetVector } from "../offset/offset-vector.js";
import type { SourceLooks } from "../planning/source-looks.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { statusesThat } from "../schedule/status.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { Routine } from "./routine.js";

/** Runs in these states hold their positions: all but those that have succeeded, or have nothing to read. */
const HOLDING = ["PLANNED", "SUBMITTING", "RUNNING", "FAILED", "CANCELLED"] as const;

/** Delay before a source that could not be released is tried again, ms. */
const RETRY_MS = 60_000;

const PAGE = 1_000;

/** Dependencies of `OffsetReleaser`. */
export interface OffsetReleaserParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly looks: SourceLooks;
  /** Whether any provider can let its sources forget what was read. */
  readonly isNeeded: boolean;
  /** How often all groups are checked, ms: another manager may have died after a run had ended. */
  readonly everyMs: number;
}

/**
 * Lets sources forget what was read: up to where a group has succeeded without a gap, and only once that is
 * durable. A crash in between releases later, never earlier, since each pass asks the ledger.
 */
export class OffsetReleaser {
  readonly #parts: OffsetReleaserParts;
  readonly #releasing: Routine;
  /** Groups of which runs have ended, or whose source could not be released. */
  #due = new Set<string>();
  #allDueAt = Number.NEGATIVE_INFINITY;
  /** The positions that were released here, so that none is released twice. */
  readonly #released = new Map<string, OffsetVector>();
  readonly #onRunsEnded = (groupIds: ReadonlySet<string>): void => {
    for (const groupId of groupIds) this.#due.add(groupId);
    this.#releasing.runWithin(0);
  };

  constructor(parts: OffsetReleaserParts) {
    this.#parts = parts;
    this.#releasing = new Routine({
      clock: parts.clock,
      pass: () => this.#releaseDue(),
      onError: (error) => this.#trouble(error),
      retryMs: RETRY_MS,
    });
  }

  start(): void {
    if (!this.#parts.isNeeded) return;
    this.#allDueAt = Number.NEGATIVE_INFINITY;
    this.#parts.signals.on("runs-ended", this.#onRunsEnded);
    this.#releasing.start();
  }

  async stop(): Promise<void> {
    this.#parts.signals.off("runs-ended", this.#onRunsEnded);
    await this.#releasing.stop();
    this.#due.clear();
    this.#released.clear();
  }

  async #releaseDue(): Promise<number> {
    const { clock, everyMs } = this.#parts;
    const isAll = clock.now() >= this.#allDueAt;
    const due = this.#due;
    this.#due = new Set();
    if (isAll) {
      await this.#releaseAll();
      this.#allDueAt = clock.now() + everyMs;
    } else await this.#releaseGroups([...due]);
    return Math.min(this.#due.size > 0 ? RETRY_MS : everyMs, Math.max(0, this.#allDueAt - clock.now()));
  }

  async #releaseAll(): Promise<void> {
    const filter = { statuses: statusesThat("isRegistered") };
    let cursor: string | undefined;
    do {
      const place = cursor === undefined ? {} : { cursor };
      const page = await this.#parts.store.listSchedules(filter, { limit: PAGE, ...place });
      for (const schedule of page.items) await this.#release(schedule);
      cursor = page.next;
    } while (cursor !== undefined && this.#releasing.isRunning);
  }

  async #releaseGroups(groupIds: readonly string[]): Promise<void> {
    if (groupIds.length === 0) return;
    for (const schedule of await this.#parts.store.getSchedules(groupIds))
      if (schedule !== undefined && this.#releasing.isRunning) await this.#release(schedule);
  }

  async #release(schedule: Schedule): Promise<void> {
    const { looks } = this.#parts;
    const { spec, unreadable } = schedule;
    if (unreadable !== null || spec.boundaryType !== "OFFSET" || !looks.canRelease(spec)) return;
    try {
      const upTo = await this.#readUpTo(schedule);
      const before = this.#released.get(spec.groupId);
      if (upTo === undefined || (before !== undefined && isSame(before, upTo))) return;
      const { incarnation } = schedule.offsets!;
      await looks.release(spec, { position: upTo, incarnation });
      this.#released.set(spec.groupId, upTo);
    } catch (error) {
      this.#due.add(spec.groupId);
      this.#trouble(error, spec.groupId);
    }
  }

  /**
   * Returns the positions below which everything of the current reading has succeeded: those of the first run that
   * has not, or up to which the source is planned. The schedule was read before the runs, so that a run which is
   * planned meanwhile is behind it.
   */
  async #readUpTo({ spec: { groupId }, offsets }: Schedule): Promise<OffsetVector | undefined> {
    if (offsets === null) return undefined;
    const filter = { groupId, states: HOLDING, includeSuperseded: false } as const;
    for await (const run of eachRun(this.#parts.store, filter))
      if (run.offsets?.epoch === offsets.epoch && !(await this.#isReadBefore(run))) return run.offsets.lower;
    return offsets.position;
  }

  /** Returns whether an earlier generation of a run's interval has succeeded: it was released then. */
  async #isReadBefore({ groupId, lower, upper, generation }: Run): Promise<boolean> {
    if (generation === 0) return false;
    const within = { lower, upper };
    const filter = { groupId, within, states: ["SUCCEEDED"], includeSuperseded: false } as const;
    for await (const run of eachRun(this.#parts.store, filter))
      if (run.lower === lower && run.upper === upper) return true;
    return false;
  }

  #trouble(error: unknown, groupId?: string): void {
    this.#parts.emitter.emit("trouble", {
      where: "source",
      ...(groupId === undefined ? {} : { groupId }),
      error: { code: "RELEASE_FAILED", message: messageOf(error) },
    });
  }
}
