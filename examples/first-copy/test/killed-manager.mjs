// A manager that is killed by a signal at any moment. It is started beforehand and waits for its role, since to load its
// modules takes longer than most of its lives.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTidegate } from "@tidegate/core";
import { MAIN_PARTITION } from "@tidegate/core/offset";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { SqliteStore } from "@tidegate/store-sqlite";
import { GROUP, partsOf, scheduleOf } from "../dist/copy.js";

/** Methods of a store by which a manager changes the ledger. */
const CHANGES = ["beginMerge", "changeRuns", "changeShards", "claim", "dropSplit", "insertSplit", "plan"];

/** Kills this process at the n-th moment before or after a change of the ledger, or a little later. */
function killer(folder, { atMoment, afterMs }) {
  let left = atMoment;
  const die = (moment) => {
    appendFileSync(join(folder, "deaths.log"), `${moment}\n`);
    process.kill(process.pid, "SIGKILL");
  };
  return (moment) => {
    left -= 1;
    if (left !== 0) return;
    if (afterMs === 0) die(moment);
    else setTimeout(die, afterMs, `${afterMs} ms after: ${moment}`);
  };
}

function mortal(store, pass) {
  for (const method of CHANGES) {
    const original = store[method].bind(store);
    store[method] = async (...args) => {
      const told = `${method} ${JSON.stringify(args[0])?.slice(0, 300)}`;
      if (method !== "claim") pass(`before ${told}`);
      const answer = await original(...args);
      if (!Array.isArray(answer) || answer.length > 0) pass(`after ${told}`);
      return answer;
    };
  }
  return store;
}

const role = await new Promise((resolve) => process.once("message", resolve));
const { copy, limit, shards, kill } = role;
const store = new SqliteStore({ path: join(copy.folder, "tidegate.db") });
const tidegate = createTidegate({
  store: kill === undefined ? store : mortal(store, killer(copy.folder, kill)),
  engines: [embeddedEngine()],
  ...partsOf(copy),
  // A short lease, so that what a dead manager was doing is soon taken up.
  dispatcher: { leaseMs: 700, pollMs: 50 },
});
const trouble = ({ where, error }) =>
  appendFileSync(join(copy.folder, "trouble.log"), `${where}: ${error.code} ${error.message}\n`);
tidegate.events.on("trouble", trouble);
let end = Number.POSITIVE_INFINITY;
process.on("message", (message) => {
  ({ end } = message);
});
await tidegate.start();
await tidegate.client.ensure({ ...scheduleOf(copy, limit), ...(shards === undefined ? {} : { shards }) });
for (;;) {
  const { offsets } = await tidegate.client.get(GROUP);
  if (Number(offsets?.position[MAIN_PARTITION] ?? 0) >= end) {
    const { isComplete, isSound, snapshots } = await tidegate.client.audit(GROUP);
    if (isComplete) {
      await tidegate.stop();
      process.send({ isSound, isSeamless: snapshots[0]?.isSeamless });
      process.disconnect();
      break;
    }
  }
  await sleep(50);
}
