import { isDeepStrictEqual } from "node:util";
import type { Description, Schedule, SnapshotAudit, SourceInfo } from "@tidegate/core";
import type { Reader } from "../api/api.js";
import { intervalText, timeText } from "../output/time-text.js";
import { counted, type Effect, refused } from "./effect.js";

/** Returns the effect of reading a group's source from elsewhere. @param where - the new positions, for people */
export async function rebaseEffect(
  api: Reader,
  groupId: string,
  request: object,
  where: string,
): Promise<Effect> {
  const { transition } = await import("@tidegate/core");
  const { schedule, counts, active } = await api.describe(groupId);
  const { offsets, spec, status, version } = schedule;
  if (spec.source === null) {
    throw refused(
      "SCHEDULE_INVALID",
      `${groupId} is read by time; only a group with boundaryType "OFFSET" can be read from elsewhere.`,
    );
  }
  transition(groupId, status, "update");
  const planned = counts.byState.PLANNED ?? 0;
  const begun = active.filter(({ state }) => state !== "PLANNED").length;
  return {
    action: "rebase",
    groupId,
    summary: `${groupId} would be read from ${where} on; ${readTo(offsets)}.`,
    before: { version, position: offsets?.position ?? null },
    after: { version: version + 1, ...request },
    notes: [
      ...(planned > 0 ? [`${counted(planned, "planned run")} would be cancelled.`] : []),
      ...(begun > 0 ? [`${counted(begun, "active run")} would be cancelled.`] : []),
      "The source is asked only when it is done.",
    ],
  };
}

function readTo(offsets: Description["schedule"]["offsets"]): string {
  return offsets === null
    ? "nothing is planned yet"
    : `it is planned up to ${JSON.stringify(offsets.position)}`;
}

interface SnapshotChoice {
  readonly force?: boolean;
}

/** Returns the effect of another full copy. */
export async function resnapshotEffect(
  api: Reader,
  groupId: string,
  { force = false }: SnapshotChoice,
): Promise<Effect> {
  const { SCHEDULE_STATUSES } = await import("@tidegate/core");
  const { schedule, sealedThrough, active } = await api.describe(groupId);
  const { origin, spec, status, watermark } = schedule;
  if (spec.mode !== "full-then-incremental") {
    throw refused(
      "SCHEDULE_INVALID",
      `${groupId} has the mode "${spec.mode}"; snapshots need "full-then-incremental".`,
    );
  }
  if (!SCHEDULE_STATUSES[status].plans)
    throw refused("SCHEDULE_STATUS_ILLEGAL", `${groupId} is ${status}, and plans nothing.`);
  if (sealedThrough !== null && sealedThrough > origin && !force) {
    throw refused(
      "SEALED",
      `${groupId} is sealed through ${timeText(sealedThrough)}; it would be copied with --force only.`,
    );
  }
  const { owed, snapshots } = await api.audit(groupId);
  const interval = { lower: owed?.lower ?? watermark, upper: owed?.upper ?? watermark };
  return {
    action: "resnapshot",
    groupId,
    summary: `Everything that ${groupId} reads would be copied again, at least up to ${timeText(interval.upper)}.`,
    before: null,
    after: { state: "PLANNED" },
    intervals: owed === null ? [] : [owed],
    notes: [
      ...(await sizeNotes(api, schedule, snapshots)),
      ...active.map(
        (run) => `Run ${run.id} is ${run.state} and would end before it, for ${intervalText(run)}.`,
      ),
    ],
  };
}

/** Says how much the copy before wrote, and how much was written since, as far as jobs have counted it. */
async function sizeNotes(
  api: Reader,
  { spec: { groupId }, watermark }: Schedule,
  snapshots: readonly SnapshotAudit[],
): Promise<string[]> {
  const copy = snapshots.findLast(({ state }) => state === "SUCCEEDED");
  const metrics = copy && (await api.getRun(copy.runId)).metrics;
  if (copy === undefined || metrics?.rowsWritten === undefined) return [];
  const { rowsWritten, bytesWritten } = metrics;
  const size = bytesWritten === undefined ? "" : ` (${counted(bytesWritten, "byte")})`;
  const since =
    watermark > copy.upTo ? await api.audit(groupId, { lower: copy.upTo, upper: watermark }) : undefined;
  return [
    `The copy before wrote ${counted(rowsWritten, "row")}${size}, and runs since then ${counted(since?.rowsWritten ?? 0, "row")}.`,
  ];
}

/** Returns the effect of registering a source group, or changing it. */
export async function setSourceEffect(api: Reader, info: SourceInfo): Promise<Effect> {
  const { sourceInfoSchema } = await import("@tidegate/core/schema");
  const { groupId } = info;
  const current = await sourceOf(api, groupId);
  const { data, error } = sourceInfoSchema.safeParse(info);
  if (error !== undefined) {
    const { message, path } = error.issues[0]!;
    throw refused("SCHEDULE_INVALID", `${path.join(".")}: ${message}.`);
  }
  const before = current === undefined ? null : fieldsOf(current.spec);
  const start = before?.startTime === undefined ? {} : { startTime: before.startTime };
  const { groupId: _, ...given } = data;
  const after = { ...start, ...given };
  const isSame = before !== null && isDeepStrictEqual(before, { ...before, ...after });
  return {
    action: isSame ? "none" : before === null ? "create" : "update",
    groupId,
    summary: isSame
      ? `${groupId} is that source group already.`
      : `Source group ${groupId} would be ${before === null ? "registered" : "changed"}.`,
    before,
    after,
    notes: [],
  };
}

function fieldsOf({ startTime, timezone, description, labels, freshness }: Schedule["spec"]) {
  return { startTime, timezone, description, labels, freshness };
}

async function sourceOf(api: Reader, groupId: string): Promise<Schedule | undefined> {
  const found = await api.get(groupId).catch((error: { readonly code?: unknown }) => {
    if (error.code === "SCHEDULE_NOT_FOUND") return undefined;
    throw error;
  });
  if (found === undefined || found.status === "SOURCE") return found;
  throw refused("SCHEDULE_EXISTS", `Group ${groupId} has a schedule, which is ${found.status}.`);
}
