// A manager that is killed, stopped and cut off. Its operator is slow or fails at random; what it does leaves traces in files,
// so that whoever looks afterwards need not believe the ledger:
//   submissions.log  a line for each submission: group, bounds, key, attempt, manager
//   effects/<key>    made once for each job that had its effect; an attempt to have it once more is logged in doubled.log
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTidegate } from "@tidegate/core";
import { BullmqEngine } from "@tidegate/engine-bullmq";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { PostgresStore } from "@tidegate/store-postgres";
import { SqliteStore } from "@tidegate/store-sqlite";

const { directory, name, groups, startAt, endAt, troubleRatio, slownessMs, parts, dieAt } = JSON.parse(
  process.argv[2],
);
const effects = join(directory, "effects");
mkdirSync(effects, { recursive: true });

const log = (file, line) => appendFileSync(join(directory, file), `${line}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The end of this process, now and then, where a test wants it to come. */
function mayDie(point) {
  if (dieAt?.point !== point || Math.random() >= dieAt.ratio) return;
  log("deaths.log", point);
  process.kill(process.pid, "SIGKILL");
}

const succeeded = (key) => ({
  jobId: key,
  address: `manager://${name}`,
  outcome: { state: "SUCCEEDED", metrics: { rowsRead: 1, rowsWritten: 1 } },
});

const operator = {
  operatorType: "leaves-traces",
  async submit(request) {
    const { groupId, lowerBoundary, upperBoundary, idempotencyKey, attempt } = request;
    log("submissions.log", [groupId, lowerBoundary, upperBoundary, idempotencyKey, attempt, name].join(" "));
    // Slowness and failures are what the test is about, and drawn by chance.
    await pause(Math.random() * slownessMs);
    if (Math.random() < troubleRatio) throw new Error("staged failure");
    try {
      writeFileSync(join(effects, idempotencyKey), "", { flag: "wx" });
    } catch {
      log("doubled.log", idempotencyKey);
    }
    mayDie("submitted");
    await pause(Math.random() * slownessMs);
    return succeeded(idempotencyKey);
  },
  async find(key) {
    return existsSync(join(effects, key)) ? succeeded(key) : undefined;
  },
  async wait() {
    throw new Error("every job has ended when it is submitted");
  },
  async cancel() {},
};

/** A store that may be the last thing that this process uses. */
function mortal(store) {
  for (const [method, before, after] of [
    ["plan", "taken", "planned"],
    ["changeRuns", "unrecorded", "recorded"],
  ]) {
    const original = store[method].bind(store);
    store[method] = async (batch) => {
      mayDie(before);
      const answers = await original(batch);
      mayDie(after);
      return answers;
    };
  }
  return store;
}

const store = parts.postgres ? new PostgresStore(parts.postgres) : new SqliteStore(parts.sqlite);
const tidegate = createTidegate({
  store: mortal(store),
  engines: [parts.bullmq ? new BullmqEngine(parts.bullmq) : embeddedEngine()],
  operators: [operator],
  owner: name,
  ...parts.settings,
});
tidegate.events.on("trouble", ({ where, error }) =>
  log("trouble.log", `${name} ${where} ${error.code} ${error.message}`),
);

const infos = Array.from({ length: groups }, (_, index) => ({
  groupId: `group-${index}`,
  trigger: { type: "period", every: 1, unit: "second" },
  startTime: startAt,
  endTime: endAt,
  maxAttempts: 1_000,
  backoff: { initialMs: 20, maxMs: 100 },
  engineGraceMs: 2_000,
  overlap: index % 3 === 0 ? "coalesce-pending" : index % 3 === 1 ? "allow" : "queue",
}));

/** Repeats what fails while servers are away. */
async function insist(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      log("trouble.log", `${name} test ${error.code} ${error.message}`);
      await pause(200);
    }
  }
}

async function isComplete() {
  for (const { groupId } of infos) {
    const { isComplete } = await tidegate.client.audit(groupId);
    if (!isComplete || (await tidegate.client.get(groupId)).watermark !== endAt) return false;
  }
  return true;
}

await insist(() => tidegate.start());
await insist(() => tidegate.client.registerMany(infos));
process.send?.("ready");
do await pause(200);
while (!(await insist(isComplete)));
await tidegate.stop();
process.send?.("done");
process.disconnect?.();
