import { afterEach, beforeEach, describe } from "@jest/globals";
import type { ScheduleStore } from "@tidegate/core";
import type { StoreBed, StoreFixture, StoreSuiteOptions } from "./fixture.js";

export type { StoreFeatures, StoreFixture, StoreSuiteOptions } from "./fixture.js";

/**
 * The rules of `ScheduleStore` as Jest tests: the other half of the contract. Every store runs it on what it is made for;
 * what a store cannot do is declared in `supports` and reported as skipped, never passed over in silence.
 *
 * ```ts
 * storeSuite({ name: "sqlite", create: async () => ({ store, reopen, dispose }) });
 * ```
 */
export function storeSuite(options: StoreSuiteOptions): void {
  describe(`${options.name} keeps the rules of ScheduleStore`, () => {
    const bed = makeBed(options);
    for (const rules of RULES) rules(bed);
  });
}

const RULES: readonly ((bed: StoreBed) => void)[] = [];

/** One fixture for each test; what a test opens beside it is closed before the fixture is disposed of. */
function makeBed({ create, supports, propertyRuns = 100 }: StoreSuiteOptions): StoreBed {
  let fixture: StoreFixture | undefined;
  let opened: ScheduleStore[] = [];
  beforeEach(async () => {
    fixture = await create();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await fixture?.dispose();
    fixture = undefined;
  });
  const offered = async (member: "reopen" | "connect"): Promise<ScheduleStore> => {
    const open = fixture?.[member];
    if (open === undefined) {
      throw new Error(`The fixture lacks \`${member}\`: add it, or say in \`supports\` that the store cannot.`);
    }
    const store = await open();
    opened.push(store);
    return store;
  };
  const features = { reopen: true, sharing: false, ...supports };
  return {
    fixture: () => fixture!,
    store: () => fixture!.store,
    second: async () => (features.sharing ? offered("connect") : fixture!.store),
    reopened: async () => {
      await fixture!.store.close();
      return offered("reopen");
    },
    create,
    supports: features,
    propertyRuns,
  };
}
