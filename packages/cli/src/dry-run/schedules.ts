import type { Description, Schedule } from "@tidegate/core";
import type { Reader } from "../api/api.js";
import { everyItem } from "../input/pages.js";
import { intervalText } from "../output/time-text.js";
import { counted, type Effect, refused } from "./effect.js";

/** Returns the effect of a pause. */
export async function pauseEffect(api: Reader, groupId: string, note = ""): Promise<Effect> {
  const { transition } = await import("@tidegate/core");
  const { status, statusReason, waitingRuns, gatedRuns, admittedRuns } = await api.get(groupId);
  const after = { status: transition(groupId, status, "pause"), statusReason: note === "" ? null : note };
  const isSame = after.status === status && after.statusReason === statusReason;
  const waiting = waitingRuns + gatedRuns;
  return {
    action: isSame ? "none" : "pause",
    groupId,
    summary: `${groupId} ${isSame ? "is" : "would be"} ${after.status}${isSame ? "" : `; it is ${status}`}.`,
    before: { status, statusReason },
    after,
    notes: isSame
      ? []
      : [
          ...(waiting > 0 ? [`${counted(waiting, "run")} would stay planned and wait.`] : []),
          ...(admittedRuns > 0
            ? [`${counted(admittedRuns, "run")} with a place would finish if begun, and else wait.`]
            : []),
        ],
  };
}

/** Returns the effect of a resumption, with the time that would be planned. */
export async function resumeEffect(api: Reader, groupId: string): Promise<Effect> {
  const { SCHEDULE_STATUSES, transition } = await import("@tidegate/core");
  const { spec, status, statusReason, unreadable, waitingRuns, blockingRuns } = await api.get(groupId);
  const before = { status, statusReason };
  if (SCHEDULE_STATUSES[status].plans) {
    return { action: "none", groupId, summary: `${groupId} is ${status}.`, before, after: before, notes: [] };
  }
  const after = { status: transition(groupId, status, "resume"), statusReason: null };
  if (unreadable !== null) throw refused("SCHEDULE_UNREADABLE", `${groupId}: cannot be read: ${unreadable}`);
  const { owed } = await api.audit(groupId);
  const unblocked = spec.onFailure === "pause" ? blockingRuns : 0;
  return {
    action: "resume",
    groupId,
    summary: `${groupId} would be ${after.status}; it is ${status}.`,
    before,
    after,
    intervals: owed === null ? [] : [owed],
    notes: [
      ...(owed === null ? [] : [`This time is owed; catchup: ${spec.catchup} says how it would run.`]),
      ...(waitingRuns > 0 ? [`${counted(waitingRuns, "run")} that wait would go on.`] : []),
      ...(unblocked > 0 ? [`${counted(unblocked, "failed run")} would block it no more.`] : []),
    ],
  };
}

/** Returns the effect of a move to another engine. @throws ManagerError ENGINE_UNKNOWN if the manager does not have it */
export async function moveEffect(api: Reader, groupId: string, engine: string): Promise<Effect> {
  const { transition } = await import("@tidegate/core");
  const { spec, status, version } = await api.get(groupId);
  const before = { engine: spec.engine, version };
  if (spec.engine === engine) {
    return {
      action: "none",
      groupId,
      summary: `${groupId} is on ${engine}.`,
      before,
      after: before,
      notes: [],
    };
  }
  transition(groupId, status, "update");
  await api.preview({ ...spec, engine }, 1);
  const summary = `${groupId} would move from ${spec.engine} to ${engine}.`;
  return { action: "move", groupId, summary, before, after: { engine, version: version + 1 }, notes: [] };
}

/** Options of `delete`. */
export interface DeleteOptions {
  readonly purge?: boolean;
  readonly force?: boolean;
}

/** Returns the effect of an unregistration, with or without a purge. */
export async function deleteEffect(
  api: Reader,
  groupId: string,
  { purge = false, force = false }: DeleteOptions,
): Promise<Effect> {
  const { transition } = await import("@tidegate/core");
  const description = await api.describe(groupId);
  const { status } = description.schedule;
  if (!force) await refuseDependedOn(api, groupId);
  const isEnded = status === "DELETED";
  const isPurgedSource = status === "SOURCE" && purge;
  const ending = isEnded || isPurgedSource ? status : transition(groupId, status, "unregister");
  const runs = Object.values(description.counts.byState).reduce((sum, count) => sum + count, 0);
  if (purge && !isPurgedSource) refuseActive(description);
  const isSame = isEnded && !purge;
  return {
    action: isSame ? "none" : purge ? "purge" : "delete",
    groupId,
    summary: isSame
      ? `${groupId} is ${status}.`
      : `${groupId} would be ${purge ? "purged" : ending}; it is ${status}.`,
    before: { status, runs },
    after: purge ? null : { status: ending, runs },
    notes: [
      ...planned(description),
      ...(purge ? [`Its ledger of ${counted(runs, "run")} would be gone.`] : []),
    ],
  };
}

function planned({ schedule, counts }: Description): string[] {
  const waiting = schedule.status === "DELETED" ? 0 : (counts.byState.PLANNED ?? 0);
  return waiting === 0 ? [] : [`${counted(waiting, "planned run")} would be cancelled.`];
}

function refuseActive({ schedule, active }: Description): void {
  const run = active.find(({ state }) => state !== "PLANNED");
  if (run === undefined) return;
  const { groupId } = schedule.spec;
  throw refused(
    "SCHEDULE_STATUS_ILLEGAL",
    `${groupId} would be unregistered but not purged: run ${run.id} is ${run.state}, for ${intervalText(run)}.`,
  );
}

async function refuseDependedOn(api: Reader, groupId: string): Promise<void> {
  const { upstreamsOf } = await import("@tidegate/core/store");
  const dependsOnIt = ({ spec, unreadable }: Schedule): boolean =>
    unreadable === null && spec.groupId !== groupId && upstreamsOf(spec).includes(groupId);
  const { SCHEDULE_STATUSES } = await import("@tidegate/core");
  for await (const schedule of everyItem((page) => api.list({}, page))) {
    if (!SCHEDULE_STATUSES[schedule.status].isRegistered || !dependsOnIt(schedule)) continue;
    throw refused(
      "DEPENDED_ON",
      `Group ${groupId} is depended on by ${schedule.spec.groupId}; it would be deleted with --force only.`,
    );
  }
}
