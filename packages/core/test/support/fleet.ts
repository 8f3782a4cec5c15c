import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { Gate } from "../../src/gate/gate.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { createTidegate, type Tidegate, type TidegateOptions } from "../../src/wiring/tidegate.js";
import type { TidegateSettings } from "../../src/wiring/tokens.js";
import { ManualEngine } from "./manual-engine.js";
import { ScriptedOperator } from "./scripted-operator.js";

/** How finely time passes for all machines at once, ms. */
const STEP_MS = 100;

/** One manager: its machine's clock, which may be off, and its engine. */
export interface Manager {
  readonly clock: VirtualClock;
  readonly engine: ManualEngine;
  readonly tidegate: Tidegate;
  /** Whether time passes for its process. */
  isAlive: boolean;
}

/** Several managers on one store with a clock of its own, and one batch service. */
export class Fleet {
  readonly clock = new VirtualClock();
  readonly operator: ScriptedOperator;
  readonly managers: Manager[] = [];
  readonly store = new MemoryStore({ clock: this.clock });

  constructor(operator = new ScriptedOperator()) {
    this.operator = operator;
  }

  /** @param aheadMs - how far the manager's clock is ahead of the store's */
  add(
    aheadMs: number,
    settings: TidegateSettings &
      Pick<TidegateOptions, "offsetProviders"> & { readonly gates?: readonly Gate[] } = {},
  ): Manager {
    const clock = new VirtualClock({ start: this.clock.now() + aheadMs });
    const engine = new ManualEngine();
    const tidegate = createTidegate({
      ...settings,
      store: shared(this.store),
      clock,
      engines: [engine],
      operators: [this.operator],
    });
    const manager = { clock, engine, tidegate, isAlive: true };
    this.managers.push(manager);
    return manager;
  }

  async start(): Promise<void> {
    await this.store.open();
    for (const { tidegate } of this.managers) await tidegate.start();
  }

  /** Lets time pass on all machines alike. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.clock.advance(STEP_MS);
      for (const { clock, isAlive } of this.managers) if (isAlive) await clock.advance(STEP_MS);
    }
  }
}

/** The store as one of several processes has it open. */
export function shared(store: MemoryStore): ScheduleStore {
  const own: Partial<ScheduleStore> = {
    isShared: true,
    open: async () => undefined,
    close: async () => undefined,
  };
  return new Proxy<ScheduleStore>(store, {
    get: (target, name) => {
      if (name in own) return own[name as keyof ScheduleStore];
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
