import type { Clock } from "@tidegate/core/clock";
import type { ScheduleStore } from "@tidegate/core/store";

/** What one history may use up before it counts as a loop that never comes to rest. */
export class Budget {
  timers = 0;
  storeCalls = 0;

  readonly maxTimers: number;
  readonly maxStoreCalls: number;

  constructor(maxTimers: number, maxStoreCalls: number) {
    this.maxTimers = maxTimers;
    this.maxStoreCalls = maxStoreCalls;
  }

  get isSpent(): boolean {
    return this.timers > this.maxTimers || this.storeCalls > this.maxStoreCalls;
  }
}

const never = (): Promise<never> => new Promise(() => undefined);

/** Methods of a store that change what it holds. */
const WRITES: ReadonlySet<string> = new Set<keyof ScheduleStore>([
  "insertSchedules",
  "changeSchedules",
  "purgeSchedule",
  "plan",
  "planAndClaim",
  "insertRuns",
  "claim",
  "changeRuns",
  "endRuns",
  "renewLeases",
  "requestCancel",
  "insertBackfill",
  "planBackfill",
  "settleGates",
  "report",
  "noteStale",
  "moveLookbacks",
  "reportLate",
  "settleLate",
  "putSeal",
  "judgeDeadlines",
  "noteAlerts",
]);

/**
 * A process that can be killed: the clock, the store and the operators that it was given do nothing for it from then on,
 * and nothing that it waits for is ever answered.
 */
export class Mortal {
  readonly died: Promise<"died">;
  readonly #budget: Budget;
  #isDead = false;
  #writesLeft = Number.POSITIVE_INFINITY;
  #isLastWritten = false;
  #tell: (died: "died") => void = () => undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.died = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
    this.#tell("died");
  }

  /** Lets it die at its n-th next write, which is made or not. */
  killAtWrite(n: number, isWritten: boolean): void {
    this.#writesLeft = n;
    this.#isLastWritten = isWritten;
  }

  /** The clock as this process has it: what it set to wake it does nothing once it is dead. */
  clock(clock: Clock): Clock {
    const alive = (callback: () => void) => (): void => {
      this.#budget.timers += 1;
      if (!this.#isDead && !this.#budget.isSpent) callback();
    };
    // Without a proxy: it is asked for the time more often than anything else is called.
    return {
      now: () => clock.now(),
      monotonicNow: () => clock.monotonicNow(),
      wakeAt: (at, callback) => clock.wakeAt(at, alive(callback)),
      wakeAfter: (ms, callback) => clock.wakeAfter(ms, alive(callback)),
    };
  }

  store(store: ScheduleStore): ScheduleStore {
    return this.#guard(store, (name, call) => {
      this.#budget.storeCalls += 1;
      if (this.#budget.isSpent) return never();
      if (!WRITES.has(name)) return this.#answer(call());
      this.#writesLeft -= 1;
      if (this.#writesLeft > 0) return this.#answer(call());
      const isWritten = this.#isLastWritten;
      this.kill();
      if (isWritten) void call();
      return never();
    });
  }

  /** Anything else with methods that answer later. */
  guard<T extends object>(target: T): T {
    return this.#guard(target, (_name, call) => this.#answer(call()));
  }

  #guard<T extends object>(target: T, invoke: (name: string, call: () => unknown) => unknown): T {
    return withMethods(
      target,
      (call, name) =>
        (...args) =>
          this.#isDead ? never() : invoke(name, () => call(...args)),
    );
  }

  #answer(answer: unknown): unknown {
    if (!(answer instanceof Promise)) return answer;
    return answer.then(
      (value: unknown) => (this.#isDead ? never() : value),
      (error: unknown) => (this.#isDead ? never() : Promise.reject(error)),
    );
  }
}

type Method = (...args: unknown[]) => unknown;

/** The same object with other methods, each a plain property from its first use on: a history calls them a million times. */
function withMethods<T extends object>(target: T, replace: (call: Method, name: string) => Method): T {
  const finder = new Proxy(target, {
    get: (_, name, changed: object) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = replace((...args) => Reflect.apply(value, target, args), String(name));
      Object.defineProperty(changed, name, { value: method, writable: true, configurable: true });
      return method;
    },
  });
  return Object.create(finder) as T;
}
