import type { Schedule } from "@tidegate/core";
import type { Database } from "./database.js";

/** Removes a schedule and everything that belongs to it, if it is as expected. */
export async function purgeSchedule(
  database: Database,
  s: string,
  groupId: string,
  expected: Pick<Schedule, "incarnation" | "status"> | undefined,
): Promise<boolean> {
  // A registration that holds the rows is waited for, and what it has written is compared. The first generations of the
  // group's next ledger are others than those that were read.
  const rows = await database.query<{ answer: boolean }>(
    `WITH held AS MATERIALIZED (
      SELECT d.group_id FROM ${s}.schedule_state t JOIN ${s}.schedule d ON d.group_id = t.group_id
        WHERE t.group_id = $1 AND ($2::text IS NULL OR d.incarnation = $2 AND d.status = $3) FOR UPDATE
    ), purged AS MATERIALIZED (
      SELECT group_id, CASE WHEN $2::text IS NOT NULL AND ${s}.has_open(group_id, 'any') THEN false
        ELSE ${s}.purge_schedule(group_id) END AS answer FROM held
    ), readers AS (
      UPDATE ${s}.run_input i SET is_partial = true FROM purged p
        WHERE p.answer AND i.group_id = p.group_id AND NOT i.is_partial
          AND NOT EXISTS (SELECT FROM ${s}.run r WHERE r.id = i.run_id AND r.group_id = i.group_id)
    ) SELECT answer FROM purged`,
    [groupId, expected?.incarnation, expected?.status],
  );
  return rows[0]?.answer ?? false;
}
