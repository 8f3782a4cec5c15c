import type { EpochMs } from "../clock/clock.js";
import type { RunKind } from "../job/run-kind.js";
import { type ClaimQueue, compareQueues } from "../run/claim-order.js";
import type { Pool } from "./pool.js";
import { PoolLedger, type PoolRecord } from "./pool-ledger.js";
import { DEFAULT_PRIORITY, isBacklog, LOWEST_PRIORITY, needsOf } from "./pooling.js";

/** A pool as a claim finds it. */
export interface PoolState {
  readonly pool: Pool;
  /** Incremented by each write, so that a claim that was decided on an older state is refused. */
  readonly version: number;
  readonly record: PoolRecord;
}

/** Active runs that need the same. */
export interface ActiveRuns {
  readonly needs: string;
  readonly isBacklog: boolean;
  readonly runs: number;
}

/** A ready run at the head of its line. */
export interface PooledHead {
  readonly id: string;
  readonly kind: RunKind;
  readonly readyAt: EpochMs;
  readonly fairnessWeight: number;
}

/** Ready runs among which only the order of admission decides. */
export interface PoolLine {
  readonly needs: string;
  readonly queue: ClaimQueue;
  readonly priority: number;
  readonly operator: string;
  readonly fairnessKey: string;
  /** The first of them, by `readyAt` and id. */
  readonly heads: readonly PooledHead[];
}

/** Everything that decides which runs of pools are claimed next. */
export interface PoolsView {
  readonly pools: readonly PoolState[];
  readonly active: readonly ActiveRuns[];
  /** The lines that have ready runs, except those of which every pool is full. */
  readonly lines: readonly PoolLine[];
}

/** A run that was chosen, and the needs for which it was. */
export interface PooledRun {
  readonly id: string;
  readonly needs: string;
}

/** A pool from which a choice takes: the state that the choice relies on, and the record after it. */
export interface PoolDraw {
  readonly name: string;
  readonly version: number;
  readonly record: PoolRecord;
}

/** A line and the first of its runs that was not taken. */
interface Waiting {
  readonly line: PoolLine;
  readonly uses: readonly Use[];
  readonly isKnown: boolean;
  next: number;
}

interface Use {
  readonly ledger: PoolLedger;
  readonly slots: number;
}

/** A run that may be next. */
interface Candidate {
  readonly waiting: Waiting;
  readonly head: PooledHead;
  readonly isBacklog: boolean;
  readonly isInScope: boolean;
  readonly lineName: string;
}

interface Ranked {
  readonly candidate: Candidate;
  readonly isOutOfTurn: boolean;
  readonly lead: number;
}

/**
 * Chooses which runs of pools a manager claims, one after the other. Pure: a store reads the view, and writes the
 * choice in one transaction if the pools are still as it was seen.
 *
 * First comes whose turn it is, if a backlog and runs that are on time wait for the same pool; then the smaller
 * priority; then the fairness key that has had least; then retries; then who was ready first. A run that does not
 * fit is passed over, until it has waited for `reserveAfterMs`: from then on what it needs is kept for it.
 */
export class PoolChoice {
  readonly #now: EpochMs;
  readonly #operators: readonly string[];
  readonly #states: readonly PoolState[];
  readonly #ledgers: ReadonlyMap<string, PoolLedger>;
  readonly #lines: readonly Waiting[];
  #wakeAt: EpochMs | undefined;

  constructor(
    view: PoolsView,
    { operators, now }: { readonly operators: readonly string[]; readonly now: EpochMs },
  ) {
    this.#now = now;
    this.#operators = operators;
    this.#states = view.pools;
    this.#ledgers = ledgersOf(view, now);
    this.#lines = view.lines.map((line) => {
      const uses = needsOf(line.needs).map(({ name, slots }) => ({ ledger: this.#ledgers.get(name), slots }));
      const known = uses.flatMap(({ ledger, slots }) =>
        ledger === undefined ? [] : [{ ledger, slots: ledger.slotsFor(slots) }],
      );
      return { line, uses: known, isKnown: known.length === uses.length, next: 0 };
    });
  }

  /**
   * Takes at most `limit` runs and returns them in order.
   *
   * @param lowest - the largest priority to take
   */
  take(limit: number, lowest: number = LOWEST_PRIORITY): PooledRun[] {
    const taken: PooledRun[] = [];
    while (taken.length < limit) {
      const next = this.#next(lowest);
      if (next === undefined) break;
      taken.push({ id: next.head.id, needs: next.waiting.line.needs });
      next.waiting.next += 1;
      const { fairnessKey } = next.waiting.line;
      for (const { ledger, slots } of next.waiting.uses) {
        const { isBacklog: isOfBacklog, head } = next;
        ledger.take(next.lineName, fairnessKey, {
          slots,
          weight: head.fairnessWeight,
          isBacklog: isOfBacklog,
        });
      }
    }
    return taken;
  }

  /** When a run that could not be taken may be, epoch ms, unless another one ends before. */
  get wakeAt(): EpochMs | undefined {
    return this.#wakeAt;
  }

  /** The pools from which was taken. */
  get draws(): PoolDraw[] {
    return this.#states.flatMap(({ pool: { name }, version }) => {
      const ledger = this.#ledgers.get(name)!;
      return ledger.isChanged ? [{ name, version, record: ledger.record() }] : [];
    });
  }

  #next(lowest: number): Candidate | undefined {
    const kept = new Map<PoolLedger, number>();
    const hasRoom = ({ ledger, slots }: Use): boolean => ledger.free - (kept.get(ledger) ?? 0) >= slots;
    for (const { candidate } of this.#ranked(lowest)) {
      const { uses } = candidate.waiting;
      const beginsAt = Math.max(this.#now, ...uses.map(({ ledger }) => ledger.mayBeginAt));
      if (uses.every(hasRoom)) {
        if (beginsAt <= this.#now) return candidate;
        this.#wake(beginsAt);
        continue;
      }
      const waitedMs = this.#now - candidate.head.readyAt;
      if (!uses.every(({ ledger }) => waitedMs >= ledger.pool.reserveAfterMs)) continue;
      for (const { ledger, slots } of uses) kept.set(ledger, (kept.get(ledger) ?? 0) + slots);
    }
    return undefined;
  }

  /** Returns the runs of this manager that may be taken, in order. */
  #ranked(lowest: number): Ranked[] {
    const all = this.#candidates(lowest);
    const onTime = poolsWithRoom(all.filter((one) => !one.isBacklog));
    const fair = all.filter((one) => !one.isBacklog || !exceedsShare(one, onTime));
    const backlogs = poolsWithRoom(fair.filter((one) => one.isBacklog));
    const rivals = { onTime, backlogs };
    return fair
      .filter(({ isInScope }) => isInScope)
      .map((candidate) => ({
        candidate,
        isOutOfTurn: isOutOfTurn(candidate, rivals),
        lead: leadOf(candidate),
      }))
      .sort(compareRanked);
  }

  #candidates(lowest: number): Candidate[] {
    const candidates: Candidate[] = [];
    for (const waiting of this.#lines) {
      const { line, isKnown, next } = waiting;
      const head = line.heads[next];
      if (head === undefined || !isKnown || line.priority > lowest) continue;
      const isInScope = this.#operators.includes(line.operator);
      if (line.queue === "retry" && head.readyAt > this.#now) {
        if (isInScope) this.#wake(head.readyAt);
        continue;
      }
      const isOfBacklog = isBacklog({ kind: head.kind, queue: line.queue });
      const lineName = `${isOfBacklog ? "backlog" : "live"} ${line.priority}`;
      candidates.push({ waiting, head, isBacklog: isOfBacklog, isInScope, lineName });
    }
    return candidates;
  }

  #wake(at: EpochMs): void {
    this.#wakeAt = Math.min(at, this.#wakeAt ?? at);
  }
}

/** How many runs of a line a claim has to see. */
export class PoolRooms {
  readonly #ledgers: ReadonlyMap<string, PoolLedger>;

  constructor(pools: readonly PoolState[], active: readonly ActiveRuns[]) {
    this.#ledgers = ledgersOf({ pools, active }, 0);
  }

  /** Returns how many runs with these needs may be taken, at most `limit`: one that does not fit may still be kept slots. */
  mostOf(needs: string, limit: number): number {
    const uses = needsOf(needs).map(({ name, slots }) => ({ ledger: this.#ledgers.get(name), slots }));
    if (uses.length === 0) return limit;
    const rooms = uses.map(({ ledger, slots }) =>
      ledger === undefined ? 0 : Math.floor(Math.max(0, ledger.free) / ledger.slotsFor(slots)),
    );
    if (uses.every(({ ledger }) => ledger === undefined || ledger.free <= 0)) return 0;
    return Math.min(limit, Math.max(1, Math.min(...rooms)));
  }
}

/** Takes runs from pools, at most that many and none of a larger priority. */
export type TakePooled<T> = (limit: number, lowest: number) => readonly T[];

/**
 * Takes runs for a manager that has ready runs of both kinds: those of priorities 1 and 2 first, then those of
 * pools and those that are claimed in order by halves, and last those of priorities 4 and 5.
 *
 * @param turn - how many runs this process has taken so far
 */
export function takeTogether<T>(
  { turn, limit }: { readonly turn: number; readonly limit: number },
  pooled: TakePooled<T>,
  inOrder: (limit: number) => readonly T[],
): T[] {
  const taken = [...pooled(limit, URGENT)];
  taken.push(...pooled(pooledFirst(turn, limit - taken.length), DEFAULT_PRIORITY));
  taken.push(...inOrder(limit - taken.length));
  taken.push(...pooled(limit - taken.length, LOWEST_PRIORITY));
  return taken;
}

/** Returns how many of the next runs come from pools before others, if there are both. */
export function pooledFirst(turn: number, limit: number): number {
  return Math.floor((limit + (turn % 2)) / 2);
}

/** The largest priority that comes before runs that are claimed in order. */
export const URGENT = DEFAULT_PRIORITY - 1;

function ledgersOf(
  { pools, active }: Pick<PoolsView, "pools" | "active">,
  now: EpochMs,
): Map<string, PoolLedger> {
  const used = new Map<string, { used: number; backlogSlots: number }>();
  for (const { needs, isBacklog: isOfBacklog, runs } of active) {
    for (const { name, slots } of needsOf(needs)) {
      const sum = used.get(name) ?? { used: 0, backlogSlots: 0 };
      sum.used += slots * runs;
      if (isOfBacklog) sum.backlogSlots += slots * runs;
      used.set(name, sum);
    }
  }
  const unused = { used: 0, backlogSlots: 0 };
  return new Map(
    pools.map(({ pool, record }) => [
      pool.name,
      new PoolLedger(pool, record, { now, ...(used.get(pool.name) ?? unused) }),
    ]),
  );
}

/** Returns the pools for which any of these runs waits that could begin as far as its other pools go. */
function poolsWithRoom(candidates: readonly Candidate[]): ReadonlySet<PoolLedger> {
  const pools = new Set<PoolLedger>();
  for (const { waiting } of candidates) {
    if (waiting.uses.every(({ ledger }) => ledger.free > 0))
      for (const { ledger } of waiting.uses) pools.add(ledger);
  }
  return pools;
}

function exceedsShare({ waiting }: Candidate, onTime: ReadonlySet<PoolLedger>): boolean {
  return waiting.uses.some(({ ledger, slots }) => onTime.has(ledger) && ledger.exceedsShare(slots));
}

function isOutOfTurn(
  { waiting, isBacklog: isOfBacklog }: Candidate,
  {
    onTime,
    backlogs,
  }: { readonly onTime: ReadonlySet<PoolLedger>; readonly backlogs: ReadonlySet<PoolLedger> },
): boolean {
  const rivals = isOfBacklog ? onTime : backlogs;
  return waiting.uses.some(({ ledger }) => rivals.has(ledger) && ledger.isBacklogsTurn !== isOfBacklog);
}

function leadOf({ waiting, lineName }: Candidate): number {
  return Math.max(0, ...waiting.uses.map(({ ledger }) => ledger.lead(lineName, waiting.line.fairnessKey)));
}

function compareRanked(a: Ranked, b: Ranked): number {
  const [x, y] = [a.candidate, b.candidate];
  return (
    Number(a.isOutOfTurn) - Number(b.isOutOfTurn) ||
    x.waiting.line.priority - y.waiting.line.priority ||
    a.lead - b.lead ||
    compareQueues(x.waiting.line.queue, y.waiting.line.queue) ||
    x.head.readyAt - y.head.readyAt ||
    (x.head.id < y.head.id ? -1 : 1)
  );
}
