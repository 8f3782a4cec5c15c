import { messageOf, ScheduleError } from "../errors/errors.js";
import type { OffsetProvider } from "../offset/offset-provider.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import type { StoredStartAt } from "../offset/offset-watermark.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";

/** The fields that only boundaries `OFFSET` have. */
const OF_SOURCES = ["source", "startAt", "limit", "batchUntil", "expectData"] as const;

/**
 * Checks what a schedule says of its source, without asking it.
 *
 * @param operator - the one that runs its jobs
 * @throws ScheduleError SCHEDULE_INVALID with the field; SourceError SOURCE_UNKNOWN; OperatorError JOB_INVALID if the
 *   job reads another source
 */
export function checkSource(
  spec: ScheduleSpec,
  providers: OffsetProviders,
  operator: Pick<ScheduleOperator, "boundaryTypes" | "operatorType" | "validateSource"> | undefined,
): void {
  const { batchUntil, boundaryType, source, startAt, limit, endRule } = spec;
  if (boundaryType === "TIME") {
    const given = OF_SOURCES.find((field) => spec[field] != null);
    if (given !== undefined) throw invalid(given, 'is only for boundaryType "OFFSET"');
    return;
  }
  if (source === null) throw invalid("source", 'is needed with boundaryType "OFFSET"');
  providers.check(source);
  const provider = providers.get(source.type);
  if (startAt === null && !hasSnapshots(spec)) {
    throw invalid(
      "startAt",
      'is needed with boundaryType "OFFSET": "earliest", "latest", { time } or { offsets }; there is no default, since either end is wrong for many',
    );
  }
  if (startAt !== null) checkStart(provider, startAt);
  if (limit !== null && provider.cut === undefined)
    throw invalid("limit", `the provider "${source.type}" cannot cut ranges`);
  if (batchUntil != null && provider.size === undefined)
    throw invalid("batchUntil", `the provider "${source.type}" cannot count records`);
  // It would be an interval of no time, which has no place for positions.
  if (endRule === "inclusive") throw invalid("endRule", 'must be "exclusive" with boundaryType "OFFSET"');
  if (operator !== undefined && !(operator.boundaryTypes ?? ["TIME"]).includes("OFFSET"))
    throw invalid("operator", `"${operator.operatorType}" cannot read positions, but only time`);
  operator?.validateSource?.(spec.job, source);
}

/**
 * Refuses another source once reading has begun: the positions that were read mean other data there.
 *
 * @throws ScheduleError SCHEDULE_INVALID
 */
export function refuseOtherSource(
  { offsets, spec, unreadable }: Schedule,
  { groupId, source }: ScheduleSpec,
  providers: OffsetProviders,
): void {
  if (offsets === null || unreadable !== null || spec.source === null || source === null) return;
  if (providers.haveSameData(spec.source, source)) return;
  throw invalid(
    "source",
    `group ${groupId} has read another one, whose positions mean other data in this one; rebase the group, with the source and where to begin, or use another group`,
  );
}

/**
 * Checks whether a provider can begin to read where it is told to, without asking the source.
 *
 * @throws ScheduleError SCHEDULE_INVALID with the field
 */
export function checkStart(provider: OffsetProvider, startAt: StoredStartAt): void {
  if (typeof startAt === "string") return;
  if ("time" in startAt) {
    if (provider.at !== undefined) return;
    throw invalid("startAt.time", `the provider "${provider.sourceType}" cannot find positions by time`);
  }
  for (const [partition, position] of Object.entries(startAt.offsets)) {
    try {
      provider.compare(partition, position, position);
    } catch (cause) {
      throw invalid(`startAt.offsets.${partition}`, messageOf(cause));
    }
  }
}

function invalid(field: string, problem: string): ScheduleError {
  return new ScheduleError("SCHEDULE_INVALID", `${field}: ${problem.replace(/\.$/, "")}.`, { field });
}
