import type { Clock, EpochMs } from "../clock/clock.js";
import { coveredThrough } from "../deadlines/covered-through.js";
import { LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import { ledgerCutsOf } from "../planning/ledger-cuts.js";
import { OPEN_RUN_STATES } from "../run/lane.js";
import type { Instant } from "../schedule/instant.js";
import type { Schedule } from "../schedule/schedule.js";
import { isSealed } from "../schedule/sealed.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { isSealAsRead, type Seal, type SealRead } from "../store/seal-table.js";
import { iso, range } from "./instants.js";
import { checkNote, instantOf, invalidInput } from "./ledger-input.js";
import type { ScheduleChanges } from "./schedule-changes.js";

/** Options of a write that sealed time refuses. */
export interface ForceOptions {
  /** Writes sealed time as well. @default false */
  readonly force?: boolean;
}

/** A group's seal, and where its sealed time ends: that is also up to its schedule and to what is covered. */
export interface SealedTime extends Required<SealRead> {
  /** Epoch ms; `null` if nothing of the ledger is sealed. */
  readonly sealedThrough: EpochMs | null;
}

interface SealedInterval extends Interval {
  /** Where the sealed time ends, epoch ms. */
  readonly through: EpochMs;
}

/** Dependencies of `Seals`. */
export interface SealsParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly changes: ScheduleChanges;
}

/**
 * Seals time, and refuses writes of what is sealed. Sealed time ends at the covered one, so that nothing is
 * sealed that is still to be written.
 */
export class Seals {
  readonly #parts: SealsParts;

  constructor(parts: SealsParts) {
    this.#parts = parts;
  }

  /** Returns where a group's sealed time ends, epoch ms; `null` if nothing of its ledger is sealed. */
  async sealedThrough(schedule: Schedule): Promise<EpochMs | null> {
    return (await this.read(schedule)).sealedThrough;
  }

  /** Reads a group's seal, and where its sealed time ends with that. */
  async read(schedule: Schedule): Promise<SealedTime> {
    const [seal] = await this.#parts.store.getSeals([schedule.spec.groupId]);
    return { seal: seal?.through ?? null, sealedThrough: await this.#endOf(schedule, seal) };
  }

  async #endOf(schedule: Schedule, seal: Seal | undefined): Promise<EpochMs | null> {
    const { store, clock } = this.#parts;
    const { spec, origin, unreadable } = schedule;
    const isTimed = unreadable === null && spec.seal != null && schedule.status !== "SOURCE";
    const cuts = isTimed ? await ledgerCutsOf(store, schedule) : undefined;
    const due = cuts?.notAfter(clock.now() - spec.seal!.afterMs) ?? origin;
    const wanted = Math.max(seal?.through ?? origin, due);
    if (wanted <= origin) return null;
    const sealed = Math.min(wanted, await coveredThrough(store, schedule));
    return sealed > origin ? sealed : null;
  }

  /**
   * Refuses to write what is sealed.
   *
   * @param units - the intervals that would be written
   * @param field - the field that names them
   * @returns the seal that the write has to name: one that comes before the write refuses it
   * @throws LedgerError SEALED
   */
  async refuse(
    schedule: Schedule,
    units: readonly Interval[],
    field: string,
    { force = false }: ForceOptions,
  ): Promise<SealRead> {
    if (force || isBeforeLedger(schedule, units)) return {};
    const { seal, sealedThrough } = await this.read(schedule);
    const sealed = sealedAmong(schedule, units, sealedThrough);
    if (sealed === undefined) return { seal };
    const { groupId } = schedule.spec;
    throw new LedgerError(
      "SEALED",
      `${field}: ${range(sealed)} is sealed; group ${groupId} is sealed through ${iso(sealed.through)}. Pass \`force\` to write it all the same.`,
      { field },
    );
  }

  /**
   * Makes a write unless it is of sealed time. One that the store refuses since the group was sealed meanwhile is decided
   * again.
   *
   * @param write - makes the write, which names the seal; resolves with whether it was made
   * @returns whether it was made
   * @throws LedgerError SEALED
   */
  async write(
    schedule: Schedule,
    units: readonly Interval[],
    field: string,
    options: ForceOptions,
    write: (read: SealRead) => Promise<boolean>,
  ): Promise<boolean> {
    for (;;) {
      const read = await this.refuse(schedule, units, field, options);
      if (await write(read)) return true;
      if (await this.isAsRead(schedule, read)) return false;
    }
  }

  /** Returns whether a group still has the seal that was read, if that matters to the write. */
  async isAsRead({ spec }: Schedule, read: SealRead): Promise<boolean> {
    if (read.seal === undefined) return true;
    const [seal] = await this.#parts.store.getSeals([spec.groupId]);
    return isSealAsRead(seal, read);
  }

  /** Returns the first of some intervals that is sealed, and where the sealed time ends. */
  async sealedOf(schedule: Schedule, units: readonly Interval[]): Promise<SealedInterval | undefined> {
    if (isBeforeLedger(schedule, units)) return undefined;
    return sealedAmong(schedule, units, await this.sealedThrough(schedule));
  }

  /** Seals a group's time up to an instant. */
  async seal(groupId: string, until: Instant, note: string, { force = false }: ForceOptions): Promise<Seal> {
    const { store, clock, changes } = this.#parts;
    const through = instantOf(until, "until");
    checkNote(note);
    for (;;) {
      const schedule = await changes.get(groupId);
      const [before] = await store.getSeals([groupId]);
      if (before !== undefined && through < before.through && !force) {
        throw new LedgerError(
          "SEALED",
          `until: group ${groupId} is sealed through ${iso(before.through)}; pass \`force\` to open a part of it again.`,
          { field: "until" },
        );
      }
      if (before === undefined || through > before.through) await this.#refuseOpen(schedule, through);
      const seal = { groupId, through, note, sealedAt: clock.now() };
      const { incarnation } = schedule;
      if (await store.putSeal({ ...seal, incarnation, expected: before?.through ?? null })) return seal;
    }
  }

  /** Time that is still to be written cannot be sealed, nor time that is being written again. */
  async #refuseOpen(schedule: Schedule, through: EpochMs): Promise<void> {
    const { store } = this.#parts;
    const { origin, spec, offsets } = schedule;
    const { groupId } = spec;
    if (through <= origin)
      throw invalidInput("until", `must be after the ledger's beginning, ${iso(origin)}`);
    const covered = await coveredThrough(store, schedule);
    if (through > covered) {
      throw new LedgerError(
        "INTERVAL_OPEN",
        `until: group ${groupId} is covered through ${iso(covered)} only; what follows cannot be sealed yet.`,
        { field: "until" },
      );
    }
    const within = { lower: origin, upper: through };
    const open = await store.listRuns({ groupId, states: OPEN_RUN_STATES, within }, { limit: 1 });
    const copies = await store.listRuns({ groupId, states: OPEN_RUN_STATES, isSnapshot: true }, { limit: 1 });
    const backfills = await store.listBackfills({ groupId, states: ["RUNNING"] });
    const run = open.items[0] ?? copies.items[0];
    const backfill = backfills.find(({ lower, cursor }) => Math.min(lower, cursor) < through);
    const copy = offsets?.needsSnapshot === true ? "the snapshot that follows the rebase" : undefined;
    const work = run ? `run ${run.id}` : backfill ? `backfill ${backfill.id}` : copy;
    if (work === undefined) return;
    throw new LedgerError(
      "INTERVAL_OPEN",
      `until: ${work} is still to write a part of this time; wait for its end, or cancel it.`,
      { field: "until" },
    );
  }
}

function isBeforeLedger({ origin }: Schedule, units: readonly Interval[]): boolean {
  return units.every(({ upper }) => upper <= origin);
}

function sealedAmong(
  schedule: Schedule,
  units: readonly Interval[],
  through: EpochMs | null,
): SealedInterval | undefined {
  if (through === null) return undefined;
  const sealed = units.find((unit) => isSealed(schedule, unit, through));
  return sealed && { lower: sealed.lower, upper: sealed.upper, through };
}
