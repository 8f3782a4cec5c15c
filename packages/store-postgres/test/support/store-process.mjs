// A store in a process of its own: does what it is told to, and answers.
import { PostgresStore } from "@tidegate/store-postgres";

const { options, namespace } = JSON.parse(process.argv[2]);
const store = new PostgresStore(options);
await store.open(namespace);

process.on("message", async ({ id, method, parameters }) => {
  try {
    process.send({ id, answer: await store[method](...parameters) });
  } catch (error) {
    process.send({ id, error: { code: error.code, message: error.message } });
  }
});
process.send("open");
