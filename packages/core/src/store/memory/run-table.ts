import type { EpochMs } from "../../clock/clock.js";
import { isEnded, lanePlace } from "../../run/lane.js";
import type { NewRun } from "../../run/run.js";
import type { RunFilter } from "../schedule-store.js";
import type { BackfillRow } from "./backfill-table.js";
import type { Group } from "./group.js";
import { IndexedHeap } from "./indexed-heap.js";
import { RunIndex, type RunSpan } from "./run-index.js";
import { compareText, type MutableRun, newRow, type RunRow } from "./run-row.js";

/**
 * The runs of all groups, and what is derived from them: the order of listings, who is to be woken when, the counts of
 * lanes and backfills. A run's fields change through `update` alone, which keeps all of that true.
 */
export class RunTable {
  readonly #byId = new Map<string, RunRow>();
  readonly #index = new RunIndex();
  /** The runs whose job may still be working. */
  readonly #openJobs = new Set<RunRow>();
  readonly #wakes = new IndexedHeap<RunRow>(
    ({ run: a }, { run: b }) => a.wakeAt! - b.wakeAt! || compareText(a.id, b.id),
  );

  get(id: string): RunRow | undefined {
    return this.#byId.get(id);
  }

  /** Whether none of these runs of a group is there already, by id or by interval and generation, nor given twice. */
  areNew(added: readonly NewRun[], group: Group): boolean {
    if (added.some((run) => this.#has(run, group))) return false;
    return (
      added.length < 2 || (areDistinct(added.map(({ id }) => id)) && areDistinct(added.map(generationKey)))
    );
  }

  insert(
    added: NewRun,
    group: Group,
    wakeAt: EpochMs | null,
    backfill: BackfillRow | undefined = undefined,
  ): RunRow {
    const row = newRow(added, wakeAt, { group, backfill });
    this.#byId.set(added.id, row);
    this.#index.insert(row);
    group.runs.insert(row);
    if (!isEnded(row.run.state)) this.#opened(row);
    this.#enter(row);
    return row;
  }

  update(row: RunRow, change: (run: MutableRun) => void): void {
    const wasOpen = !isEnded(row.run.state);
    this.#leave(row);
    change(row.run);
    this.#enter(row);
    const isOpen = !isEnded(row.run.state);
    if (wasOpen && !isOpen) this.#closed(row);
    if (isOpen && !wasOpen) this.#opened(row);
  }

  removeAll(group: Group): void {
    for (const row of group.runs.rows()) {
      this.#leave(row);
      this.#index.delete(row);
      this.#byId.delete(row.run.id);
    }
  }

  /** When the next run is to be woken. */
  nextWake(): EpochMs | undefined {
    return this.#wakes.peek()?.run.wakeAt ?? undefined;
  }

  /** Takes the runs that are to be woken up to now out of their queue, earliest first; an update puts each back. */
  takeDue(now: EpochMs, limit: number): RunRow[] {
    const due: RunRow[] = [];
    for (let row = this.#wakes.peek(); row !== undefined && due.length < limit; row = this.#wakes.peek()) {
      if (row.run.wakeAt! > now) break;
      this.#wakes.remove(row);
      due.push(row);
    }
    return due;
  }

  all(): Iterable<RunRow> {
    return this.#byId.values();
  }

  /** The runs that match, in order; those of one group where it is given. */
  *select(filter: RunFilter, group: Group | undefined, after: RunSpan["after"]): Generator<RunRow> {
    const index = filter.isJobOpen === true ? this.#openJobIndex(group) : (group?.runs ?? this.#index);
    const { within, order } = filter;
    for (const row of index.rows({ within, after, isDescending: order === "descending" })) {
      if (matches(row, filter)) yield row;
    }
  }

  #openJobIndex(group: Group | undefined): RunIndex {
    const index = new RunIndex();
    for (const row of this.#openJobs) if (group === undefined || row.group === group) index.insert(row);
    return index;
  }

  #has({ id, lower, upper, generation }: NewRun, group: Group): boolean {
    if (this.#byId.has(id)) return true;
    for (const { run } of group.runs.ofInterval({ lower, upper })) {
      if (run.generation === generation) return true;
    }
    return false;
  }

  #opened(row: RunRow): void {
    row.group.open.add(row);
    if (row.backfill !== undefined) row.backfill.openRuns += 1;
  }

  #closed(row: RunRow): void {
    row.group.open.delete(row);
    if (row.backfill !== undefined) row.backfill.openRuns -= 1;
  }

  /** Gives a run the place that its fields say it has. */
  #enter(row: RunRow): void {
    const { run, group } = row;
    if (run.wakeAt !== null) this.#wakes.add(row);
    if (run.isJobOpen) this.#openJobs.add(row);
    const place = lanePlace(run);
    if (place === "none") return;
    if (place === "waiting") group.waiting.add(row);
    group.schedule[COUNTED_AS[place]] += 1;
  }

  /** Takes from a run the place that `#enter` gave it. */
  #leave(row: RunRow): void {
    const { run, group } = row;
    if (run.wakeAt !== null) this.#wakes.remove(row);
    if (run.isJobOpen) this.#openJobs.delete(row);
    const place = lanePlace(run);
    if (place === "none") return;
    if (place === "waiting") group.waiting.remove(row);
    group.schedule[COUNTED_AS[place]] -= 1;
  }
}

const COUNTED_AS = {
  waiting: "waitingRuns",
  admitted: "admittedRuns",
  blocking: "blockingRuns",
} as const;

function areDistinct(keys: readonly string[]): boolean {
  return new Set(keys).size === keys.length;
}

function generationKey({ lower, upper, generation }: NewRun): string {
  return `${lower}-${upper}-${generation}`;
}

function matches({ run }: RunRow, filter: RunFilter): boolean {
  const { states, kinds, reasons, backfillId, isJobOpen, includeSuperseded = true } = filter;
  return (
    (states === undefined || states.includes(run.state)) &&
    (kinds === undefined || kinds.includes(run.kind)) &&
    (reasons === undefined || (run.reason !== null && reasons.includes(run.reason))) &&
    (backfillId === undefined || run.backfillId === backfillId) &&
    (isJobOpen === undefined || run.isJobOpen === isJobOpen) &&
    (includeSuperseded || !run.isSuperseded)
  );
}
