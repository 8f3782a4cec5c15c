import type { EpochMs } from "../clock/clock.js";
import type { TidegateEmitter } from "../events/events.js";
import type { NewRun } from "../run/run.js";
import type { GridSpec } from "../schedule/grid.js";

/**
 * A schedule as delivered to an engine: when it fires, and nothing of its jobs or policies. An engine of timers
 * needs `nextFireAt` and `delayMs`; one on another scheduler translates the trigger and its bounds, for which
 * `new Grid(schedule)` takes it as it is.
 */
export interface EngineSchedule extends GridSpec {
  readonly groupId: string;
  readonly version: number;
  /** Due time of its next fire, epoch ms; `null` if it has ended. */
  readonly nextFireAt: EpochMs | null;
}

/** A schedule that an engine holds. */
export interface EngineEntry {
  readonly groupId: string;
  readonly version: number;
}

/** A request to check a group now. */
export interface Fire {
  readonly groupId: string;
  /** Nominal time that the engine fires for, epoch ms. */
  readonly scheduledTime: EpochMs;
}

/** Result of a fire. */
export interface FireResult {
  readonly groupId: string;
  /**
   * `planned`: runs were inserted; `duplicate`: nothing was owed; `held`: too early, repeated automatically
   * at its time; `deferred`: the overlap policy or the backlog's limit waits for runs to end; `inactive`: the
   * schedule is paused, deleted or unknown; `failed`: this group could not be planned, which is retried
   * automatically.
   */
  readonly outcome: "planned" | "duplicate" | "held" | "deferred" | "inactive" | "failed";
  /** Reason for the failure. */
  readonly error?: Error;
  /** Inserted runs, oldest first, including skipped ones. */
  readonly runs: readonly NewRun[];
  /** Due time of the group's next fire, epoch ms; `null` if there is none. */
  readonly nextFireAt: EpochMs | null;
}

/**
 * Receiver of an engine's fires. Fires may be late, early, repeated, reordered or missing: the ledger
 * converges.
 */
export interface FireSink {
  /**
   * Plans what these groups owe. Resolves when that is durable, so an engine that dies before then has to
   * fire again. A batch costs little more than a single fire.
   */
  fire(fires: readonly Fire[]): Promise<FireResult[]>;
}

/** Capabilities of an engine. */
export interface EngineCapabilities {
  /** Shortest period that it can fire, ms. Schedules with shorter ones are refused at registration. */
  readonly finestPeriodMs: number;
  /** Whether it keeps definitions outside the store, which the reconciler has to compare. */
  readonly holdsDefinitions: boolean;
}

/**
 * A change of a group's next due time that its engine has not been told: something other than a fire has
 * planned.
 */
export interface FireMoved {
  readonly groupId: string;
  /** Epoch ms, the delay included; `null` if none is due any more. */
  readonly nextFireAt: EpochMs | null;
  readonly delayMs: number;
}

/** Services available to an engine. */
export interface EngineContext {
  readonly sink: FireSink;
  /** Tidegate's events; an engine emits `trouble` for what fails in the background. */
  readonly events: TidegateEmitter;
  /**
   * Calls `listener` for each change of a due time of its schedules that no fire of the engine's has made,
   * until the returned function is called. An engine that fires when the last answer said needs it to be on
   * time after a put-off; one with a timetable of its own does not.
   */
  onFireMoved(listener: (moved: FireMoved) => void): () => void;
}

/**
 * Engine that fires schedules: the implementation behind a {@link ScheduleEngineClient}. Thin on purpose:
 * core defines what a schedule means. Its conformance suite is {@link @tidegate/testkit!engineSuite}.
 *
 * ```ts
 * class MyEngine implements ScheduleEngine {
 *   readonly engineType = "mine";
 *   readonly capabilities = { holdsDefinitions: true, finestPeriodMs: 60_000 };
 *   async start({ sink }: EngineContext): Promise<void> {
 *     this.#scheduler.onFire((groupId, scheduledTime) => sink.fire([{ groupId, scheduledTime }]));
 *   }
 *   async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
 *     for (const { groupId, trigger } of schedules) await this.#scheduler.put(groupId, trigger);
 *   }
 *   // handleUpdate, handleUnregister, list, stop
 * }
 * ```
 *
 * All handlers are idempotent: the reconciler repeats them after a crash. They reject if the engine cannot be
 * reached or refuses, and the schedule's status shows it.
 */
export interface ScheduleEngine {
  /** Name by which schedules choose this engine, such as `embedded`. */
  readonly engineType: string;
  readonly capabilities: EngineCapabilities;
  /** Starts firing. */
  start(context: EngineContext): Promise<void>;
  handleRegister(schedules: readonly EngineSchedule[]): Promise<void>;
  handleUnregister(groupIds: readonly string[]): Promise<void>;
  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void>;
  /**
   * Lists what it holds, ordered by group id (UTF-8 byte order). Not called if `holdsDefinitions` is false.
   */
  list(): AsyncIterable<EngineEntry>;
  /** Stops firing and resolves when no fire is in progress. External definitions stay. */
  stop(): Promise<void>;
}

/**
 * Engine client that {@link @tidegate/core!ScheduleClient} routes to: it changes what an engine holds. A
 * {@link ScheduleEngine} in the same process needs none of its own; a process that only registers has the
 * client alone, and the engine fires elsewhere. The rules of the engine's handlers and of `list` apply.
 *
 * ```ts
 * const remote: ScheduleEngineClient = {
 *   engineType: "remote",
 *   accept: (engineType) => engineType.toLowerCase() === "remote",
 *   capabilities: { holdsDefinitions: true, finestPeriodMs: 1_000 },
 *   register: (schedules) => post("/register", schedules),
 *   update: (schedules) => post("/update", schedules),
 *   unregister: (groupIds) => post("/unregister", groupIds),
 *   list: () => pagesOf("/schedules"),
 * };
 * ```
 */
export interface ScheduleEngineClient {
  /** Name of the engine, as schedules get it whatever case they are written in. */
  readonly engineType: string;
  /** Returns whether this client serves that engine. Case-insensitive. */
  accept(engineType: string): boolean;
  readonly capabilities: EngineCapabilities;
  register(schedules: readonly EngineSchedule[]): Promise<void>;
  unregister(groupIds: readonly string[]): Promise<void>;
  update(schedules: readonly EngineSchedule[]): Promise<void>;
  list(): AsyncIterable<EngineEntry>;
  /** Releases what the client holds, such as connections, when its Tidegate stops. */
  stop?(): Promise<void>;
}
