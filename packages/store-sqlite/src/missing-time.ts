import type { Interval } from "@tidegate/core";
import type { IntervalSet } from "@tidegate/core/interval";
import {
  type CoveringRun,
  type LedgerReach,
  type MissingTimeQuery,
  missingTime,
  suspectTime,
} from "@tidegate/core/store";
import { longestRunMs } from "./longest-run.js";
import type { Tables } from "./tables.js";

const REACH = `SELECT s.origin, s.status, t.watermark FROM schedule s JOIN schedule_state t ON t.no = s.no WHERE s.no = ?`;

const FIELDS = "lower, upper, state, reason";
const WITHIN = "group_no = ?1 AND is_superseded = 0 AND lower >= ?2 AND lower < ?3 AND upper > ?4";

/** Runs that have not succeeded, by indexes that have no others; those with a place in their lane are in memory. */
const OTHERS = `SELECT ${FIELDS} FROM run INDEXED BY run_failed WHERE failure IS NOT NULL AND ${WITHIN}
  UNION ALL SELECT ${FIELDS} FROM run INDEXED BY run_waiting WHERE place = 'waiting' AND ${WITHIN}
  UNION ALL SELECT ${FIELDS} FROM run INDEXED BY run_gated WHERE place = 'gated' AND ${WITHIN}`;

const OPEN = `SELECT ${FIELDS} FROM run WHERE id = ? AND lower < ? AND upper > ? AND place IN ('ready', 'active')`;

const ALL = `SELECT ${FIELDS} FROM run INDEXED BY run_by_interval WHERE ${WITHIN}`;

const NEWEST_COPY = `SELECT upper FROM run INDEXED BY run_snapshot WHERE snapshot IS NOT NULL AND group_no = ?
  AND is_superseded = 0 AND state = 'SUCCEEDED' ORDER BY lower DESC, generation DESC, upper DESC LIMIT 1`;

/** Returns the time that a group's ledger does not cover: see `RunLedger.missingTime`. */
export function missingTimeOf(tables: Tables, query: MissingTimeQuery): IntervalSet {
  const { statements, groups } = tables;
  const no = groups.numberOf(query.groupId);
  const row = no === undefined ? undefined : statements.get<LedgerReach>(REACH, no);
  if (no === undefined || row === undefined) return [query.within];
  const suspects = suspectTime(query, row, othersOf(tables, no, query.within));
  if (suspects.length === 0) return [];
  const first = longestRunMs(statements, no);
  const runs = suspects.flatMap(({ lower, upper }) =>
    statements.all<CoveringRun>(ALL, no, lower - first, upper, lower),
  );
  const copy = statements.get<{ upper: number }>(NEWEST_COPY, no);
  return missingTime(query, suspects, runs, { ...row, copiedUpTo: copy?.upper });
}

function othersOf({ statements, lanes }: Tables, no: number, { lower, upper }: Interval): CoveringRun[] {
  const { admitted, beside } = lanes.of(no);
  const open = [...admitted, ...beside].flatMap(
    (id) => statements.get<CoveringRun>(OPEN, id, upper, lower) ?? [],
  );
  return [
    ...statements.all<CoveringRun>(OTHERS, no, lower - longestRunMs(statements, no), upper, lower),
    ...open,
  ];
}
