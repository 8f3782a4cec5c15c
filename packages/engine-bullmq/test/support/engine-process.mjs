// A manager in a process of its own: the engine as it is, whose ledger is in the test's process.
import { createEmitter } from "@tidegate/core/testing";
import { BullmqEngine } from "@tidegate/engine-bullmq";

const engine = new BullmqEngine(JSON.parse(process.argv[2]));
const asked = new Map();
let count = 0;

process.on("message", ({ id, results, error }) => {
  const { resolve, reject } = asked.get(id);
  asked.delete(id);
  if (results === undefined) reject(new Error(error));
  else resolve(results);
});

const sink = {
  fire: (fires) =>
    new Promise((resolve, reject) => {
      const id = count++;
      asked.set(id, { resolve, reject });
      process.send({ id, fires });
    }),
};

await engine.start({ sink, events: createEmitter(), onFireMoved: () => () => {} });
process.send("started");
