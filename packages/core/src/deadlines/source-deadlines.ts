import { isExpiring } from "../offset/headroom.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import type { DeadlineWatch } from "../store/deadline-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { judgeMoving, type MovingTerms } from "./moving-deadline.js";
import { changed, type Found } from "./open-records.js";

const NOTHING: Found = { records: [], lookAt: Number.POSITIVE_INFINITY };

/** Judges whether a source had something new in time: a deadline that moves with each look that finds something. */
export async function judgeData(
  store: Pick<ScheduleStore, "listDeadlines">,
  watch: DeadlineWatch,
  { spec, offsets, nextFireAt }: Schedule,
  terms: MovingTerms,
): Promise<Found> {
  const { expectData } = spec;
  if (expectData == null) return NOTHING;
  const through = offsets?.dataAt ?? watch.since;
  const { withinMs } = expectData;
  const hasEnded = nextFireAt === null;
  return judgeMoving(store, watch, { subject: "data", through, withinMs, hasEnded, metAt: through }, terms);
}

/**
 * Judges whether unread positions of a source stay readable for long enough: they are at risk from the look that found
 * too little headroom to the one that finds enough. Pure.
 */
export function judgeHeadroom(
  watch: DeadlineWatch,
  { spec, offsets, watermark }: Schedule,
  { open, now }: Pick<MovingTerms, "open" | "now">,
): Found {
  const known = open.find(({ subject }) => subject === "headroom");
  const isAtRisk = offsets !== null && isExpiring(offsets, new Grid(spec), watermark);
  if (!isAtRisk) {
    if (known === undefined) return NOTHING;
    return { ...NOTHING, records: [changed(known, "ON_TIME", null, now, now)] };
  }
  if (known !== undefined) return NOTHING;
  const { lookedAt, headroomMs = 0 } = offsets;
  const bounds = { lower: lookedAt, upper: lookedAt, deadlineAt: lookedAt + headroomMs };
  const record = {
    groupId: watch.groupId,
    subject: "headroom",
    ...bounds,
    state: "AT_RISK",
    reason: null,
  } as const;
  return { ...NOTHING, records: [{ ...record, since: now, metAt: null, told: "PENDING", tellAt: null }] };
}
