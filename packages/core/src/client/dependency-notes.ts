import { type Dependency, leavesOf } from "../dependency/dependency.js";
import { windowOf } from "../dependency/window.js";
import { windowCalendarOf } from "../schedule/dependencies-of.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { DependencyGraph } from "./dependency-graph.js";
import { iso } from "./instants.js";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** How many intervals are compared with the other group's. */
const COMPARED = 50;

/**
 * Returns what a person should know about a schedule's dependencies: a cycle in which runs wait for themselves,
 * groups that cannot cover anything for now, and how long each run waits because another group's interval ends
 * later.
 */
export async function dependencyNotes(
  store: Pick<ScheduleStore, "getSchedules">,
  spec: ScheduleSpec,
): Promise<string[]> {
  if (spec.dependsOn == null) return [];
  const leaves = leavesOf(spec.dependsOn);
  const ids = [...new Set(leaves.map(({ dependency }) => dependency.groupId))];
  const schedules = await store.getSchedules(ids);
  const stateNotes = ids.flatMap((id, index) => noteOn(id, schedules[index]));
  const known = new Map(ids.map((id, index) => [id, schedules[index]]));
  const waitNotes = leaves.flatMap(({ field, dependency }) => {
    const upstream = known.get(dependency.groupId);
    if (
      upstream === undefined ||
      upstream.unreadable !== null ||
      upstream.status === "SOURCE" ||
      dependency.groupId === spec.groupId
    )
      return [];
    const beginning = beginningNote(spec, field, dependency, upstream);
    const waitMs = longestWaitMs(spec, dependency.window, new Grid(upstream.spec));
    if (waitMs === 0) return beginning;
    return [
      ...beginning,
      `${field}: each run waits up to ${lengthText(waitMs)} after its interval has ended, because one of ${dependency.groupId} ends later.`,
    ];
  });
  return [...(await cycleNotes(store, spec)), ...stateNotes, ...waitNotes];
}

/** Two registrations at the same moment may close a cycle that neither has seen. */
async function cycleNotes(store: Pick<ScheduleStore, "getSchedules">, spec: ScheduleSpec): Promise<string[]> {
  const [cycle] = await new DependencyGraph(store).add([spec]);
  return cycle === undefined ? [] : [`${cycle.message} Change one of these schedules.`];
}

function noteOn(groupId: string, schedule: Schedule | undefined): string[] {
  if (schedule === undefined) {
    return [`dependsOn: ${groupId} has no schedule yet; runs wait until it has one that covers their time.`];
  }
  const { status, statusReason } = schedule;
  if (status === "SOURCE") return [];
  if (!SCHEDULE_STATUSES[status].isRegistered)
    return [`dependsOn: ${groupId} is unregistered; only what its ledger has covered before counts.`];
  if (status === "PAUSED") return [`dependsOn: ${groupId} is paused: ${statusReason || "no note"}.`];
  return [];
}

/** Says that the first runs do not wait for time before the other ledger's beginning, if they would. */
function beginningNote(
  spec: ScheduleSpec,
  field: string,
  { beforeOrigin, groupId, window }: Dependency,
  { origin }: Schedule,
): string[] {
  const grid = new Grid(spec);
  const first = grid.next(grid.origin() ?? spec.startTime);
  if (beforeOrigin === "wait" || first === undefined) return [];
  if (windowOf(window, first, windowCalendarOf(spec, grid)).lower >= origin) return [];
  return [
    `${field}: the ledger of ${groupId} begins at ${iso(origin)}; runs do not wait for time before that (beforeOrigin).`,
  ];
}

/** Returns how long after the end of a run's interval the last of the other group's that it needs ends, ms. */
function longestWaitMs(spec: ScheduleSpec, window: Parameters<typeof windowOf>[0], upstream: Grid): number {
  const grid = new Grid(spec);
  const calendar = windowCalendarOf(spec, grid);
  let longest = 0;
  let interval = grid.next(grid.origin() ?? spec.startTime);
  for (
    let count = 0;
    interval !== undefined && interval.upper > interval.lower && count < COMPARED;
    count += 1
  ) {
    const { lower, upper } = windowOf(window, interval, calendar);
    if (upper > lower) longest = Math.max(longest, upstream.step(upper - 1, 1) - interval.upper);
    interval = grid.next(interval.upper);
  }
  return longest;
}

function lengthText(ms: number): string {
  return ms >= HOUR_MS ? `${Math.ceil(ms / HOUR_MS)} h` : `${Math.ceil(ms / MINUTE_MS)} min`;
}
