/**
 * Adds columns for gates: how they hold a run (`gating` is its index in `GATINGS`), when it is due to be asked
 * about, and the number of the question; and a table of the groups that wake gated runs. A row of it whose run
 * waits for something else by now is removed when the group wakes its runs.
 *
 * @param s - the schema, quoted
 */
export const columns = (s: string): string[] => [
  `ALTER TABLE ${s}.schedule_version ADD COLUMN gating smallint NOT NULL DEFAULT 0`,
  `ALTER TABLE ${s}.schedule_state ADD COLUMN gated_runs integer NOT NULL DEFAULT 0`,
  `ALTER TABLE ${s}.run
    ADD COLUMN gating smallint NOT NULL DEFAULT 0,
    ADD COLUMN look_at bigint,
    ADD COLUMN look integer NOT NULL DEFAULT 0`,
  `UPDATE ${s}.run SET look_at = 0 WHERE place = 'gated'`,
  `UPDATE ${s}.schedule_state t SET admitted_runs = admitted_runs - g.runs, gated_runs = g.runs
    FROM (SELECT group_id, count(*) AS runs FROM ${s}.run WHERE place = 'gated' AND kind = 'SCHEDULED' GROUP BY group_id) g
    WHERE t.group_id = g.group_id`,
  `CREATE INDEX run_look ON ${s}.run (look_at, id) WHERE place = 'gated'`,
  `CREATE INDEX run_gated ON ${s}.run (group_id, lower, generation, upper) WHERE place = 'gated'`,
  `CREATE TABLE ${s}.gate_waker (
    group_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (group_id, run_id)
  )`,
];
