// A project of a user whose test runner is Vitest: the test beside it runs it.
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { engineSuite, storeSuite } from "@tidegate/testkit";

engineSuite({
  name: "embedded",
  clock: "virtual",
  create: async () => ({
    engine: embeddedEngine(),
    reopen: async () => embeddedEngine(),
    dispose: async () => {},
  }),
});

storeSuite({
  name: "MemoryStore",
  propertyRuns: 5,
  create: async () => {
    const store = new MemoryStore();
    await store.open();
    const reopen = async (namespace?: string) => {
      await store.open(namespace);
      return store;
    };
    return { store, reopen, dispose: () => store.close() };
  },
});
