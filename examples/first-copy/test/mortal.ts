import type { Clock } from "@tidegate/core/clock";
import type { ScheduleStore } from "@tidegate/core/store";

/** Methods of a store by which a manager changes the ledger while it runs. */
const CHANGES: ReadonlySet<string> = new Set<keyof ScheduleStore>([
  "changeRuns",
  "changeSchedules",
  "claim",
  "plan",
]);

const never = (): Promise<never> => new Promise(() => undefined);

/** The life of a process: once it is killed, nothing that it waits for is answered, and nothing wakes it. */
export class Mortal {
  readonly died: Promise<undefined>;
  #isDead = false;
  #changesLeft = Number.POSITIVE_INFINITY;
  #isLastMade = false;
  #tell: () => void = () => undefined;

  constructor() {
    this.died = new Promise((resolve) => {
      this.#tell = () => resolve(undefined);
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Lets it die at its n-th next change of the ledger, which is made or not. */
  killAtChange(n: number, isMade: boolean): void {
    this.#changesLeft = n;
    this.#isLastMade = isMade;
  }

  clock(clock: Clock): Clock {
    const alive = (callback: () => void) => (): void => {
      if (!this.#isDead) callback();
    };
    return withMethods(clock, (_name, call, args) =>
      call(args.map((arg) => (typeof arg === "function" ? alive(arg as () => void) : arg))),
    );
  }

  store(store: ScheduleStore): ScheduleStore {
    return withMethods(store, (name, call, args) => {
      if (this.#isDead) return never();
      if (CHANGES.has(name)) {
        this.#changesLeft -= 1;
        if (this.#changesLeft <= 0) return this.#die(() => call(args));
      }
      return call(args);
    });
  }

  #die(lastChange: () => unknown): Promise<never> {
    this.#isDead = true;
    if (this.#isLastMade) void lastChange();
    this.#tell();
    return never();
  }
}

type Call = (args: unknown[]) => unknown;

function withMethods<T extends object>(
  target: T,
  invoke: (name: string, call: Call, args: unknown[]) => unknown,
): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) =>
        invoke(String(name), (given) => Reflect.apply(value, target, given), args);
    },
  });
}
