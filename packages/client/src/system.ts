import type { BoundaryType, JsonObject } from "@tidegate/core";
import type { StoreInfo } from "@tidegate/core/store";

/** An engine that a manager knows. */
export interface EngineInfo {
  /** The name by which schedules choose it. */
  readonly engineType: string;
  /** Whether it fires schedules that name none. */
  readonly isDefault: boolean;
  /** Whether it fires in the manager's process; otherwise schedules are only registered with it there. */
  readonly isFiring: boolean;
  /** The shortest period that it can fire, ms. */
  readonly finestPeriodMs: number;
  /** Whether it keeps definitions outside the store. */
  readonly holdsDefinitions: boolean;
}

/** An operator that a manager knows. */
export interface OperatorInfo {
  /** The name by which schedules choose it. */
  readonly operatorType: string;
  /** Whether it runs the jobs of schedules that name none. */
  readonly isDefault: boolean;
  /** The measures of data that its jobs can be given. */
  readonly boundaryTypes: readonly BoundaryType[];
  /** Whether it can split jobs into shards. */
  readonly canSplit: boolean;
  /** Whether it can count an interval's rows on both sides. */
  readonly canVerify: boolean;
  /** The JSON Schema (2020-12) of its jobs; `null` if the operator does not describe them. */
  readonly jobSchema: JsonObject | null;
}

/** The rights of a caller; each role includes those before it: see `Authorize` of `@tidegate/manager`. */
export type Role = "viewer" | "operator" | "editor" | "admin";

/** A manager and the parts that it was made of. */
export interface SystemInfo {
  /** The caller's role. */
  readonly role: Role;
  /** The installation whose schedules it keeps. */
  readonly namespace: string;
  /** The manager's time, which is the store's, epoch ms. */
  readonly now: number;
  /** The version of its time zone database. */
  readonly tzdata: string;
  readonly engines: readonly EngineInfo[];
  readonly operators: readonly OperatorInfo[];
  /** Types of gates, besides the built-in ones. */
  readonly gates: readonly string[];
  /** Types of probes for `ready`. */
  readonly probes: readonly string[];
  /** Types of providers of positions for `source`. */
  readonly sources: readonly string[];
}

/** A manager's store. */
export interface StoreDescription extends StoreInfo {
  /** Whether several managers may have it open at once. */
  readonly isShared: boolean;
  /** The store's time, epoch ms. */
  readonly now: number;
  /** How far the clock of the manager's machine is ahead of the store's, ms; negative if it is behind. */
  readonly clockAheadMs: number;
}
