import type { EpochMs, Split } from "@tidegate/core";
import { type NewSplit, type ShardChange, type ShardWriter, UNTOUCHED } from "@tidegate/core/store";
import { asShards, partOf, type ShardColumns } from "@tidegate/store-kit";
import { toArrays } from "./arrays.js";
import type { Statement } from "./calls.js";
import type { Database } from "./database.js";
import { readable } from "./json.js";

type SplitRow = Omit<Split, "runId" | "shards">;

/** The columns of a shard that is inserted, in the order of their arrays. */
const NEW_COLUMNS = ["id", "position", "part"];

/**
 * Selects a run whose shards the writer may write: its holder, or anybody if nobody holds it. The lock keeps others
 * from claiming the run until the write is done.
 *
 * @param id - the run's id, as SQL
 * @param token - the writer's, as SQL; NULL if it has none
 */
const writable = (s: string, id: string, token: string): string =>
  `SELECT id, group_id FROM ${s}.run WHERE id = ${id} AND CASE WHEN state IN ('SUBMITTING', 'RUNNING')
    THEN token = ${token} ELSE ${token} IS NULL END FOR SHARE`;

/** Stores the split of a run; `false` if it has one, or the writer may not write. */
export async function insertSplit(database: Database, s: string, split: NewSplit): Promise<boolean> {
  const { runId, token, scheduleVersion, plannedAt, snapshotToken, shards } = split;
  const rows = shards.map((shard, position) => ({ id: shard.id, position, part: partOf(shard) }));
  const inserted = await database.query(
    `WITH held AS (${writable(s, "$1", "$2::bigint")}),
      split AS (
        INSERT INTO ${s}.run_split (run_id, group_id, planned_at, snapshot_token, schedule_version)
          SELECT id, group_id, $3::bigint, $4::text, $6::integer FROM held ON CONFLICT DO NOTHING RETURNING run_id
      ),
      shards AS (
        INSERT INTO ${s}.shard (run_id, id, position, part, progress)
          SELECT run_id, n.id, n.position, n.part, $5
            FROM split, unnest($7::text[], $8::integer[], $9::text[]) AS n (id, position, part)
      )
      SELECT run_id FROM split`,
    [
      runId,
      token ?? null,
      plannedAt,
      snapshotToken === null ? null : readable(snapshotToken),
      JSON.stringify(UNTOUCHED),
      scheduleVersion,
      ...toArrays(NEW_COLUMNS, rows),
    ],
  );
  return inserted.length > 0;
}

/** Returns the split of a run, if it was split. */
export async function getSplit(database: Database, s: string, runId: string): Promise<Split | undefined> {
  const [split] = await database.query<SplitRow>(
    `SELECT coalesce(k.schedule_version, r.schedule_version) AS "scheduleVersion", k.planned_at AS "plannedAt",
        k.merging_at AS "mergingAt", k.snapshot_token AS "snapshotToken"
      FROM ${s}.run_split k JOIN ${s}.run r ON r.id = k.run_id WHERE k.run_id = $1`,
    [runId],
  );
  if (split === undefined) return undefined;
  const shards = await database.query<ShardColumns>(
    `SELECT id, part, progress FROM ${s}.shard WHERE run_id = $1 ORDER BY position`,
    [runId],
  );
  return { runId, ...split, shards: asShards(shards) };
}

/** Sets the progress of shards; `false` for one that is unknown, or whose writer may not write. */
export async function changeShards(
  database: Database,
  s: string,
  changes: readonly ShardChange[],
): Promise<boolean[]> {
  const made: boolean[] = [];
  for (const { runId, token, id, progress } of changes) {
    const changed = await database.query(
      `WITH held AS (${writable(s, "$1", "$2::bigint")})
        UPDATE ${s}.shard k SET progress = $4 FROM held WHERE k.run_id = held.id AND k.id = $3 RETURNING 1`,
      [runId, token ?? null, id, JSON.stringify(progress)],
    );
    made.push(changed.length > 0);
  }
  return made;
}

/** Records that the merge begins; `false` if the run has no split, or the writer may not write. */
export async function beginMerge(
  database: Database,
  s: string,
  { runId, token }: ShardWriter,
  at: EpochMs,
): Promise<boolean> {
  const begun = await database.query(
    `WITH held AS (${writable(s, "$1", "$2::bigint")})
      UPDATE ${s}.run_split k SET merging_at = coalesce(k.merging_at, $3::bigint) FROM held
        WHERE k.run_id = held.id RETURNING 1`,
    [runId, token ?? null, at],
  );
  return begun.length > 0;
}

/** Deletes the split of a run; `false` if it has none, or the writer may not write. */
export async function dropSplit(
  database: Database,
  s: string,
  { runId, token }: ShardWriter,
): Promise<boolean> {
  const dropped = await database.query(
    `WITH held AS (${writable(s, "$1", "$2::bigint")})
      DELETE FROM ${s}.run_split k USING held WHERE k.run_id = held.id RETURNING 1`,
    [runId, token ?? null],
  );
  return dropped.length > 0;
}

/** Returns the statement of a change, which drops the split of its run as well if the change is made. */
export function droppingSplit(s: string, runId: string, { text, values }: Statement): Statement {
  return {
    text: `WITH made AS MATERIALIZED (${text}),
      dropped AS (
        DELETE FROM ${s}.run_split WHERE run_id = $${values.length + 1}
          AND EXISTS (SELECT FROM made WHERE cardinality(made.answer) > 0)
      )
      SELECT answer FROM made`,
    values: [...values, runId],
  };
}
