import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { runId } from "@tidegate/core/store";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atLeast, type Figure, rounded } from "./figure.js";
import { findPeak, offerOnSqlite } from "./offered.js";
import { temporaryDirectory } from "./setup.js";

const SECONDS = 30;

/**
 * The whole durable life of a run: fire, plan, claim, submit to a no-op operator, succeeded; all states on the disk.
 * Measured at the peak, which is found first: beyond it a rate says how a machine bears too much.
 */
export async function runLife(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const ceiling = await bareCeiling(join(directory.path, "bare.db"));
  directory.remove();
  const peak = await findPeak();
  const rates = await offerOnSqlite(Math.round(peak), SECONDS);
  const perSecond = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const reference = {
    what: "bare SQLite, the same row writes, batches of 1,000 (runs/s)",
    value: rounded(ceiling),
  };
  return [
    atLeast(rounded(peak * 0.97), {
      id: "run-life",
      what: `whole durable lives of runs, ${SECONDS} s at the peak of ${rounded(peak)}/s`,
      value: rounded(perSecond),
      unit: "runs/s",
      reference,
    }),
    atLeast(60, {
      id: "run-life-share",
      what: "the same as a share of the bare SQLite ceiling",
      value: rounded((perSecond / ceiling) * 100),
      unit: "%",
      reference,
    }),
  ];
}

/** The same rows written by prepared statements alone: insert and watermark, claim, end; three transactions a batch. */
async function bareCeiling(path: string): Promise<number> {
  const store = new SqliteStore({ path });
  await store.open();
  await store.close();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 16000");
  const groups = 1_000;
  const insertState = database.prepare(
    `INSERT INTO schedule_state (no, version, is_planning, watermark, next_fire_at, delay_ms, lane_width,
      longest_run_ms) VALUES (?, 1, 1, 0, 1000, 0, 1, 0)`,
  );
  for (let no = 0; no < groups; no += 1) insertState.run(no);
  const insert = database.prepare(
    `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, schedule_version,
      attempt, token, operator, place, ready_at, is_blocking, is_superseded, is_cancel_requested, planned_at)
      VALUES (?, ?, 0, ?, ?, 'SCHEDULED', 1, ?, 'PLANNED', 1, 0, 0, 'noop', 'ready', ?, 0, 0, 0, ?)`,
  );
  const advance = database.prepare("UPDATE schedule_state SET watermark = ?, next_fire_at = ? WHERE no = ?");
  const claim = database.prepare(
    `UPDATE run SET state = 'SUBMITTING', attempt = 1, token = 1, submitted_at = ?, place = 'active', ready_at = NULL,
      lease_until = ?, is_job_open = 1 WHERE id = ?`,
  );
  const end = database.prepare(
    `UPDATE run SET state = 'SUCCEEDED', place = 'none', lease_until = NULL, is_job_open = 0, started_at = ?, ended_at = ?,
      job_id = ? WHERE id = ?`,
  );
  let lives = 0;
  const began = performance.now();
  while (performance.now() - began < 5_000) {
    const lower = Date.UTC(2026, 0, 1) + (lives / groups) * 1_000;
    const upper = lower + 1_000;
    const ids = Array.from({ length: groups }, (_, no) =>
      runId({ namespace: "default", groupId: `group-${no}`, lower, upper, generation: 0, incarnation: "" }),
    );
    database.exec("BEGIN");
    for (const [no, id] of ids.entries()) {
      insert.run(no, lower, upper, id, upper, upper, upper);
      advance.run(upper, upper + 1_000, no);
    }
    database.exec("COMMIT; BEGIN");
    for (const id of ids) claim.run(upper, upper + 30_000, id);
    database.exec("COMMIT; BEGIN");
    for (const id of ids) end.run(upper, upper, id, id);
    database.exec("COMMIT");
    lives += groups;
  }
  const perSecond = (lives / (performance.now() - began)) * 1_000;
  database.close();
  return perSecond;
}
