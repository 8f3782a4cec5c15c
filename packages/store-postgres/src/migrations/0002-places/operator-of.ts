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

/**
 * The gating of a run `r` by a version of its schedule. A gated run keeps or leaves its turn as before until the
 * gatekeeper finds that it has no gates any more.
 *
 * @param s - the schema, quoted
 */
export const gatingOf = (s: string, r: string, version: string): string =>
  `coalesce((SELECT CASE WHEN ${r}.place = 'gated' AND v.gating = 0 THEN ${r}.gating ELSE v.gating END
    FROM ${s}.schedule_version v WHERE v.group_id = ${r}.group_id AND v.version = ${version}), ${r}.gating)`;
