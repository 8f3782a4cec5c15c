import { checkedSpec } from "../../schedule/stored-spec.js";
import type { NewSchedule } from "../schedule-table.js";
import { frozenCopy } from "./frozen-copy.js";
import { IndexedHeap, NOT_QUEUED } from "./indexed-heap.js";
import type { Group, RunRow } from "./rows.js";
import { RunIndex } from "./run-index.js";
import { comparePositions } from "./run-position.js";

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
    runs: new RunIndex<RunRow>(),
    open: new Set(),
    waiting: new IndexedHeap<RunRow>((a, b) => comparePositions(a.run, b.run)),
    turns: new Set(),
    heapIndex: NOT_QUEUED,
  };
}
