/**
 * Merges a group's runs: see `ScheduleStore.coverage`. First only runs that follow each other in the order of
 * the index, which needs no sort and leaves few pieces of however many runs; each is summed by a scan of its
 * own. Then the pieces, state by state.
 *
 * @param s - the schema, quoted
 */
export const coverageFunction = (s: string): string => {
  const position = (run: string): string => `(${run}lower, ${run}generation, ${run}upper)`;
  const isMeant = `r.group_id = the_group AND NOT r.is_superseded AND r.lower >= first_lower AND r.lower <= the_upper
    AND CASE WHEN the_lower = the_upper THEN r.lower = the_lower AND r.upper = the_upper
      ELSE r.lower < the_upper AND r.upper > the_lower END`;
  return `CREATE FUNCTION ${s}.coverage(the_group text, first_lower bigint, the_lower bigint, the_upper bigint)
    RETURNS TABLE (its_state text, its_lower bigint, its_upper bigint, its_runs bigint, its_intervals bigint,
      its_read bigint, its_written bigint, its_dirty bigint)
    LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
  BEGIN
    RETURN QUERY WITH marked AS (
      SELECT r.state, r.lower, r.generation, r.upper,
          r.generation > 0 AND r.state IN ('PLANNED', 'SUBMITTING', 'RUNNING') AS is_rerun,
          lag(r.state) OVER runs AS last_state, lag(r.upper) OVER runs AS last_upper, lag(r.generation) OVER runs AS last_generation
        FROM ${s}.run r WHERE ${isMeant} WINDOW runs AS (ORDER BY r.lower, r.generation, r.upper)
    ), beginning AS MATERIALIZED (
      SELECT m.*, row_number() OVER runs AS no, lead(m.lower) OVER runs AS next_lower,
          lead(m.generation) OVER runs AS next_generation, lead(m.upper) OVER runs AS next_upper
        FROM marked m
        WHERE m.last_state IS DISTINCT FROM m.state OR m.last_upper <> m.lower OR m.is_rerun
          OR m.last_generation > 0 AND m.last_state IN ('PLANNED', 'SUBMITTING', 'RUNNING')
        WINDOW runs AS (ORDER BY m.lower, m.generation, m.upper)
    ), piece AS MATERIALIZED (
      SELECT b.no, b.state, b.lower, b.is_rerun AND EXISTS (
            SELECT FROM ${s}.run o WHERE o.group_id = the_group AND o.lower = b.lower AND o.upper = b.upper
              AND o.state = 'SUCCEEDED' AND NOT o.is_superseded) AS is_apart, sums.*
        FROM beginning b CROSS JOIN LATERAL (
          SELECT max(r.upper) AS upper, count(*) AS runs, sum(r.intervals) AS intervals, sum(r.rows_read) AS rows_read,
              sum(r.rows_written) AS rows_written, sum(r.rows_dirty) AS rows_dirty
            FROM ${s}.run r WHERE ${isMeant} AND ${position("r.")} >= ${position("b.")}
              AND ${position("r.")} < (coalesce(b.next_lower, 9223372036854775807), b.next_generation, b.next_upper)
        ) sums
    ), first AS (
      SELECT p.*, p.is_apart OR lag(p.upper) OVER same IS DISTINCT FROM p.lower AS is_first
        FROM piece p WINDOW same AS (PARTITION BY p.state, p.is_apart ORDER BY p.no)
    ), numbered AS (
      SELECT f.*, sum(f.is_first::int) OVER (PARTITION BY f.state, f.is_apart ORDER BY f.no) AS island FROM first f
    )
    SELECT n.state, min(n.lower), (array_agg(n.upper ORDER BY n.no DESC))[1], sum(n.runs)::bigint,
        sum(n.intervals)::bigint, coalesce(sum(n.rows_read), 0)::bigint, coalesce(sum(n.rows_written), 0)::bigint,
        coalesce(sum(n.rows_dirty), 0)::bigint
      FROM numbered n GROUP BY n.state, n.is_apart, n.island ORDER BY min(n.no);
  END $$`;
};
