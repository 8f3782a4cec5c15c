// A manager that is killed again and again. Its operator is slow or fails at random; what it does leaves traces in files,
// so that whoever looks afterwards need not believe the ledger:
//   submissions.log  a line for each submission: group, bounds, key, attempt
//   effects/<key>    made once for each job that had its effect; a second time is an error that is logged
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { sqliteStore } from "@tidegate/store-sqlite";

const { directory, groups, startAt, endAt, troubleRatio } = JSON.parse(process.argv[2]);
const effects = join(directory, "effects");
mkdirSync(effects, { recursive: true });

const log = (name, line) => appendFileSync(join(directory, name), `${line}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const operator = {
  operatorType: "leaves-traces",
  async submit(request) {
    const { groupId, lowerBoundary, upperBoundary, idempotencyKey, attempt } = request;
    log("submissions.log", [groupId, lowerBoundary, upperBoundary, idempotencyKey, attempt].join(" "));
    // Slowness and failures are what the test is about; both are a few milliseconds long and drawn by chance.
    await pause(Math.random() * 60);
    if (Math.random() < troubleRatio) throw new Error("staged failure");
    try {
      writeFileSync(join(effects, idempotencyKey), "", { flag: "wx" });
    } catch {
      log("doubled.log", idempotencyKey);
    }
    await pause(Math.random() * 40);
    return {
      jobId: idempotencyKey,
      outcome: { state: "SUCCEEDED", metrics: { rowsRead: 1, rowsWritten: 1 } },
    };
  },
  async find(key) {
    if (!existsSync(join(effects, key))) return undefined;
    return { jobId: key, outcome: { state: "SUCCEEDED", metrics: { rowsRead: 1, rowsWritten: 1 } } };
  },
  async wait() {
    throw new Error("every job has ended when it is submitted");
  },
  async cancel() {},
};

const tidegate = createTidegate({
  store: sqliteStore({ path: join(directory, "tidegate.db") }),
  engines: [embeddedEngine()],
  operators: [operator],
});
tidegate.events.on("trouble", ({ error }) => log("trouble.log", `${error.code} ${error.message}`));
await tidegate.start();
await tidegate.client.registerMany(
  Array.from({ length: groups }, (_, index) => ({
    groupId: `group-${index}`,
    trigger: { type: "period", every: 1, unit: "second" },
    startTime: startAt,
    endTime: endAt,
    maxAttempts: 1_000,
    backoff: { initialMs: 20, maxMs: 100 },
    overlap: index % 3 === 0 ? "coalesce-pending" : index % 3 === 1 ? "allow" : "queue",
  })),
);
process.send?.("ready");

for (;;) {
  await pause(200);
  let isDone = true;
  for (let index = 0; index < groups && isDone; index += 1) {
    isDone = (await tidegate.client.audit(`group-${index}`)).isComplete;
    isDone &&= (await tidegate.client.get(`group-${index}`)).watermark === endAt;
  }
  if (isDone) break;
}
await tidegate.stop();
process.send?.("done");
process.disconnect?.();
