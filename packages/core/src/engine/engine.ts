import type { EpochMs } from "../clock/clock.js";
import type { TidegateEmitter } from "../events/events.js";
import type { NewRun } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";

/** What an engine is told of a schedule. */
export interface EngineSchedule {
  readonly groupId: string;
  readonly version: number;
  readonly spec: ScheduleSpec;
  /** When its next fire is due, epoch ms; `null` when it has ended. */
  readonly nextFireAt: EpochMs | null;
}

/** A schedule that an engine holds. */
export interface EngineEntry {
  readonly groupId: string;
  readonly version: number;
}

/** A poke: "look at this group now". */
export interface Fire {
  readonly groupId: string;
  /** The nominal time that the engine fires for, epoch ms. */
  readonly scheduledTime: EpochMs;
}

/** What came of a fire. */
export interface FireResult {
  readonly groupId: string;
  /**
   * `planned`: runs were inserted; `duplicate`: nothing was owed; `held`: too early, it is repeated by itself at its
   * time; `deferred`: the overlap policy or the backlog's limit waits for runs to end; `inactive`: the schedule is
   * paused, deleted or unknown; `failed`: this group could not be planned, which is tried again by itself.
   */
  readonly outcome: "planned" | "duplicate" | "held" | "deferred" | "inactive" | "failed";
  /** Why it failed. */
  readonly error?: Error;
  /** The runs that were inserted, oldest first, skipped ones included. */
  readonly runs: readonly NewRun[];
  /** When the group's next fire is due, epoch ms; `null` when none is. */
  readonly nextFireAt: EpochMs | null;
}

/** Where an engine's fires go. Fires may be late, early, repeated, reordered or missing: the ledger converges. */
export interface FireSink {
  /**
   * Plans what these groups owe. Resolves when that is durable, so an engine that dies before has to fire again.
   * A batch costs little more than a single fire.
   */
  fire(fires: readonly Fire[]): Promise<FireResult[]>;
}

/** What an engine can do by itself. */
export interface EngineCapabilities {
  /** The finest period it can fire, ms. Schedules that are finer are refused at registration. */
  readonly finestPeriodMs: number;
  /** Whether it keeps definitions outside the store, so that the reconciler has something to hold against it. */
  readonly holdsDefinitions: boolean;
}

/** What an engine may use of its surroundings. */
export interface EngineContext {
  readonly sink: FireSink;
  /** What happens; an engine over the store listens for `fire-moved`. */
  readonly events: TidegateEmitter;
}

/**
 * Fires schedules: the work behind a `ScheduleEngineClient`. Thin on purpose: the meaning of a schedule is core's.
 *
 * All handlers are idempotent: the reconciler repeats them after a crash. They reject when the engine cannot be reached
 * or refuses, and the schedule's status tells so.
 */
export interface ScheduleEngine {
  /** The name by which schedules choose this engine, such as `embedded`. */
  readonly engineType: string;
  readonly capabilities: EngineCapabilities;
  /** Begins to fire. */
  start(context: EngineContext): Promise<void>;
  handleRegister(schedules: readonly EngineSchedule[]): Promise<void>;
  handleUnregister(groupIds: readonly string[]): Promise<void>;
  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void>;
  /** What it holds now, ordered by group id (UTF-8 byte order). Not asked where `holdsDefinitions` is false. */
  list(): AsyncIterable<EngineEntry>;
  /** Stops firing and resolves when no fire is under way. Definitions outside stay. */
  stop(): Promise<void>;
}

/** What `ScheduleClient` routes to. An engine in this process needs none of its own: `EngineClient` wraps it. */
export interface ScheduleEngineClient {
  /** Whether this client serves that engine. Compared without regard to case. */
  accept(engineType: string): boolean;
  readonly capabilities: EngineCapabilities;
  register(schedules: readonly EngineSchedule[]): Promise<void>;
  unregister(groupIds: readonly string[]): Promise<void>;
  update(schedules: readonly EngineSchedule[]): Promise<void>;
  list(): AsyncIterable<EngineEntry>;
}
