import type { EpochMs } from "../../clock/clock.js";
import type { Schedule, ScheduleVersion } from "../../schedule/schedule.js";
import { checkedSpec } from "../../schedule/stored-spec.js";
import type { NewSchedule } from "../schedule-table.js";
import { frozenCopy } from "./frozen-copy.js";
import { type HeapItem, IndexedHeap, NOT_QUEUED } from "./indexed-heap.js";
import { RunIndex } from "./run-index.js";
import { comparePositions, type RunRow } from "./run-row.js";

/** A schedule with everything that belongs to its group, queued by its next fire. */
export interface Group extends HeapItem {
  readonly groupId: string;
  readonly schedule: { -readonly [Field in keyof Schedule]: Schedule[Field] };
  /** Oldest first. */
  readonly versions: ScheduleVersion[];
  laneWidth: number;
  /** Since when planning waits for runs to end, epoch ms: see `PlanCommit.waits`. */
  waitsSince: EpochMs | undefined;
  readonly runs: RunIndex;
  /** Runs of all kinds that have not ended. */
  readonly open: Set<RunRow>;
  /** Runs of the live lane that wait for a place, oldest first. */
  readonly waiting: IndexedHeap<RunRow>;
  /** Gated runs of the live lane that keep their turn. */
  readonly turns: Set<RunRow>;
}

/** Returns the group of a schedule in its first version. */
export function newGroup(added: NewSchedule): Group {
  const { status, incarnation, origin, watermark, nextFireAt, laneWidth, tzdata, createdAt } = added;
  const { offsets = null } = added;
  const { groupId, engine } = added.spec;
  const { spec, unreadable } = checkedSpec(frozenCopy(added.spec), { groupId, engine, origin });
  return {
    groupId: spec.groupId,
    schedule: {
      spec,
      unreadable,
      version: 1,
      status,
      statusReason: null,
      incarnation,
      origin,
      watermark,
      nextFireAt,
      offsets: frozenCopy(offsets),
      admittedRuns: 0,
      gatedRuns: 0,
      waitingRuns: 0,
      blockingRuns: 0,
      createdAt,
      updatedAt: createdAt,
    },
    versions: [Object.freeze({ version: 1, spec, unreadable, tzdata, since: watermark, createdAt })],
    laneWidth,
    waitsSince: undefined,
    runs: new RunIndex(),
    open: new Set(),
    waiting: new IndexedHeap<RunRow>((a, b) => comparePositions(a.run, b.run)),
    turns: new Set(),
    heapIndex: NOT_QUEUED,
  };
}
