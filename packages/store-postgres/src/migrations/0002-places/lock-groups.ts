const KEYS = { schedule_state: "group_id", run: "id" } as const;

/**
 * Locks rows by an array of their ids, in the order of the ids, so that two callers that lock the same rows never
 * deadlock. Each is looked up by itself: a row that has changed since the statement began is read again, and with it
 * all rows that the same scan has found.
 *
 * @param s - the schema, quoted
 */
export const lockRows = (s: string, table: keyof typeof KEYS, ids: string): string =>
  `PERFORM FROM (SELECT x.id FROM unnest(${ids}) AS x (id) ORDER BY x.id COLLATE "C") x
      CROSS JOIN LATERAL (SELECT FROM ${s}.${table} t WHERE t.${KEYS[table]} = x.id FOR NO KEY UPDATE) t;`;

/**
 * Locks the groups named by the elements of a JSON array.
 *
 * @param s - the schema, quoted
 */
export const lockGroups = (s: string, array: string): string =>
  lockRows(
    s,
    "schedule_state",
    `ARRAY(SELECT j."groupId" FROM json_to_recordset(${array}) AS j ("groupId" text))`,
  );
