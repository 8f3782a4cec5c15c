import type { DeadlineRecord, Run, Schedule, StaleRun } from "@tidegate/core";
import type { Tone } from "../../parts/badge.js";

/** Something that needs a person. */
export interface Concern {
  readonly key: string;
  readonly rank: number;
  readonly tone: Tone;
  readonly title: string;
  readonly groupId: string;
  readonly runId: string | null;
  /** More of it, as others have worded it. */
  readonly detail: string;
  /** The time of the group that it is about. */
  readonly interval: { readonly lower: number; readonly upper: number } | null;
  readonly since: number;
}

/** All that may need a person, as it was read. */
export interface Sources {
  readonly blocking: readonly Run[];
  readonly failed: readonly Run[];
  readonly doubtful: readonly Run[];
  readonly deadlines: readonly DeadlineRecord[];
  readonly refused: readonly Schedule[];
  readonly stale: readonly StaleRun[];
}

/** Returns what needs a person, worst first: by what it holds up, then the longest since. */
export function concernsOf(sources: Sources): Concern[] {
  const { blocking, failed, doubtful, deadlines, refused, stale } = sources;
  const held = new Set(blocking.map(({ id }) => id));
  return [
    ...blocking.map((run) => ofRun(run, 0, "bad", "Blocked: later runs wait for this one")),
    ...refused.map(ofSchedule),
    ...deadlines.map(ofDeadline),
    ...doubtful.map((run) => ofRun(run, 4, "bad", "Doubtful: its job may still be working")),
    ...failed
      .filter(({ id, isSuperseded }) => !held.has(id) && !isSuperseded)
      .map((run) => ofRun(run, 5, "bad", "Failed")),
    ...stale.map(ofStale),
  ].sort((a, b) => a.rank - b.rank || a.since - b.since);
}

function ofRun(run: Run, rank: number, tone: Tone, title: string): Concern {
  return {
    key: `${title}/${run.id}`,
    rank,
    tone,
    title,
    groupId: run.groupId,
    runId: run.id,
    detail: run.error?.message ?? "",
    interval: run,
    since: run.endedAt ?? run.plannedAt,
  };
}

function ofSchedule({ spec, statusReason, updatedAt }: Schedule): Concern {
  return {
    key: `refused/${spec.groupId}`,
    rank: 1,
    tone: "bad",
    title: "Refused by its engine",
    groupId: spec.groupId,
    runId: null,
    detail: statusReason ?? "",
    interval: null,
    since: updatedAt,
  };
}

const SUBJECTS: Readonly<Record<DeadlineRecord["subject"], string>> = {
  interval: "Deadline",
  freshness: "Freshness",
  data: "Data of the source",
  headroom: "Retention of the source",
};

function ofDeadline(record: DeadlineRecord): Concern {
  const isMissed = record.state === "MISSED";
  const what = SUBJECTS[record.subject];
  return {
    key: `deadline/${record.groupId}/${record.subject}/${record.lower}`,
    rank: isMissed ? 2 : 3,
    tone: isMissed ? "bad" : "warn",
    title: `${what} ${isMissed ? "missed" : "at risk"}`,
    groupId: record.groupId,
    runId: null,
    detail: record.reason ?? "",
    interval: record.subject === "interval" ? record : null,
    since: record.since,
  };
}

function ofStale({ run, state }: StaleRun): Concern {
  const title = state === "stale" ? "Stale: its input has changed since" : "Tainted: has read stale data";
  return { ...ofRun(run, state === "stale" ? 6 : 7, "warn", title), since: run.staleAt ?? run.plannedAt };
}
