import type { EpochMs } from "../../clock/clock.js";
import type { PoolChoice } from "../../pool/pool-choice.js";
import { needsPool } from "../../pool/pooling.js";
import type { ClaimQueue } from "../../run/claim-order.js";
import { FOLLOWING_STATES } from "../../run/copies.js";
import { isUncovered } from "../../run/covering.js";
import { isEnded } from "../../run/lane.js";
import { isAdmitted } from "../../run/place.js";
import type { NewReportedRun, NewRun, RunInput, RunState } from "../../run/run.js";
import { STANDING_STATES } from "../../run/standing.js";
import type { GatedQuery } from "../gate-queue.js";
import type { GroupWindow, RunFilter } from "../run-ledger.js";
import type { ClaimScope, NextWake } from "../run-queue.js";
import type { BackfillRow } from "./backfill-table.js";
import { frozenCopy } from "./frozen-copy.js";
import { IndexedHeap } from "./indexed-heap.js";
import { PoolTable } from "./pool-table.js";
import type { Group, MutableRun, RunRow } from "./rows.js";
import { RunIndex, type RunSpan } from "./run-index.js";
import { compareText } from "./run-position.js";
import { lookAgain, newRow } from "./run-row.js";

/** The fields by which a run is new. */
type NewRunLike = Pick<NewRun, "id" | "lower" | "upper" | "generation">;

/**
 * The runs of all groups, and everything derived from them: the order of listings, who may be claimed when,
 * the counts of lanes and backfills. A run's fields change only through `update`, which keeps all of that
 * consistent.
 */
export class RunTable {
  readonly #byId = new Map<string, RunRow>();
  readonly #index = new RunIndex<RunRow>();
  /** Runs whose job may still be working, runs that block, and cancelled ones that nothing covers. */
  readonly #openJobs = new Set<RunRow>();
  readonly #blocking = new Set<RunRow>();
  readonly #uncovered = new Set<RunRow>();
  /** Ready runs by operator and queue. */
  readonly #ready = new Map<string, IndexedHeap<RunRow>>();
  /** Ready and active runs that need pools or have a priority. */
  readonly pools = new PoolTable();
  /** Active runs by the end of their lease. */
  readonly #held = new IndexedHeap<RunRow>(
    ({ run: a }, { run: b }) => a.leaseUntil! - b.leaseUntil! || compareText(a.id, b.id),
  );
  /** Gated runs by when they are due. */
  readonly #gated = new IndexedHeap<RunRow>((a, b) => a.lookAt - b.lookAt || compareText(a.run.id, b.run.id));
  /** Runs that are stale and not superseded. */
  readonly #stale = new Set<RunRow>();
  /** Runs that read everything up to their upper bounds. */
  readonly #snapshots = new Set<RunRow>();
  /** Runs by the groups that they read. */
  readonly #readers = new Map<string, Set<RunRow>>();
  /** Groups that were purged: the first generations of their next ledgers are others than those that were read. */
  readonly purged = new Set<string>();
  /** Gated runs by the groups that wake them. */
  readonly #sleepers = new Map<string, Set<RunRow>>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): RunRow | undefined {
    return this.#byId.get(id);
  }

  /**
   * Returns whether all of these runs of a group are new, by id and by interval and generation, and none is
   * given twice.
   */
  areNew(added: readonly NewRunLike[], group: Group): boolean {
    if (added.some((run) => this.#has(run, group))) return false;
    return (
      added.length < 2 || (areDistinct(added.map(({ id }) => id)) && areDistinct(added.map(generationKey)))
    );
  }

  insert(
    added: NewRun | NewReportedRun,
    group: Group,
    backfill: BackfillRow | undefined = undefined,
  ): RunRow {
    const row = newRow(added, { group, backfill });
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

  /** Removes all runs of a group, and returns their ids. */
  removeAll(group: Group): string[] {
    const rows = [...group.runs.rows()];
    for (const row of rows) {
      this.setInputs(row, []);
      this.#leave(row);
      this.#index.delete(row);
      this.#byId.delete(row.run.id);
    }
    return rows.map(({ run }) => run.id);
  }

  /** Sets the inputs of a run, which then is not stale. */
  setInputs(row: RunRow, inputs: readonly RunInput[]): void {
    for (const { groupId } of row.run.inputs) this.#readers.get(groupId)?.delete(row);
    for (const { groupId } of inputs.filter(isFollowed)) {
      const readers = this.#readers.get(groupId);
      if (readers === undefined) this.#readers.set(groupId, new Set([row]));
      else readers.add(row);
    }
    this.update(row, (run) => {
      run.inputs = frozenCopy(inputs);
      run.staleAt = null;
      row.isNoted = false;
    });
  }

  /** Returns the runs with an input that overlaps this time and is not ignored. */
  readersOf({ groupId, lower, upper }: GroupWindow): RunRow[] {
    return [...(this.#readers.get(groupId) ?? [])].filter(({ run }) =>
      run.inputs.some(
        (input) =>
          isFollowed(input) && input.groupId === groupId && input.lower < upper && input.upper > lower,
      ),
    );
  }

  /** Returns when the next run of a scope may be claimed, and when the next gated run is due. */
  nextWake(scope: ClaimScope): NextWake {
    return { claimAt: this.#nextClaim(scope), lookAt: this.#gated.peek()?.lookAt };
  }

  /** Returns gated runs that are due, in order. */
  dueGated({ now, limit, after }: GatedQuery): RunRow[] {
    const due: RunRow[] = [];
    for (const row of this.#gated.ascending()) {
      if (row.lookAt > now || due.length >= limit) break;
      const order = after && (row.lookAt - after.lookAt || compareText(row.run.id, after.id));
      if (order === undefined || order > 0) due.push(row);
    }
    return due;
  }

  /** Makes the gated runs due that a run of this group wakes by its end. */
  wake(groupId: string): void {
    for (const row of [...(this.#sleepers.get(groupId) ?? [])]) this.update(row, () => lookAgain(row, 0));
  }

  #nextClaim({ operators, now }: ClaimScope): EpochMs | undefined {
    const first = (queue: ClaimQueue): RunRow[] =>
      operators.flatMap((operator) => this.#queue(queue, operator).peek() ?? []);
    if (first("live").length > 0 || first("rest").length > 0) return now;
    const times = first("retry").map(({ run }) => run.readyAt!);
    if (!this.pools.isEmpty) {
      const choice = this.pools.choice({ operators, now }, 1);
      if (choice.take(1).length > 0) return now;
      if (choice.wakeAt !== undefined) times.push(choice.wakeAt);
    }
    for (const { run } of this.#held.ascending()) {
      if (!operators.includes(run.operator)) continue;
      times.push(run.leaseUntil!);
      break;
    }
    return times.length === 0 ? undefined : Math.max(now, Math.min(...times));
  }

  /**
   * Takes active runs whose lease has ended out of their queue, the earliest first; an update puts each back.
   */
  takeLapsed({ operators, now }: ClaimScope, limit: number): RunRow[] {
    const lapsed: RunRow[] = [];
    for (const row of this.#held.ascending()) {
      if (row.run.leaseUntil! > now || lapsed.length >= limit) break;
      if (operators.includes(row.run.operator)) lapsed.push(row);
    }
    for (const row of lapsed) this.#held.remove(row);
    return lapsed;
  }

  /** Takes ready runs out of one queue of an operator, in queue order; an update puts each back. */
  takeReady(queue: ClaimQueue, operator: string, now: EpochMs, limit: number): RunRow[] {
    const ready: RunRow[] = [];
    const heap = this.#queue(queue, operator);
    for (let row = heap.peek(); row !== undefined && ready.length < limit; row = heap.peek()) {
      if (queue === "retry" && row.run.readyAt! > now) break;
      heap.remove(row);
      ready.push(row);
    }
    return ready;
  }

  /** Takes ready runs that need pools or have a priority, as they are chosen; an update moves each. */
  takePooled(choice: PoolChoice, limit: number, lowest: number): RunRow[] {
    return choice.take(limit, lowest).map(({ id }) => this.#byId.get(id)!);
  }

  /** Returns whether a planned run needs a pool. */
  needsPool(name: string): boolean {
    for (const { run, pooling } of this.#byId.values())
      if (run.state === "PLANNED" && pooling !== undefined && needsPool(pooling.needs, name)) return true;
    return false;
  }

  /** Returns the newest snapshot of a group that stands, but for one run. */
  newestSnapshot(group: Group, except?: string): MutableRun | undefined {
    return this.#newestSnapshot(group, STANDING_STATES, except);
  }

  /** Returns the end of the newest snapshot of a group that has succeeded, epoch ms. */
  copiedUpTo(group: Group): EpochMs | undefined {
    return this.#newestSnapshot(group, ["SUCCEEDED"])?.upper;
  }

  #newestSnapshot(group: Group, states: readonly RunState[], except?: string): MutableRun | undefined {
    if (this.#snapshots.size === 0) return undefined;
    const filter = { isSnapshot: true, states, includeSuperseded: false, order: "descending" } as const;
    for (const { run } of this.select(filter, group, undefined)) if (run.id !== except) return run;
    return undefined;
  }

  /** Returns whether a run behind a snapshot keeps it from being made again. */
  isFollowed({ upper }: MutableRun, group: Group): boolean {
    const within = { lower: upper, upper: Number.MAX_SAFE_INTEGER };
    const filter = { states: FOLLOWING_STATES, within, includeSuperseded: false };
    for (const { run } of this.select(filter, group, undefined)) if (run.lower >= upper) return true;
    return false;
  }

  all(): Iterable<RunRow> {
    return this.#byId.values();
  }

  /** Yields the matching runs in order, only those of one group if it is given. */
  *select(filter: RunFilter, group: Group | undefined, after: RunSpan["after"]): Generator<RunRow> {
    const index = this.#fewestRows(filter, group);
    const { within, order } = filter;
    const isDescending = order === "descending";
    if (group === undefined) return yield* this.#byIds(index.rows({ within }), filter, after);
    for (const row of index.rows({ within, after, isDescending })) {
      if (matches(row, filter)) yield row;
    }
  }

  *#byIds(rows: Iterable<RunRow>, filter: RunFilter, after: RunSpan["after"]): Generator<RunRow> {
    const direction = filter.order === "descending" ? -1 : 1;
    const compare = (a: { id: string }, b: { id: string }) => direction * compareText(a.id, b.id);
    const matching = [...rows].filter((row) => matches(row, filter));
    for (const row of matching.sort((a, b) => compare(a.run, b.run))) {
      if (after === undefined || compare(row.run, after) > 0) yield row;
    }
  }

  /** Returns the smallest index that contains all runs of a filter. */
  #fewestRows(
    { isJobOpen, isBlocking, isUncovered, isSnapshot, staleness, reads }: RunFilter,
    group: Group | undefined,
  ): RunIndex<RunRow> {
    const few =
      (reads !== undefined && this.readersOf(reads)) ||
      (staleness !== undefined && this.#stale) ||
      (isUncovered === true && this.#uncovered) ||
      (isSnapshot === true && this.#snapshots) ||
      (isBlocking === true && this.#blocking) ||
      (isJobOpen === true && this.#openJobs);
    if (few === false) return group?.runs ?? this.#index;
    const index = new RunIndex<RunRow>();
    for (const row of few) if (group === undefined || row.group === group) index.insert(row);
    return index;
  }

  #queue(queue: ClaimQueue, operator: string): IndexedHeap<RunRow> {
    const key = `${queue} ${operator}`;
    const known = this.#ready.get(key);
    if (known !== undefined) return known;
    const heap = new IndexedHeap<RunRow>(
      ({ run: a }, { run: b }) => a.readyAt! - b.readyAt! || compareText(a.id, b.id),
    );
    this.#ready.set(key, heap);
    return heap;
  }

  #has({ id, lower, upper, generation }: NewRunLike, group: Group): boolean {
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

  /** Queues a run according to its place, and counts it. */
  #enter(row: RunRow): void {
    const { run, group } = row;
    if (run.isJobOpen) this.#openJobs.add(row);
    if (run.isBlocking) this.#blocking.add(row);
    if (isUncovered(run)) this.#uncovered.add(row);
    if (run.snapshot !== null) this.#snapshots.add(row);
    if (run.staleAt !== null && !run.isSuperseded) this.#stale.add(row);
    this.#queueOf(row)?.add(row);
    if (run.place === "gated") this.#hold(row);
    if (row.pooling !== undefined) this.pools.enter(row);
    const counter = counterOf(run);
    if (counter !== undefined) group.schedule[counter] += 1;
  }

  /** Removes a run from where `#enter` put it. */
  #leave(row: RunRow): void {
    const { run, group } = row;
    if (run.isJobOpen) this.#openJobs.delete(row);
    if (run.isBlocking) this.#blocking.delete(row);
    if (isUncovered(run)) this.#uncovered.delete(row);
    if (run.snapshot !== null) this.#snapshots.delete(row);
    if (run.staleAt !== null) this.#stale.delete(row);
    this.#queueOf(row)?.remove(row);
    if (run.place === "gated") this.#release(row);
    if (row.pooling !== undefined) this.pools.leave(row);
    const counter = counterOf(run);
    if (counter !== undefined) group.schedule[counter] -= 1;
  }

  #hold(row: RunRow): void {
    if (row.run.kind === "SCHEDULED" && row.gating !== "overtakable") row.group.turns.add(row);
    for (const groupId of row.run.wait?.wokenBy ?? []) {
      const sleepers = this.#sleepers.get(groupId);
      if (sleepers === undefined) this.#sleepers.set(groupId, new Set([row]));
      else sleepers.add(row);
    }
  }

  #release(row: RunRow): void {
    row.group.turns.delete(row);
    for (const groupId of row.run.wait?.wokenBy ?? []) {
      const sleepers = this.#sleepers.get(groupId);
      sleepers?.delete(row);
      if (sleepers?.size === 0) this.#sleepers.delete(groupId);
    }
  }

  #queueOf(row: RunRow): IndexedHeap<RunRow> | undefined {
    const { run, group, queue, pooling } = row;
    if (run.place === "ready")
      return pooling === undefined ? this.#queue(queue, run.operator) : this.pools.lineOf(row);
    if (run.place === "active") return this.#held;
    if (run.place === "gated") return this.#gated;
    return run.place === "waiting" && run.kind === "SCHEDULED" ? group.waiting : undefined;
  }
}

/** Returns which of its lane's counts includes the run. */
function counterOf({
  kind,
  place,
}: MutableRun): "waitingRuns" | "gatedRuns" | "admittedRuns" | "blockingRuns" | undefined {
  if (kind !== "SCHEDULED") return undefined;
  if (place === "gated") return "gatedRuns";
  if (place === "waiting") return "waitingRuns";
  if (place === "blocking") return "blockingRuns";
  return isAdmitted(place) ? "admittedRuns" : undefined;
}

function areDistinct(keys: readonly string[]): boolean {
  return new Set(keys).size === keys.length;
}

function generationKey({ lower, upper, generation }: NewRunLike): string {
  return `${lower}-${upper}-${generation}`;
}

function isFollowed({ isIgnored = false }: RunInput): boolean {
  return !isIgnored;
}

function matches({ run, isNoted }: RunRow, filter: RunFilter): boolean {
  const { states, kinds, reasons, backfillId, isJobOpen, isBlocking, includeSuperseded = true } = filter;
  return (
    (states === undefined || states.includes(run.state)) &&
    (kinds === undefined || kinds.includes(run.kind)) &&
    (reasons === undefined || (run.reason !== null && reasons.includes(run.reason))) &&
    (backfillId === undefined || run.backfillId === backfillId) &&
    (isJobOpen === undefined || run.isJobOpen === isJobOpen) &&
    (isBlocking === undefined || run.isBlocking === isBlocking) &&
    (filter.isUncovered === undefined || isUncovered(run)) &&
    (filter.isSnapshot === undefined || run.snapshot !== null) &&
    (filter.staleness === undefined || (run.staleAt !== null && !run.isSuperseded)) &&
    (filter.staleness !== "unnoted" || !isNoted) &&
    (filter.isSuperseded === undefined || run.isSuperseded) &&
    (includeSuperseded || !run.isSuperseded)
  );
}
