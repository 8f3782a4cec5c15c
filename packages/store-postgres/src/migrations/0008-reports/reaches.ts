/**
 * The condition that a run overlaps time of a group: `the_lower` to `the_upper` of `the_group`.
 *
 * @param s - the schema, quoted
 */
export const reaches = (s: string, run: string): string =>
  `${run}.group_id = the_group AND ${run}.lower < the_upper AND ${run}.upper > the_lower
    AND ${run}.lower >= the_lower - (SELECT longest_run_ms FROM ${s}.schedule_state WHERE group_id = the_group)`;
