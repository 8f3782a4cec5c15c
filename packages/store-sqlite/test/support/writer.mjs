// Plans runs as fast as it can and prints the number of each batch once it is acknowledged.
import { writeSync } from "node:fs";
import { SqliteStore } from "@tidegate/store-sqlite";

const [path, groups] = [process.argv[2], Number(process.argv[3])];
const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 0, 1);
const store = new SqliteStore({ path });
await store.open();
const ids = Array.from({ length: groups }, (_, index) => `group-${index}`);
const schedules = await store.getSchedules(ids);
let index = (schedules[0].watermark - START) / MINUTE_MS;
writeSync(1, "open\n");
for (; ; index += 1) {
  const lower = START + index * MINUTE_MS;
  const upper = lower + MINUTE_MS;
  const results = await store.plan(
    ids.map((groupId, no) => ({
      groupId,
      incarnation: schedules[no].incarnation,
      version: 1,
      watermark: lower,
      newWatermark: upper,
      nextFireAt: upper + MINUTE_MS,
      plannedAt: upper,
      runs: [
        {
          id: upper.toString(16).padStart(12, "0") + String(no).padStart(20, "0"),
          groupId,
          kind: "SCHEDULED",
          lower,
          upper,
          generation: 0,
          intervals: 1,
          scheduledTime: upper,
          state: "PLANNED",
          reason: null,
          scheduleVersion: 1,
          backfillId: null,
          operator: "duckdb",
          plannedAt: upper,
        },
      ],
    })),
  );
  if (results.includes(false)) throw new Error("refused");
  writeSync(1, `${index}\n`);
}
