// A manager that is killed, stopped and cut off. Its jobs are those of a service that outlives it, and a recorder writes down
// what the service is asked and answers, so that whoever looks afterwards need not believe the ledger.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTidegate } from "@tidegate/core";
import { BullmqEngine } from "@tidegate/engine-bullmq";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { PostgresStore } from "@tidegate/store-postgres";
import { SqliteStore } from "@tidegate/store-sqlite";
import { jobRecorder } from "@tidegate/testkit/recorder";
import { jobService } from "./job-service.mjs";

const { directory, name, schedules, conduct, parts, dieAt } = JSON.parse(process.argv[2]);

const log = (file, line) => appendFileSync(join(directory, file), `${line}\n`);

/** The end of this process, now and then, where a test wants it to come. */
function mayDie(point) {
  if (point === undefined || dieAt?.point !== point || Math.random() >= dieAt.ratio) return;
  log("deaths.log", point);
  process.kill(process.pid, "SIGKILL");
}

/** A store that may be the last thing that this process uses. */
function mortal(store) {
  for (const [method, before, after] of [
    ["plan", "taken", "planned"],
    ["planAndClaim", "taken", "planned"],
    ["changeRuns", "unrecorded", "recorded"],
    ["endRuns", "unrecorded", "recorded"],
    ["settleGates", "asked", "settled"],
    ["claim", undefined, "claimed"],
  ]) {
    const original = store[method].bind(store);
    store[method] = async (...given) => {
      mayDie(before);
      const answers = await original(...given);
      if (answers.length > 0) mayDie(after);
      return answers;
    };
  }
  return store;
}

const store = parts.postgres ? new PostgresStore(parts.postgres) : new SqliteStore(parts.sqlite);
const service = jobService(join(directory, "jobs"), conduct, () => mayDie("submitted"));
const tidegate = createTidegate({
  store: mortal(store),
  engines: [...(parts.bullmq ? [new BullmqEngine(parts.bullmq)] : []), embeddedEngine()],
  operators: [jobRecorder(service, join(directory, "jobs.jsonl"), { writer: name })],
  owner: name,
  ...parts.settings,
});
tidegate.events.on("trouble", ({ where, error }) =>
  log("trouble.log", `${new Date().toISOString()} ${name} ${where} ${error.code} ${error.message}`),
);

/** Repeats what fails while servers are away. */
async function insist(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      log("trouble.log", `${new Date().toISOString()} ${name} test ${error.code} ${error.message}`);
      await sleep(200);
    }
  }
}

/** Has all schedules end at one instant on a grain, as a person would who wants no more of them; later if they got there before they all knew. */
async function finish({ grainMs, aheadMs }) {
  const origin = schedules[0].startTime;
  let endTime;
  do {
    endTime = origin + Math.ceil((Date.now() + aheadMs - origin) / grainMs) * grainMs;
    await Promise.all(
      schedules.map(({ groupId }) =>
        insist(async () => {
          const { version, spec } = await tidegate.client.get(groupId);
          await tidegate.client.update({ ...spec, endTime }, { version });
        }),
      ),
    );
  } while (Date.now() >= endTime);
}

async function isComplete() {
  for (const { groupId } of schedules) {
    const { spec, watermark } = await tidegate.client.get(groupId);
    if (spec.endTime === null || watermark !== spec.endTime) return false;
    const { active, failed } = await tidegate.client.audit(groupId);
    if (active.runs > 0 || failed.ms > 0) return false;
  }
  return true;
}

process.on("message", ({ finish: moment }) => void finish(moment));
await insist(() => tidegate.start());
await insist(() => tidegate.client.registerMany(schedules));
process.send?.("ready");
do await sleep(200);
while (!(await insist(isComplete)));
await tidegate.stop();
process.send?.("done");
process.disconnect?.();
