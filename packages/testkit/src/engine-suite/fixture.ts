import type { Tidegate, TidegateOptions } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import type { EngineSchedule, Fire, FireResult } from "@tidegate/core/engine";
import type { ScheduleStore } from "@tidegate/core/store";
import type { StoreFixture } from "../store-suite/fixture.js";

/** An engine as `createTidegate` takes it: an object, or the module that a package's factory returns. */
export type EngineUnderTest = NonNullable<TidegateOptions["engines"]>[number];

/** The client of an engine, as `createTidegate` takes it. */
export type EngineClientUnderTest = NonNullable<TidegateOptions["engineClients"]>[number];

/** Dependencies of an engine that is created by hand; a module gets the same from its container. */
export interface EngineSuiteContext {
  /** The clock of the test: a virtual one, or the machine's. */
  readonly clock: Clock;
  readonly store: ScheduleStore;
}

/** Handles fires and returns their results. */
export type Ledger = (fires: readonly Fire[]) => Promise<FireResult[]>;

/** The engine in a process of its own. */
export interface EngineProcess {
  /** Number of fires handed over. */
  readonly fires: number;
  /** Kills it as a power cut does; resolves when it is gone. */
  kill(): Promise<void>;
  /** Suspends it as SIGSTOP does, until `thaw`. */
  freeze(): void;
  thaw(): void;
}

/** An engine and what a test needs around it, created anew for each test. */
export interface EngineFixture {
  /** Not started, without definitions. */
  readonly engine: EngineUnderTest;
  /**
   * Creates the client of the engine, as another process has it: the suite then puts a Tidegate around each,
   * over one store, and registers through the client's. Called at the start of each test and after each
   * restart. @default the engine's own Tidegate registers
   */
  readonly client?: () => EngineClientUnderTest;
  /**
   * Creates the engine as the next process does, over what this one left. @default the same object is started
   * again
   */
  readonly reopen?: () => Promise<EngineUnderTest>;
  /**
   * Sets up around a Tidegate what the engine's fires go through, such as the callback routes that a foreign
   * scheduler calls, and returns a function that removes it. Called with each Tidegate of a test once it has
   * started, also after a restart; the returned function is called before that Tidegate stops, and resolves
   * when no fire is in progress. @default nothing
   */
  readonly serve?: (tidegate: Tidegate) => Promise<() => Promise<void>>;
  /** Makes the engine lose a definition behind Tidegate's back. Feature `tampering`. */
  readonly forget?: (groupId: string) => Promise<void>;
  /**
   * Puts a definition into the engine behind Tidegate's back, replacing that group's. Feature `tampering`.
   */
  readonly inject?: (schedule: EngineSchedule) => Promise<void>;
  /**
   * Starts another process with the engine, over the same definitions, whose fires go to this ledger. Feature
   * `processes`.
   */
  readonly spawn?: (ledger: Ledger) => Promise<EngineProcess>;
  /** Ends what was spawned and removes what was created. The engine is stopped by then. */
  readonly dispose: () => Promise<void>;
}

/** Features that not every engine has, or not every test bed can show. */
export interface EngineFeatures {
  /** The engine keeps definitions outside the store (`capabilities.holdsDefinitions`). @default false */
  readonly definitions: boolean;
  /** The test bed can change these definitions with `forget` and `inject`. @default false */
  readonly tampering: boolean;
  /**
   * Several processes share the firing of the same definitions, and the bed can `spawn` them. @default false
   */
  readonly processes: boolean;
}

export interface EngineSuiteOptions {
  /** Names the engine in the test report. */
  readonly name: string;
  /** Called before each test. */
  readonly create: (context: EngineSuiteContext) => Promise<EngineFixture>;
  /**
   * `virtual` for an engine that uses the injected `Clock`: hours pass in milliseconds. `real` for one that
   * has timers of its own: each test takes some periods of `finestPeriodMs`.
   */
  readonly clock: "virtual" | "real";
  /** Tests of a feature that is `false` are reported as skipped. */
  readonly supports?: Partial<EngineFeatures>;
  /** The finest period that the engine fires, in whole seconds, ms. @default 1,000 */
  readonly finestPeriodMs?: number;
  /**
   * Number of rules that are tested at the same time, for an engine on the `real` clock, whose tests mostly wait. More than 1
   * requires that no fixture's engine sees the definitions of another's. A test whose name is filtered out is tested all the
   * same, but not reported. @default 1
   */
  readonly atOnce?: number;
  /** The store of each test. @default a `MemoryStore` */
  readonly store?: () => Promise<StoreFixture>;
  /**
   * Maximum time that a test waits for the engine, ms; far longer than it should take. @default 60 periods,
   * at least 120,000
   */
  readonly patienceMs?: number;
  /**
   * Turns of the event loop that the engine gets before virtual time moves on; an engine that does I/O
   * between two fires needs more. @default 4
   */
  readonly turns?: number;
  /** Number of schedules that are due at one instant in the test of many. @default 500 */
  readonly many?: number;
}
