/**
 * Ends a subquery whose rows are each looked up in a table. A plan is kept while a table grows from nothing, and must
 * look up each row by the index: so it is made for one row, which is a tenth of what the planner takes an array for.
 *
 * @param array - an array as long as the subquery may be
 */
export const lookedUp = (array: string): string => `LIMIT cardinality(${array})`;
