import type { PoolUse } from "@tidegate/core";
import type { ClaimedRun, ScheduleStore } from "@tidegate/core/store";
import { aNewSchedule, aPlan, MINUTE } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { claim, ending, LATER } from "./conduct.js";
import type { StoreBed } from "./fixture.js";
import { aPool } from "./pools.js";

const STEPS = 60;
const STEP_MS = 5_000;
const RESERVE_AFTER_MS = 20_000;

/** No run is active for longer. */
const LONGEST_MS = 4 * STEP_MS;

const SLOTS = { a: 3, b: 2, c: 1 } as const;

const NEEDS: readonly (readonly PoolUse[])[] = [
  [{ name: "a", slots: 1 }],
  [{ name: "a", slots: 3 }],
  [{ name: "b", slots: 1 }],
  [{ name: "b", slots: 2 }],
  [{ name: "c", slots: 1 }],
  [
    { name: "a", slots: 2 },
    { name: "b", slots: 1 },
  ],
  [
    { name: "a", slots: 1 },
    { name: "c", slots: 1 },
  ],
];

/** A run of the model. */
interface Modelled {
  readonly uses: readonly PoolUse[];
  /** The claim that holds it, and since when. */
  held?: { readonly claimed: ClaimedRun; readonly since: number };
  /** Since when it has been ready. */
  readyAt: number;
}

/** Returns whole numbers from 0 below a bound, the same ones in each test. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Tests pools with random runs, against a model that only counts. */
export function poolSoakRules({ store, second }: StoreBed): void {
  describe("pools, for a long time", () => {
    for (const seed of [1, 2]) {
      it(`are never exceeded, and no run waits for what is there, unless it is kept (seed ${seed})`, async () => {
        await new Soak([store(), await second()], dice(seed)).run();
      }, 300_000);
    }
  });
}

class Soak {
  readonly #stores: readonly ScheduleStore[];
  readonly #roll: (sides: number) => number;
  readonly #runs = new Map<string, Modelled>();
  #now = LATER;
  #planned = 0;

  constructor(stores: readonly ScheduleStore[], roll: (sides: number) => number) {
    this.#stores = stores;
    this.#roll = roll;
  }

  async run(): Promise<void> {
    for (const [name, slots] of Object.entries(SLOTS)) {
      await this.#store.setPool(aPool({ name, slots, reserveAfterMs: RESERVE_AFTER_MS }));
    }
    for (let step = 0; step < STEPS; step += 1) {
      this.#now += STEP_MS;
      await this.#plan(this.#roll(3));
      await this.#endSome(2 + this.#roll(3));
      await this.#claimAll();
      await this.#check();
    }
    while (this.#runs.size > 0) {
      this.#now += STEP_MS;
      await this.#endSome(1);
      await this.#claimAll();
      await this.#check();
    }
  }

  get #store(): ScheduleStore {
    return this.#stores[this.#roll(this.#stores.length)]!;
  }

  async #plan(count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      this.#planned += 1;
      const groupId = `group-${this.#planned}`;
      const uses = NEEDS[this.#roll(NEEDS.length)]!;
      const fairnessKey = `tenant-${this.#roll(4)}`;
      const spec = { groupId, pool: uses, fairnessKey, priority: 2 + this.#roll(2) };
      // Due now: a run that is late belongs to a backlog, and backlogs have a share that the model does not know.
      const added = aNewSchedule({ spec, watermark: this.#now - MINUTE });
      await this.#store.insertSchedules([added]);
      const commit = aPlan({ ...added, version: 1 }, { plannedAt: this.#now, run: { isPooled: true } });
      await this.#store.plan([commit]);
      this.#runs.set(commit.runs[0]!.id, { uses, readyAt: this.#now });
    }
  }

  /** Ends what has run for long, and some of the others; a few have another attempt. */
  async #endSome(oneIn: number): Promise<void> {
    for (const [id, run] of [...this.#runs]) {
      const { held } = run;
      if (held === undefined) continue;
      if (this.#now - held.since < LONGEST_MS && this.#roll(oneIn) > 0) continue;
      delete run.held;
      if (this.#roll(8) > 0) {
        expect(await this.#store.changeRuns([ending(held.claimed, "SUCCEEDED", { at: this.#now })])).toEqual([
          true,
        ]);
        this.#runs.delete(id);
        continue;
      }
      run.readyAt = this.#now;
      const { token } = held.claimed;
      const retry = { id, token, from: ["SUBMITTING"], state: "PLANNED", place: "ready" } as const;
      expect(await this.#store.changeRuns([{ ...retry, at: this.#now }])).toEqual([true]);
    }
  }

  /** Claims until nothing is left, from all stores at once. */
  async #claimAll(): Promise<void> {
    for (let found = true; found; ) {
      const leaseUntil = this.#now + 1_000_000;
      const claims = await Promise.all(
        this.#stores.map((store, no) =>
          claim(store, { owner: `manager-${no}`, now: this.#now, leaseUntil, limit: 1 + this.#roll(4) }),
        ),
      );
      for (const claimed of claims.flat()) {
        const run = this.#runs.get(claimed.run.id)!;
        expect(run.held).toBeUndefined();
        run.held = { claimed, since: this.#now };
      }
      const { claimAt } = await this.#store.nextWake({ operators: ["duckdb"], now: this.#now });
      found = claimAt === this.#now;
    }
  }

  async #check(): Promise<void> {
    const free = new Map<string, number>(Object.entries(SLOTS));
    for (const { uses, held } of this.#runs.values()) {
      if (held === undefined) continue;
      for (const { name, slots } of uses) free.set(name, free.get(name)! - slots);
    }
    const pools = await this.#store.listPools();
    expect(pools.map(({ name, slots, used }) => [name, slots - used])).toEqual([...free]);
    expect(Math.min(...free.values())).toBeGreaterThanOrEqual(0);
    const waiting = [...this.#runs.values()].filter(({ held }) => held === undefined);
    const hasRoom = ({ uses }: Modelled): boolean =>
      uses.every(({ name, slots }) => free.get(name)! >= slots);
    const old = waiting.filter((run) => this.#now - run.readyAt >= RESERVE_AFTER_MS);
    // Slots are kept for those that do not fit, and for those to which kept slots are not given.
    const kept = new Set(old.filter((run) => !hasRoom(run)));
    for (const holder of kept) for (const run of old) if (shareAPool(run, holder)) kept.add(run);
    for (const run of waiting) {
      if (!hasRoom(run) || [...kept].some((other) => shareAPool(run, other))) continue;
      throw new Error(`A run waits although ${JSON.stringify(run.uses)} is free and kept for nobody.`);
    }
  }
}

function shareAPool(a: Modelled, b: Modelled): boolean {
  return a.uses.some(({ name }) => b.uses.some((use) => use.name === name));
}
