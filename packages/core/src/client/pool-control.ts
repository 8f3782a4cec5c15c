import { PoolError, ScheduleError } from "../errors/errors.js";
import { parsePool } from "../pool/parse-pool.js";
import type { PoolInfo, PoolStatus } from "../pool/pool.js";
import { poolsOf } from "../pool/pooling.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Defines pools, and refuses schedules that need what no pool has. */
export class PoolControl {
  readonly #store: ScheduleStore;

  constructor(store: ScheduleStore) {
    this.#store = store;
  }

  async set(info: PoolInfo): Promise<PoolStatus> {
    const pool = parsePool(info);
    await this.#store.setPool(pool);
    const pools = await this.#store.listPools();
    return (
      pools.find(({ name }) => name === pool.name) ?? { ...pool, used: 0, activeRuns: 0, waitingRuns: 0 }
    );
  }

  list(): Promise<PoolStatus[]> {
    return this.#store.listPools();
  }

  async delete(name: string): Promise<void> {
    const outcome = await this.#store.deletePool(name);
    if (outcome === "deleted") return;
    if (outcome === "unknown")
      throw new PoolError("POOL_NOT_FOUND", `There is no pool "${name}".`, { field: "name" });
    throw new PoolError(
      "POOL_IN_USE",
      `Pool "${name}" is not deleted: a schedule or a planned run needs it. Update those schedules first (\`plannedRuns: "adopt"\` for what is planned).`,
      { field: "name" },
    );
  }

  /** Returns the error with which a schedule is refused for each of those that need what no pool has. */
  async refusals(specs: readonly Pick<ScheduleSpec, "pool">[]): Promise<(ScheduleError | undefined)[]> {
    if (specs.every((spec) => poolsOf(spec).length === 0)) return specs.map(() => undefined);
    const pools = await this.#store.listPools();
    return specs.map((spec) => refusalOf(spec, pools));
  }

  /** @throws ScheduleError POOL_UNKNOWN, SCHEDULE_INVALID */
  async refuseUnknown(spec: Pick<ScheduleSpec, "pool">): Promise<void> {
    const [refusal] = await this.refusals([spec]);
    if (refusal !== undefined) throw refusal;
  }
}

function refusalOf(
  spec: Pick<ScheduleSpec, "pool">,
  pools: readonly PoolStatus[],
): ScheduleError | undefined {
  for (const { name, slots } of poolsOf(spec)) {
    const index =
      typeof spec.pool === "string" ? -1 : (spec.pool ?? []).findIndex((use) => use.name === name);
    const field = index < 0 ? "pool" : `pool.${index}`;
    const pool = pools.find((one) => one.name === name);
    if (pool === undefined) {
      const known = pools.map((one) => one.name).join(", ") || "none";
      return new ScheduleError(
        "POOL_UNKNOWN",
        `${field}: there is no pool "${name}"; known: ${known}. Create it with setPool.`,
        { field },
      );
    }
    if (slots > pool.slots) {
      return new ScheduleError(
        "SCHEDULE_INVALID",
        `${field}.slots: ${slots} are more than the ${pool.slots} that pool "${name}" has.`,
        { field: `${field}.slots` },
      );
    }
  }
  return undefined;
}
