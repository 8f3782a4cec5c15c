import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atMost, type Figure, rounded } from "./figure.js";
import { assemble, noopOperator, registerAll, temporaryDirectory } from "./setup.js";

const GROUPS = 100;
/** Groups in a row that read each other; there are so many rows side by side. */
const IN_A_ROW = 10;
const HOUR_MS = 3_600_000;
const FROM = Date.UTC(2015, 0, 1);
const TO = Date.UTC(2025, 0, 1);
/** Each run covers a day, as after an outage: the plan reads none of them, however many there are. */
const RUN_MS = 24 * HOUR_MS;
const RUNS = (TO - FROM) / RUN_MS;
/** When the schedules would begin by themselves. */
const NEVER = Date.UTC(2100, 0, 1);
const ROUNDS = 5;

const groupId = (index: number): string => `group-${String(index).padStart(3, "0")}`;

/** The plan of a restatement of ten years of hours that reaches a hundred groups, on SQLite. */
export async function restatePlan(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const path = join(directory.path, "tidegate.db");
  try {
    const tidegate = assemble(new SqliteStore({ path }), noopOperator());
    await tidegate.start();
    const trigger = { type: "period", every: 1, unit: "hour", anchor: FROM } as const;
    const infos = Array.from({ length: GROUPS }, (_, index) => {
      const upstream = index === 0 ? undefined : index % IN_A_ROW === 0 ? 0 : index - 1;
      const dependsOn =
        upstream === undefined ? null : { groupId: groupId(upstream), window: { from: "-1 hour" } };
      return { groupId: groupId(index), trigger, startTime: NEVER, timezone: "Europe/Berlin", dependsOn };
    });
    await registerAll(tidegate, infos);
    await tidegate.stop();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    for (let index = 0; index < GROUPS; index += 1) database.exec(fill(index));
    database.close();
    await tidegate.start();
    const request = { groupId: groupId(0), from: FROM, to: TO, cascade: "downstream" } as const;
    const plan = await tidegate.client.restate(request);
    if (plan.groups.length !== GROUPS || plan.runs !== (GROUPS * (TO - FROM)) / HOUR_MS)
      throw new Error(`the plan has ${plan.groups.length} groups and ${plan.runs} runs`);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = performance.now();
      await tidegate.client.restate(request);
      best = Math.min(best, performance.now() - began);
    }
    await tidegate.stop();
    return [
      atMost(1, {
        id: "restate-plan",
        what: `plan of a restatement of ten years of hours over ${GROUPS} groups, sqlite`,
        value: rounded(best / 1_000),
        unit: "s",
        reference: { what: "runs planned", value: plan.runs },
      }),
    ];
  } finally {
    directory.remove();
  }
}

/** Statements that write a group's ledger up to the end of the ten years. */
function fill(index: number): string {
  const upper = `${FROM} + n * ${RUN_MS}`;
  const no = `(SELECT no FROM schedule WHERE group_id = '${groupId(index)}')`;
  return `BEGIN;
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${RUNS})
    INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, schedule_version, attempt,
      token, operator, place, is_blocking, is_superseded, is_cancel_requested, planned_at, submitted_at, started_at, ended_at)
    SELECT ${no}, ${upper} - ${RUN_MS}, 0, ${upper}, printf('%012x%020x', ${upper}, n * 128 + ${index}),
      'SCHEDULED', 24, ${upper}, 'SUCCEEDED', 1, 1, 1, 'noop', 'none', 0, 0, 0, ${upper}, ${upper}, ${upper}, ${upper}
    FROM numbers;
    UPDATE schedule SET origin = ${FROM} WHERE no = ${no};
    UPDATE schedule_state SET watermark = ${TO}, longest_run_ms = ${RUN_MS}, run_count = ${RUNS} WHERE no = ${no};
    COMMIT`;
}
