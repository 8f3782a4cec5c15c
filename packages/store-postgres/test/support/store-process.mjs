// Stores in a process of their own: do what they are told to, and answer.
import { PostgresStore } from "@tidegate/store-postgres";

const stores = new Map();

async function open(number, options, namespace) {
  const store = new PostgresStore(options);
  await store.open(namespace);
  stores.set(number, store);
}

process.on("message", async ({ id, store, method, parameters }) => {
  try {
    const answer =
      method === "open" ? await open(store, ...parameters) : await stores.get(store)[method](...parameters);
    if (method === "close") stores.delete(store);
    process.send({ id, answer });
  } catch (error) {
    process.send({ id, error: { code: error.code, message: error.message } });
  }
});
