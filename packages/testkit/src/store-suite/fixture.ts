import type { ScheduleStore } from "@tidegate/core/store";

/** A store and what a test needs around it, created anew for each test. */
export interface StoreFixture {
  /** Empty and already open. */
  readonly store: ScheduleStore;
  /**
   * Reopens the store's data as the next process does, for the default namespace or the one given; the suite
   * has closed the store. Features `reopen` and `namespaces`.
   */
  readonly reopen?: (namespace?: string) => Promise<ScheduleStore>;
  /** Opens the store's data concurrently, as another process does. Feature `sharing`. */
  readonly connect?: (namespace?: string) => Promise<ScheduleStore>;
  /**
   * Replaces the text of a group's newest specification behind the store's back, as damage or a newer version
   * of Tidegate does. The store is closed. @default a store that keeps no text
   */
  readonly overwriteSpec?: (groupId: string, text: string) => Promise<void>;
  /** Closes what is open and removes what was created. */
  readonly dispose: () => Promise<void>;
}

/** Features that not every store has. */
export interface StoreFeatures {
  /** Data survives closing and reopening. @default true */
  readonly reopen: boolean;
  /** Several processes may open the store at once. @default false */
  readonly sharing: boolean;
  /** Keeps namespaces apart; needs `reopen`. @default true */
  readonly namespaces: boolean;
  /** Has `planAndClaim` and `endRuns`. @default false */
  readonly shortcuts: boolean;
}

export interface StoreSuiteOptions {
  /** Names the store in the test report. */
  readonly name: string;
  /** Called before each test, and for each example of a property. */
  readonly create: () => Promise<StoreFixture>;
  /** Tests of a feature that is `false` are reported as skipped. */
  readonly supports?: Partial<StoreFeatures>;
  /**
   * Number of random histories that each property tries; fewer if a store takes long to create. @default 100
   */
  readonly propertyRuns?: number;
}

/** The store of the running test, and what decides which tests exist. */
export interface StoreBed {
  readonly store: () => ScheduleStore;
  readonly fixture: () => StoreFixture;
  /** Returns another process's view of the store, or the store itself if it cannot be shared. */
  readonly second: () => Promise<ScheduleStore>;
  /** Returns the store as the next process finds it. */
  readonly reopened: () => Promise<ScheduleStore>;
  readonly create: () => Promise<StoreFixture>;
  readonly supports: StoreFeatures;
  readonly propertyRuns: number;
}
