/**
 * Locks the groups named by the elements of a JSON array, in the order of their ids, so that two callers that
 * lock the same groups never deadlock. The ids are an array, so that the groups are looked up, whatever the planner
 * assumes about the table's size: it might join a subquery by reading all groups.
 *
 * @param s - the schema, quoted
 */
export const lockGroups = (s: string, array: string): string =>
  `PERFORM FROM ${s}.schedule_state WHERE group_id = ANY (ARRAY(
      SELECT "groupId" FROM json_to_recordset(${array}) AS x ("groupId" text))) ORDER BY group_id FOR NO KEY UPDATE;`;
