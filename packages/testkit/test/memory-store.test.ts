import { MemoryStore } from "@tidegate/core";
import { storeSuite } from "../src/index.js";

storeSuite({
  name: "MemoryStore",
  create: async () => {
    const store = new MemoryStore();
    await store.open();
    const reopen = async () => {
      await store.open();
      return store;
    };
    return { store, reopen, dispose: () => store.close() };
  },
});
