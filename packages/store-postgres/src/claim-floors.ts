import type { EpochMs } from "@tidegate/core";
import { CLAIM_QUEUES } from "@tidegate/core/store";

/** Where the scans of a claim begin. */
export interface Floors {
  /** For each operator, and in it each of `CLAIM_QUEUES`: no run that was ready before it is looked for. */
  readonly ready: readonly EpochMs[];
  /** No lease that ended before it is looked for. */
  readonly lease: EpochMs;
}

/** A claim in progress. */
export interface ClaimScan extends Floors {
  readonly operators: readonly string[];
  readonly now: EpochMs;
  readonly isWhole: boolean;
  /** The earliest instant that this process has written since the claim began. */
  lowest: EpochMs;
}

/** A claimed run. */
export interface FoundRun {
  readonly operator: string;
  /** `null` if it was recovered. */
  readonly queue: number | null;
  /** When it was ready, or its lease ended, epoch ms. */
  readonly dueAt: EpochMs;
}

/** The outcome of a claim. */
export interface ScanOutcome {
  readonly runs: readonly FoundRun[];
  /** How many runs the claim had room for. */
  readonly limit: number;
  /** How many entries of indexes were read. */
  readonly entriesRead: number;
}

const LOWEST = Number.MIN_SAFE_INTEGER;
const QUEUES = CLAIM_QUEUES.length;

/** A whole scan that reads this many entries more than it returns runs is costly. */
const COSTLY = 1_000;

/** The time between two whole scans grows with what they read, within bounds. */
const ENTRIES_PER_MS = 2;
const LEAST_PERIOD_MS = 1_000;
const LONGEST_PERIOD_MS = 30_000;

/** How long before `now` a floor lies at least, ms: another manager's write may become visible that late. */
const LEAST_MARGIN_MS = 500;

/**
 * Where a process's claims begin to look for runs.
 *
 * Usually at the very first, since Postgres drops the index entries of runs that are no longer ready. It
 * cannot while an older snapshot is open, and each claim would read the entries of all runs that were ready
 * since. So if a whole scan was costly, the next claims begin where the last one found nothing more, less a
 * margin, and a whole scan follows at intervals that grow with its cost.
 *
 * A floor hides no run for longer than that interval. This process's own writes lower it at once, and if a
 * whole scan finds a run below the floor, which another manager wrote later than the margin allows, the
 * margin grows to twice what it lacked.
 */
export class ClaimFloors {
  readonly #floors = new Map<string, EpochMs>();
  readonly #scans = new Set<ClaimScan>();
  #isCostly = false;
  #wholeAgainAt = LOWEST;
  #lastNow = LOWEST;
  #marginMs = LEAST_MARGIN_MS;

  /** Begins a claim; `end` or `fail` must follow. */
  begin(operators: readonly string[], now: EpochMs): ClaimScan {
    const isWhole = !this.#isCostly || now >= this.#wholeAgainAt || now < this.#lastNow;
    this.#lastNow = now;
    const floors = isWhole ? floorsOf(new Map(), operators) : this.of(operators);
    const scan = { ...floors, operators, now, isWhole, lowest: Number.MAX_SAFE_INTEGER };
    this.#scans.add(scan);
    return scan;
  }

  /** Returns the floors as they are now. */
  of(operators: readonly string[]): Floors {
    return floorsOf(this.#isCostly ? this.#floors : new Map(), operators);
  }

  /** Records that this process has written runs that may be claimed from an instant on. */
  wrote(at: EpochMs): void {
    for (const scan of this.#scans) scan.lowest = Math.min(scan.lowest, at);
    for (const [name, floor] of this.#floors) if (at < floor) this.#floors.set(name, at);
  }

  fail(scan: ClaimScan): void {
    this.#scans.delete(scan);
  }

  end(scan: ClaimScan, outcome: ScanOutcome): void {
    this.#scans.delete(scan);
    if (scan.isWhole) this.#weigh(scan, outcome);
    if (!this.#isCostly) return;
    const reached = new Map<string, EpochMs>();
    for (const run of outcome.runs) {
      const name = nameOf(run, scan.operators);
      reached.set(name, Math.max(reached.get(name) ?? LOWEST, run.dueAt));
    }
    // A queue that left room for more was read to its end.
    const { runs, limit } = outcome;
    if (runs.filter(({ queue }) => queue === null).length < limit)
      reached.set(leaseName(scan.operators), scan.now);
    if (runs.length < limit) for (const name of namesOf(scan.operators)) reached.set(name, scan.now);
    for (const [name, at] of reached) {
      const floor = Math.min(at - this.#marginMs, scan.now - this.#marginMs, scan.lowest);
      this.#floors.set(name, Math.max(floor, Math.min(this.#floors.get(name) ?? LOWEST, scan.lowest)));
    }
  }

  /** Decides, after a whole scan, whether the next claims begin at floors, and for how long. */
  #weigh({ operators, now }: ClaimScan, { runs, entriesRead }: ScanOutcome): void {
    const wasCostly = this.#isCostly;
    this.#isCostly = entriesRead - runs.length > COSTLY;
    const period = Math.max(LEAST_PERIOD_MS, entriesRead / ENTRIES_PER_MS);
    this.#wholeAgainAt = now + Math.min(LONGEST_PERIOD_MS, period);
    if (!this.#isCostly) {
      this.#floors.clear();
      this.#marginMs = LEAST_MARGIN_MS;
      return;
    }
    if (!wasCostly) return;
    for (const run of runs) {
      const missing = (this.#floors.get(nameOf(run, operators)) ?? LOWEST) - run.dueAt;
      if (missing > 0) this.#marginMs = Math.max(this.#marginMs, 2 * (this.#marginMs + missing));
    }
  }
}

function floorsOf(floors: ReadonlyMap<string, EpochMs>, operators: readonly string[]): Floors {
  const [lease, ...ready] = namesOf(operators).map((name) => floors.get(name) ?? LOWEST);
  return { lease: lease!, ready };
}

/** The name of the leases' floor, then those of the queues. */
function namesOf(operators: readonly string[]): string[] {
  const queues = Array.from({ length: QUEUES }, (_, queue) => queue);
  return [leaseName(operators), ...operators.flatMap((one) => queues.map((queue) => readyName(one, queue)))];
}

function nameOf({ operator, queue }: FoundRun, operators: readonly string[]): string {
  return queue === null ? leaseName(operators) : readyName(operator, queue);
}

function readyName(operator: string, queue: number): string {
  return `${queue} ${operator}`;
}

/** Leases are looked for by all operators at once, in any order. */
function leaseName(operators: readonly string[]): string {
  return `lease ${JSON.stringify(operators.toSorted())}`;
}
