/**
 * The operator of a version of a schedule, in lower case. A specification is stored as text, since as JSON it
 * might contain characters that Postgres cannot store; nothing before its operator can contain the same
 * letters.
 *
 * @param s - the schema, quoted
 */
export const operatorOf = (s: string, groupId: string, version: string): string =>
  `(SELECT lower(substring(v.spec from '"operator":"([^"]*)"')) FROM ${s}.schedule_version v
    WHERE v.group_id = ${groupId} AND v.version = ${version})`;
