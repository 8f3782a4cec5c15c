import { MemoryStore } from "@tidegate/core/testing";
import { describe, limitTests } from "../runner.js";
import type { StoreFixture } from "../store-suite/fixture.js";
import { clockOf, EngineBed, type TidegateStore } from "./bed.js";
import { capabilityRules } from "./capabilities.js";
import { inTurn, type OpenBed, together } from "./chapter.js";
import { listingRules, repairRules } from "./definitions.js";
import { cronRules, delayRules, manyRules, periodRules } from "./firing.js";
import type { EngineSuiteOptions } from "./fixture.js";
import { handlerRules } from "./handlers.js";
import { processRules } from "./processes.js";
import { putOffRules } from "./put-off.js";
import { refusalRules } from "./refusal.js";
import { registrationRules } from "./registration.js";
import { restartRules, stoppingRules } from "./restarting.js";
import { silenceRules } from "./silence.js";
import type { EngineSuite } from "./suite.js";
import { updateRules } from "./updating.js";

export { type CountingOperator, countingOperator } from "./counting-operator.js";
export type {
  EngineClientUnderTest,
  EngineFeatures,
  EngineFixture,
  EngineProcess,
  EngineSuiteContext,
  EngineSuiteOptions,
  EngineUnderTest,
  Ledger,
} from "./fixture.js";
export { reconciled } from "./reconciled.js";
export { type UntilOptions, until } from "./until.js";

const VIRTUAL_PERIOD_MS = 60_000;
const SHORTEST_PERIOD_MS = 1_000;

/**
 * Defines the rules of `ScheduleEngine` as tests for Jest or Vitest: the other half of the contract. Each test puts a
 * Tidegate around the engine, lets time pass, and ends with the audit of the ledger. The watchdog is off, so
 * that every fire is the engine's.
 *
 * ```ts
 * engineSuite({ name: "embedded", clock: "virtual", create: async () => ({ engine: embeddedEngine(), dispose }) });
 * ```
 */
export function engineSuite(options: EngineSuiteOptions): void {
  const finestPeriodMs = options.finestPeriodMs ?? SHORTEST_PERIOD_MS;
  const shortest = options.clock === "virtual" ? VIRTUAL_PERIOD_MS : SHORTEST_PERIOD_MS;
  const periodMs = Math.max(shortest, Math.ceil(finestPeriodMs / 1_000) * 1_000);
  const atOnce = options.atOnce ?? 1;
  const patienceMs = options.patienceMs ?? Math.max(120_000, 60 * periodMs);

  describe(`${options.name} keeps the rules of ScheduleEngine (${options.clock} clock)`, () => {
    // Longer than the waits, whose errors say what was waited for.
    limitTests(2 * patienceMs);
    const open = async (): Promise<OpenBed> => {
      const clock = clockOf(options.clock, options.turns ?? 4);
      const stores = await (options.store ?? memoryStore)();
      const fixture = await options.create({ clock, store: stores.store });
      const dispose = async (): Promise<void> => {
        await fixture.dispose();
        await stores.dispose();
      };
      const bed = new EngineBed({ clock, fixture, store: surviving(stores), periodMs, patienceMs });
      try {
        await bed.start();
      } catch (error) {
        await dispose();
        throw error;
      }
      return { bed, close: () => bed.stop().then(dispose) };
    };
    const suite: EngineSuite = {
      chapter: atOnce > 1 ? together(open, atOnce, 2 * patienceMs) : inTurn(open),
      isVirtual: options.clock === "virtual",
      finestPeriodMs,
      many: options.many ?? 500,
      supports: { definitions: false, tampering: false, processes: false, ...options.supports },
    };
    for (const rules of RULES) rules(suite);
  });
}

const RULES: readonly ((suite: EngineSuite) => void)[] = [
  capabilityRules,
  registrationRules,
  periodRules,
  cronRules,
  delayRules,
  manyRules,
  silenceRules,
  updateRules,
  handlerRules,
  refusalRules,
  putOffRules,
  stoppingRules,
  restartRules,
  listingRules,
  repairRules,
  processRules,
];

async function memoryStore(): Promise<StoreFixture> {
  const store = new MemoryStore();
  return {
    store,
    reopen: async () => store,
    dispose: () => store.close(),
  };
}

/** Returns the store of a test, which survives its restarts. */
function surviving({ store, reopen }: StoreFixture): TidegateStore {
  let current = store;
  return {
    get current() {
      return current;
    },
    reopen: async () => {
      current = (await reopen?.()) ?? current;
    },
  };
}
