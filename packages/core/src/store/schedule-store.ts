import type { EpochMs } from "../clock/clock.js";
import type { BackfillTable } from "./backfill-table.js";
import type { ChangeLog } from "./change-log.js";
import type { DeadlineTable } from "./deadline-table.js";
import type { GateQueue } from "./gate-queue.js";
import type { LateTable } from "./late-table.js";
import type { LogTable } from "./log-table.js";
import type { PoolTable } from "./pool-table.js";
import type { RunLedger } from "./run-ledger.js";
import type { RunQueue } from "./run-queue.js";
import type { RunShortcuts } from "./run-shortcuts.js";
import type { ScheduleTable } from "./schedule-table.js";
import type { SealTable } from "./seal-table.js";
import type { ShardTable } from "./shard-table.js";
import type { StoreInspection } from "./store-info.js";

/**
 * The store of schedules and the ledger. One contract, one conformance suite:
 * {@link @tidegate/testkit!storeSuite}.
 *
 * ```ts
 * const store: ScheduleStore = new SqliteStore({ path: "tidegate.db" });
 * await store.open();
 * const { items } = await store.listRuns({ groupId: "orders", states: ["FAILED"] }, { limit: 10 });
 * ```
 *
 * Every promise of a write resolves when the write is durable: a crash right after loses nothing. A batch is
 * one transaction, but each of its elements is decided separately, and the answers are in the batch's order.
 * A write that fails as a whole leaves nothing behind.
 *
 * The live lane's rule, which every write keeps in the same transaction: while no run blocks, waiting runs
 * are admitted, oldest first, until `laneWidth` are `ready` or `active`. An admitted run becomes `ready`, from
 * the instant of the write on, or `gated` if it goes through gates. A gated run takes no place; while it keeps
 * its turn (`in-turn`), no later run of its lane is admitted.
 *
 * A run that ends (or is skipped from the start) wakes the gated runs whose `wait` says that its group does,
 * in the same transaction: they are due to be asked about at once.
 *
 * A run that succeeds in place of an earlier generation, or where something was missing, makes the runs stale that
 * have read other data than there are now, in the same transaction: see `Run.inputs` and `Run.staleAt`. So does a
 * report, and late data that a group reports of its own time.
 *
 * While `laneWidth` is 0, planned runs of backfills wait as well, whatever made them planned; once it is not,
 * they are `ready`, or `gated`, from the instant of that write on.
 *
 * Before `open` and after `close` every other method rejects with StoreError STORE_CLOSED.
 */
export interface ScheduleStore
  extends ScheduleTable,
    RunLedger,
    RunQueue,
    RunShortcuts,
    GateQueue,
    BackfillTable,
    PoolTable,
    DeadlineTable,
    SealTable,
    ShardTable,
    LateTable,
    LogTable,
    ChangeLog,
    StoreInspection {
  /**
   * Whether several processes may have it open at once, so that work can appear without an event in this
   * process.
   */
  readonly isShared: boolean;
  /**
   * Opens the part of the store that belongs to a namespace, and brings its schema up to date. Runs that a
   * previous process of an unshared store held may be claimed at once. Does nothing if the store is open.
   *
   * Namespaces share nothing: a store that is open for one neither lists, plans, claims nor changes schedules,
   * runs, backfills and deadlines of another, even if groups have the same names.
   *
   * @param namespace - `TidegateSettings.namespace`, 1 to 200 characters. @default "default"
   * @throws StoreError STORE_LOCKED, STORE_CORRUPT, STORE_READ_ONLY, STORE_FULL, STORE_NEWER, STORE_FAILED
   */
  open(namespace?: string): Promise<void>;
  /** Waits for writes in progress, then closes. */
  close(): Promise<void>;
  /**
   * Returns the current instant by the store's clock, epoch ms: one clock for all processes that share the
   * store, such as its server's. If `isShared`, core plans, leases and claims only by this clock.
   */
  now(): Promise<EpochMs>;
}
