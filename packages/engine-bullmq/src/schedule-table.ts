import type { EngineEntry, EngineSchedule, EpochMs } from "@tidegate/core";
import type { Definition } from "./definition.js";

/** A fire that is due. */
export interface DueFire {
  readonly groupId: string;
  readonly definition: Definition;
}

/** Fires that a manager has taken: others leave them alone until the lease lapses. */
export interface TakenBatch {
  readonly fires: readonly DueFire[];
  /** By the server's clock, epoch ms. */
  readonly leasedUntil: EpochMs;
}

/** What a look at the table has found. */
export interface Look {
  /** Whether it is the caller's office to call for workers. */
  readonly isTicker: boolean;
  /** How many workers to call. */
  readonly calls: number;
  /** After how many ms there is something to do, as far as is known. */
  readonly idleMs: number | undefined;
}

/** How long the ticker's office outlives its holder, ms. */
export const OFFICE_MS = 1_000;

/** How many calls for workers may wait at a time. */
export const MOST_CALLS = 16;

/**
 * The schedules on the server that the managers share: of each its definition and when it is to be looked at. That is when
 * its next fire is due; or, while a manager works on that fire, when others may take it over.
 *
 * Each method is one step for everybody who looks at the table, or several of whole schedules. Leases are by the server's
 * clock; a fire is due when it is by the server's and by the caller's.
 *
 * @throws EngineError ENGINE_FAILED when the server cannot be reached, does not answer in time or refuses
 */
export interface ScheduleTable {
  /**
   * Adds or replaces. Ends any lease: what is registered while it is fired is looked at again, since that fire's answer may
   * be of the time before.
   */
  register(schedules: readonly EngineSchedule[]): Promise<void>;

  /** Removes; what is not there is no error. */
  unregister(groupIds: readonly string[]): Promise<void>;

  /** All that would be fired in its time, ordered by group id. Where a part of a schedule is lost, it is not there. */
  list(): AsyncGenerator<EngineEntry>;

  /** Looks for what is due, and takes or keeps the ticker's office for `owner` unless somebody else has it. */
  look(owner: string, now: EpochMs): Promise<Look>;

  /** Gives the ticker's office up, if `owner` has it. */
  resign(owner: string): Promise<void>;

  /** Takes a batch of what is due, earliest first. Until the lease lapses nobody else gets these fires. */
  take(now: EpochMs): Promise<TakenBatch>;

  /**
   * Writes back when each group is due next. What was changed since it was taken stays as it is now: the lease is the
   * fencing token, and the definition is compared as well, since a schedule may be registered for just that instant.
   */
  settle(batch: TakenBatch, nextFireAts: readonly (EpochMs | null)[]): Promise<void>;

  /** Lets nobody take these fires for so long from now: to keep them, or to repeat them later. Fenced as `settle` is. */
  postpone(batch: TakenBatch, ms: number): Promise<TakenBatch>;
}
