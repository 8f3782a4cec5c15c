import type { EpochMs } from "@tidegate/core";
import type { EngineEntry } from "@tidegate/core/engine";
import type { Definition, FiredSchedule } from "./definition.js";

/** A fire that is due. */
export interface DueFire {
  readonly groupId: string;
  readonly definition: Definition;
}

/** A time at which a group's next fire is due, epoch ms. */
export interface MovedFire {
  readonly groupId: string;
  readonly fireAt: EpochMs;
}

/** Fires taken by a manager; others leave them alone until the lease lapses. */
export interface TakenBatch {
  readonly fires: readonly DueFire[];
  /** By the server's clock, epoch ms. */
  readonly leasedUntil: EpochMs;
}

/** The data that the server holds, so that their loss shows. */
export interface TableData {
  /** Another one than before means that the server was emptied or restored. */
  readonly id: string;
  /** How often schedules were registered or removed; a lower one than before means that some of that is lost. */
  readonly revision: number;
}

/** The result of a check of the table. */
export interface Look {
  /** Whether the caller is the ticker, which calls workers. */
  readonly isTicker: boolean;
  /** Number of workers to call. */
  readonly calls: number;
  /** Time until there is something to do, as far as is known, ms. */
  readonly idleMs: number | undefined;
  readonly data: TableData;
}

/** How long the ticker's role outlives its holder, ms. */
export const OFFICE_MS = 1_000;

/** Maximum number of waiting calls for workers. */
export const MOST_CALLS = 16;

/**
 * The schedules on the server that the managers share: the definition of each and when to check it. That is
 * when its next fire is due; or, while a manager works on that fire, when others may take it over.
 *
 * Each method is atomic for everybody who uses the table, or several atomic steps on whole schedules. Leases
 * use the server's clock; a fire is due if it is by both the server's clock and the caller's.
 *
 * @throws EngineError ENGINE_FAILED if the server is unreachable, does not answer in time or refuses
 */
export interface ScheduleTable {
  /**
   * Adds or replaces schedules. Ends any lease: what is registered while it is fired is checked again, since
   * that fire's answer may be stale.
   */
  register(schedules: readonly FiredSchedule[]): Promise<void>;

  /** Removes schedules; missing ones are no error. */
  unregister(groupIds: readonly string[]): Promise<void>;

  /**
   * Yields all schedules that would be fired, ordered by group id. A schedule that is partly lost is left
   * out.
   */
  list(): AsyncGenerator<EngineEntry>;

  /**
   * Has groups checked no later than at these times, which the ledger names without a fire of this engine's:
   * runs have ended that the next interval waited for. Ends a lease whose fire's answer may be older. A group
   * that is checked sooner anyway stays as it is, and so does one that is not here.
   */
  hasten(moves: readonly MovedFire[]): Promise<void>;

  /** Checks for due fires, and takes or keeps the ticker's role for `owner` unless another process has it. */
  look(owner: string, now: EpochMs): Promise<Look>;

  /** Gives up the ticker's role, if `owner` has it. */
  resign(owner: string): Promise<void>;

  /** Takes a batch of due fires, earliest first. Nobody else gets them until the lease lapses. */
  take(now: EpochMs): Promise<TakenBatch>;

  /**
   * Writes back when each group is due next. Groups changed since they were taken stay as they are: the lease
   * is the fencing token, and the definition is compared as well, since a schedule may be registered for
   * exactly that instant.
   */
  settle(batch: TakenBatch, nextFireAts: readonly (EpochMs | null)[]): Promise<void>;

  /**
   * Extends the lease of these fires to this long from now: to keep them, or to retry them later. Fenced like
   * `settle`.
   */
  postpone(batch: TakenBatch, ms: number): Promise<TakenBatch>;
}
