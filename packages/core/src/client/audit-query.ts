import type { Clock } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import { newestCopy } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { type AuditReport, auditCoverage } from "./audit.js";
import { auditOffsets, type OffsetAudit, PLAIN_ORDER } from "./audit-offsets.js";
import { closedUpTo } from "./coverage-query.js";
import { findDoubts } from "./doubts.js";
import type { SnapshotControl } from "./snapshot-control.js";

/** Dependencies of `auditGroup`. */
export interface AuditSources {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly providers: OffsetProviders;
  readonly snapshots: SnapshotControl;
}

/** Accounts for every millisecond of a group's ledger, or of a part of it. */
export async function auditGroup(
  { store, clock, providers, snapshots }: AuditSources,
  schedule: Schedule,
  within: Interval | undefined,
): Promise<AuditReport> {
  const { origin, watermark } = schedule;
  const { groupId } = schedule.spec;
  const range = within ?? { lower: origin, upper: watermark };
  if (range.lower > range.upper) {
    throw new LedgerError("INTERVAL_INVALID", "within: its lower bound must not be after its upper one.", {
      field: "within",
    });
  }
  // First, so that a run that is superseded in between is in both.
  const coverage = await store.coverage(groupId, range);
  const copy = await newestCopy(store, groupId);
  return auditCoverage({
    groupId,
    range,
    coverage,
    doubts: await findDoubts(store, coverage, { groupId, range }),
    stale: await staleTime(store, groupId, range),
    closedUpTo: closedUpTo(schedule, clock.now()) ?? watermark,
    watermark,
    offsets: await offsetsOf(store, providers, schedule, within, copy),
    snapshots: await snapshots.audit(schedule, range),
    copiedUpTo: copy?.upper,
  });
}

async function offsetsOf(
  store: ScheduleStore,
  providers: OffsetProviders,
  { spec, offsets }: Schedule,
  within: Interval | undefined,
  copy: Run | undefined,
): Promise<OffsetAudit[]> {
  if (spec.boundaryType !== "OFFSET" || spec.source === null) return [];
  const runs: Run[] = [];
  const part = within === undefined ? {} : { within };
  const filter = { groupId: spec.groupId, includeSuperseded: false, ...part } as const;
  for await (const run of eachRun(store, filter)) runs.push(run);
  const order = providers.find(spec.source.type) ?? PLAIN_ORDER;
  return auditOffsets(order, runs, within === undefined ? offsets : null, copy);
}

async function staleTime(store: ScheduleStore, groupId: string, within: Interval): Promise<Interval[]> {
  const stale: Interval[] = [];
  const filter = { groupId, within, staleness: "all", states: ["SUCCEEDED"] } as const;
  for await (const { lower, upper } of eachRun(store, filter)) stale.push({ lower, upper });
  return stale;
}
