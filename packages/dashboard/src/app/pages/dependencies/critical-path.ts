import type { Interval, Run } from "@tidegate/core";

/** A link of the chain of waits: a run, or time that no run is planned for yet. */
export interface PathStep {
  readonly groupId: string;
  /** `undefined` if none is planned: the time is not due yet, or not reported. */
  readonly run: Run | undefined;
  /** How long the group's runs usually take, ms; `undefined` if none has succeeded. */
  readonly typicalMs: number | undefined;
  /** When it will have ended if all goes as usual, epoch ms; `undefined` if that cannot be said. */
  readonly endsAt: number | undefined;
}

/** The chain of waits that makes a run late: the run first, then always the one that it waits for longest. */
export type CriticalPath = readonly PathStep[];

/** The reads from which a path is made. */
export interface PathReader {
  /** Returns the oldest runs of a group that are planned, active or failed. */
  openRuns(groupId: string): Promise<readonly Run[]>;
  /** Returns some of the newest runs of a group that have succeeded. */
  doneRuns(groupId: string): Promise<readonly Run[]>;
}

/** Most links: a longer chain is cut where it begins. */
const MOST_LINKS = 12;

/** Most runs that are looked at; a picture of more would not be read. */
const MOST_LOOKS = 60;

/** Returns the median time from start to end of runs, ms; `undefined` without any. */
export function typicalMs(runs: readonly Run[]): number | undefined {
  const times = runs
    .flatMap(({ startedAt, submittedAt, endedAt }) => {
      const begin = startedAt ?? submittedAt;
      return begin === null || endedAt === null ? [] : [endedAt - begin];
    })
    .sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}

/** Follows the waits of a run to what it waits for longest. */
export async function criticalPath(reader: PathReader, run: Run, now: number): Promise<CriticalPath> {
  let looks = 0;
  const follow = async (groupId: string, next: Run | undefined, depth: number): Promise<CriticalPath> => {
    looks += 1;
    const typical = typicalMs(await reader.doneRuns(groupId));
    const step = { groupId, run: next, typicalMs: typical };
    const waits = next === undefined || depth >= MOST_LINKS ? [] : waitsOf(next);
    const branches: CriticalPath[] = [];
    for (const { groupId: other, missing } of waits) {
      if (looks >= MOST_LOOKS) break;
      const open = (await reader.openRuns(other)).filter(({ id }) => id !== next!.id);
      const [first] = open.filter((each) => missing.some((part) => intersects(each, part)));
      // A run that holds it in its own lane comes before it.
      if (other !== groupId || first !== undefined) branches.push(await follow(other, first, depth + 1));
    }
    const longest = branches.sort(byEnd)[0] ?? [];
    return [{ ...step, endsAt: endOf(step, longest[0], now) }, ...longest];
  };
  return follow(run.groupId, run, 1);
}

/** Returns the groups that a run waits for, each with the time that it lacks. */
function waitsOf({
  groupId,
  state,
  place,
  lower,
  wait,
}: Run): { groupId: string; missing: readonly Interval[] }[] {
  if (state !== "PLANNED") return [];
  if (place === "waiting") return [{ groupId, missing: [{ lower: Number.MIN_SAFE_INTEGER, upper: lower }] }];
  return (wait?.unmet ?? []).map(({ groupId: other, missing }) => ({ groupId: other, missing }));
}

function endOf(
  { run, typicalMs: typical }: Omit<PathStep, "endsAt">,
  waitsFor: PathStep | undefined,
  now: number,
): number | undefined {
  if (run === undefined || run.state === "FAILED" || typical === undefined) return undefined;
  if (waitsFor !== undefined) return waitsFor.endsAt === undefined ? undefined : waitsFor.endsAt + typical;
  if (run.state !== "PLANNED") return Math.max(now, (run.startedAt ?? run.submittedAt ?? now) + typical);
  // A gate of another kind may open at any time.
  return run.place === "gated" ? undefined : Math.max(now, run.readyAt ?? now) + typical;
}

/** The chain that ends last comes first: before all, one that needs a person, then one whose end is not known. */
function byEnd(a: CriticalPath, b: CriticalPath): number {
  return rank(b) - rank(a);
}

function rank(path: CriticalPath): number {
  const { run } = path.at(-1)!;
  if (run?.state === "FAILED") return Number.POSITIVE_INFINITY;
  return path[0]!.endsAt ?? Number.MAX_SAFE_INTEGER;
}

function intersects(a: Interval, b: Interval): boolean {
  return a.lower < b.upper && a.upper > b.lower;
}
