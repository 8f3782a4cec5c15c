/**
 * Locks the groups that the elements of a JSON array name. In the order of their ids, so that two that lock the same ones
 * wait for each other and never both.
 *
 * @param s - the schema, quoted
 */
export const lockGroups = (s: string, array: string): string =>
  `PERFORM FROM ${s}.schedule_state WHERE group_id = ANY (
      SELECT "groupId" FROM json_to_recordset(${array}) AS x ("groupId" text)) ORDER BY group_id FOR NO KEY UPDATE;`;
