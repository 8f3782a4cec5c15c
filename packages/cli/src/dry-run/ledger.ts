import type { BackfillRequest, Interval, RestatementPlan } from "@tidegate/core";
import type { Reader } from "../api/api.js";
import { everyItem } from "../input/pages.js";
import { intervalText, timeText } from "../output/time-text.js";
import { counted, type Effect, refused } from "./effect.js";
import { refuseEnded } from "./ended.js";
import { isSealed } from "./sealed.js";

/** Returns the effect of a backfill. @throws with SEALED if a part of it is */
export async function backfillEffect(api: Reader, request: BackfillRequest): Promise<Effect> {
  const { groupId, force = false } = request;
  await refuseEnded(api, groupId);
  const { runs, ranges, notes } = await api.backfill({ ...request, isDryRun: true });
  const { schedule, sealedThrough } = await api.describe(groupId);
  const sealed = ranges.find((range) => isSealed(range, schedule.origin, sealedThrough));
  if (sealed !== undefined && !force)
    throw refused(
      "SEALED",
      `${groupId}: ${intervalText(sealed)} is sealed, at least in part, and would run with --force only.`,
    );
  return {
    action: runs === 0 ? "none" : "backfill",
    groupId,
    summary: `${counted(runs, "run")} of ${groupId} would be planned.`,
    before: null,
    after: { runs },
    intervals: ranges,
    notes,
  };
}

/** Returns the effect of a restatement on each group that it reaches, the nearest first. */
export function restatementEffects({ groups, stops }: RestatementPlan): Effect[] {
  const notes = stops.map(({ groupId, reason }) => `It stops at ${groupId}: ${reason}`);
  return groups.map(({ groupId, runs, intervals }, index) => ({
    action: runs === 0 ? "none" : "restate",
    groupId,
    summary: `${counted(runs, "run")} of ${groupId} would be planned.`,
    before: null,
    after: { runs },
    intervals,
    notes: index === 0 ? notes : [],
  }));
}

/** Returns the effects of a restatement that was planned before. @throws with PLAN_OUTDATED if ledgers have moved since */
export async function applyPlanEffects(api: Reader, planId: string): Promise<Effect[]> {
  const { requestOfPlan } = await import("@tidegate/core");
  const plan = await api.restate(requestOfPlan(planId));
  if (plan.planId === planId) return restatementEffects(plan);
  throw refused(
    "PLAN_OUTDATED",
    "A ledger or a schedule of the plan has changed since it was made, or it has begun already.",
  );
}

interface SealChoice {
  readonly through: number;
  readonly note?: string;
  readonly force?: boolean;
}

/** Returns the effect of a seal. */
export async function sealEffect(
  api: Reader,
  groupId: string,
  { through, note = "", force = false }: SealChoice,
): Promise<Effect> {
  const { schedule, seal, coveredThrough, active, backfills } = await api.describe(groupId);
  const { origin } = schedule;
  const before = seal?.through ?? null;
  const isBack = before !== null && through < before;
  if (isBack && !force) {
    throw refused(
      "SEALED",
      `${groupId} is sealed through ${timeText(before)}; a part of it would be opened with --force only.`,
    );
  }
  if (before === null || through > before) {
    if (through <= origin)
      throw refused("INTERVAL_INVALID", `${groupId}: its ledger begins at ${timeText(origin)}.`);
    if (through > coveredThrough)
      throw refused("INTERVAL_OPEN", `${groupId} is covered through ${timeText(coveredThrough)} only.`);
    const run = active.find(({ lower }) => lower < through);
    if (run !== undefined)
      throw refused("INTERVAL_OPEN", `${groupId}: run ${run.id} is still to write a part of this time.`);
    const backfill = backfills.find(({ state, lower }) => state === "RUNNING" && lower < through);
    if (backfill !== undefined)
      throw refused(
        "INTERVAL_OPEN",
        `${groupId}: backfill ${backfill.id} is still to write a part of this time.`,
      );
  }
  return {
    action: "seal",
    groupId,
    summary: `${groupId} would be sealed up to ${timeText(through)}; it is ${before === null ? "not sealed" : `sealed up to ${timeText(before)}`}.`,
    before: seal === null ? null : { through: seal.through, note: seal.note },
    after: { through, note },
    intervals: through === before ? [] : [between(before ?? origin, through)],
    notes: isBack ? ["This time would be open again."] : [],
  };
}

function between(a: number, b: number): Interval {
  return { lower: Math.min(a, b), upper: Math.max(a, b) };
}

interface ReportChoice extends Interval {
  readonly version?: string;
  readonly force?: boolean;
}

/** Returns the effect of a report on a source group. */
export async function reportEffect(
  api: Reader,
  groupId: string,
  { lower, upper, version, force = false }: ReportChoice,
): Promise<Effect> {
  const { schedule, sealedThrough } = await api.describe(groupId);
  if (schedule.status !== "SOURCE") {
    throw refused(
      "SCHEDULE_STATUS_ILLEGAL",
      `${groupId} has a schedule: its runs say what it covers, and reports are for source groups only.`,
    );
  }
  const { missing } = await api.coverage(groupId, { lower, upper });
  const renewed = version === undefined ? [] : await otherVersions(api, groupId, { lower, upper }, version);
  const intervals = [...missing, ...renewed].sort((a, b) => a.lower - b.lower);
  const sealed = intervals.find((one) => isSealed(one, schedule.origin, sealedThrough));
  if (sealed !== undefined && !force)
    throw refused("SEALED", `${groupId}: ${intervalText(sealed)} is sealed.`);
  return {
    action: intervals.length === 0 ? "none" : "report",
    groupId,
    summary:
      intervals.length === 0
        ? "All of it was reported before."
        : `${groupId} would be covered for more time.`,
    before: { isCovered: missing.length === 0 },
    after: { isCovered: true, version: version ?? null },
    intervals,
    notes: renewed.length === 0 ? [] : ["What has read another version would be stale."],
  };
}

/** Returns the time of a range that was reported with another version. What stands does not overlap. */
async function otherVersions(
  api: Reader,
  groupId: string,
  range: Interval,
  version: string,
): Promise<Interval[]> {
  const found: Interval[] = [];
  const newest = { groupId, order: "descending" } as const;
  for await (const run of everyItem((page) => api.runs(newest, page))) {
    const { isSuperseded, lower, upper, report } = run;
    if (isSuperseded || lower >= range.upper) continue;
    if (upper <= range.lower) return found;
    if (report?.version === version) continue;
    found.push({ lower: Math.max(lower, range.lower), upper: Math.min(upper, range.upper) });
  }
  return found;
}
