import type { EpochMs } from "../clock/clock.js";

/** A table of a store, and its size. */
export interface TableSize {
  readonly name: string;
  /** An estimate; `null` if none can be made without reading all of it. */
  readonly rows: number | null;
  /** With its indexes; `null` if the store does not know. */
  readonly bytes: number | null;
}

/** A manager that shares a store with others. */
export interface SharingManager {
  /** Its name, unique among those that share the store. */
  readonly name: string;
  /** When it last showed that it is alive, epoch ms; `null` if that was long ago. */
  readonly seenAt: EpochMs | null;
  /** How many runs it has leased. */
  readonly leases: number;
  /** When the last of its leases ends unless it is renewed, epoch ms; `null` if it has none. */
  readonly leaseUntil: EpochMs | null;
}

/** The size of a store, and the managers that share it. */
export interface StoreInfo {
  /** Such as `sqlite`. */
  readonly kind: string;
  /** `null` if the store does not know. */
  readonly bytes: number | null;
  /** By name. */
  readonly tables: readonly TableSize[];
  /** By name; empty if the store is not shared. */
  readonly managers: readonly SharingManager[];
}

/** The description of a store for those who run it. A facet of `ScheduleStore`. */
export interface StoreInspection {
  /** Returns sizes and managers. Counts nothing row by row, so that it may be asked at any time. */
  inspect(): Promise<StoreInfo>;
}
