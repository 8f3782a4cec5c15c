import type { ScheduleStore } from "@tidegate/core";

/** A store and what a test needs around it, made anew for each test. */
export interface StoreFixture {
  /** Empty, and open already. */
  readonly store: ScheduleStore;
  /** Opens what the store holds once more, as the next process does; the suite has closed the store. Feature `reopen`. */
  readonly reopen?: () => Promise<ScheduleStore>;
  /** Opens what the store holds beside it, as another process does. Feature `sharing`. */
  readonly connect?: () => Promise<ScheduleStore>;
  /** Closes what is open and removes what was made. */
  readonly dispose: () => Promise<void>;
}

/** What not every store can do. */
export interface StoreFeatures {
  /** What it holds is there again after it was closed. @default true */
  readonly reopen: boolean;
  /** Several processes may have it open at once. @default false */
  readonly sharing: boolean;
}

export interface StoreSuiteOptions {
  /** Names the store in the test report. */
  readonly name: string;
  /** Called before each test, and for each example of a property. */
  readonly create: () => Promise<StoreFixture>;
  /** Tests of a feature that is `false` are reported as skipped. */
  readonly supports?: Partial<StoreFeatures>;
  /** How many random histories each property tries; fewer where a store takes long to make. @default 100 */
  readonly propertyRuns?: number;
}

/** The store of the running test, and what decides which tests there are. */
export interface StoreBed {
  readonly store: () => ScheduleStore;
  readonly fixture: () => StoreFixture;
  /** Another process's view of the store; the store itself where it cannot be shared. */
  readonly second: () => Promise<ScheduleStore>;
  /** The store as the next process finds it. */
  readonly reopened: () => Promise<ScheduleStore>;
  readonly create: () => Promise<StoreFixture>;
  readonly supports: StoreFeatures;
  readonly propertyRuns: number;
}
