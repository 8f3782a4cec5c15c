import { MemoryStore } from "@tidegate/core/testing";
import { storeSuite } from "../src/index.js";

storeSuite({
  name: "MemoryStore",
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
