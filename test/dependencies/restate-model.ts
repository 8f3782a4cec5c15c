import type { Run } from "@tidegate/core";
import { type ModelDependency, type ModelGroup, type ModelTree, windowIn } from "./model.js";

/**
 * A second reading of how far a restatement reaches, and of what waits for it, by brute force: interval by interval and
 * minute by minute, again and again until nothing is added.
 */

/** Time of a group that is to be made again with all that was made of it, minutes. */
export interface ModelRestatement {
  readonly group: number;
  readonly from: number;
  readonly to: number;
}

/** How far a restatement reaches: the minutes of each group that are run again, and the groups at which it stops. */
export interface ModelReach {
  readonly minutes: ReadonlyMap<number, ReadonlySet<number>>;
  readonly stops: readonly number[];
}

/** Returns the dependencies of a tree. */
function leavesOf(tree: ModelTree | undefined): readonly ModelDependency[] {
  if (tree === undefined) return [];
  if ("all" in tree) return tree.all.flatMap(leavesOf);
  return "any" in tree ? tree.any.flatMap(leavesOf) : [tree];
}

function* minutesBetween(from: number, to: number): Generator<number> {
  for (let minute = from; minute < to; minute += 1) yield minute;
}

/**
 * Returns how far a restatement reaches.
 *
 * @param ends - up to which minute the ledger of each group is planned and over
 */
export function expectedReach(
  groups: readonly ModelGroup[],
  { group: root, from, to }: ModelRestatement,
  ends: readonly number[],
): ModelReach {
  // The time of a source group is made again by others.
  const changed = new Map([
    [root, new Set(groups[root]!.reports === undefined ? [] : minutesBetween(from, to))],
  ]);
  const minutes = new Map([[root, new Set<number>()]]);
  const cellsOf = (no: number): { lower: number; minutes: number }[] => {
    const { start, period } = groups[no]!;
    const cells = [];
    for (let lower = start; lower + period <= ends[no]!; lower += period)
      cells.push({ lower, minutes: period });
    return cells;
  };
  const add = (no: number, { lower, minutes: length }: { lower: number; minutes: number }): boolean => {
    const known = minutes.get(no) ?? new Set();
    if (known.has(lower)) return false;
    for (const minute of minutesBetween(lower, lower + length)) known.add(minute);
    minutes.set(no, known);
    changed.set(no, known);
    return true;
  };
  if (groups[root]!.reports === undefined)
    for (const cell of cellsOf(root))
      if (cell.lower < to && cell.lower + cell.minutes > from) add(root, cell);
  const touches = (leaf: ModelDependency, no: number, cell: { lower: number; minutes: number }): boolean => {
    const time = changed.get(leaf.on);
    if (time === undefined || leaf.onRestate === "ignore") return false;
    return [...minutesBetween(...windowIn(groups[no]!, leaf.window, cell))].some((minute) =>
      time.has(minute),
    );
  };
  let hasGrown = true;
  while (hasGrown) {
    hasGrown = false;
    for (const [no, { tree, reports }] of groups.entries()) {
      if (reports !== undefined) continue;
      const leaves = leavesOf(tree);
      for (const cell of cellsOf(no))
        if (leaves.some((leaf) => touches(leaf, no, cell)) && add(no, cell)) hasGrown = true;
    }
  }
  const stops = [...groups.keys()].filter((no) => {
    if (groups[no]!.reports !== undefined) return false;
    const leaves = leavesOf(groups[no]!.tree);
    return leaves.some(
      ({ on }) =>
        (changed.get(on)?.size ?? 0) > 0 &&
        leaves.every((leaf) => leaf.on !== on || leaf.onRestate === "ignore"),
    );
  });
  return { minutes, stops };
}

/** Returns the runs that began although time which they read was still to be made again. */
export function prematureRuns(ledger: readonly Run[], appliedAt: number): readonly string[] {
  const again = ledger.filter(({ backfillId }) => backfillId?.startsWith("restate-") === true);
  return ledger
    .filter(({ submittedAt }) => submittedAt !== null && submittedAt > appliedAt)
    .flatMap((run) =>
      run.inputs
        // Only part of what it waits for is enough for some.
        .filter(({ isIgnored = false, missing = [] }) => !isIgnored && missing.length === 0)
        .flatMap(({ groupId, lower, upper }) =>
          again
            .filter(
              (other) =>
                other.groupId === groupId &&
                other.lower < upper &&
                other.upper > lower &&
                (other.endedAt === null || other.endedAt > run.submittedAt!),
            )
            .map((other) => `${run.id} of ${run.groupId} before ${other.id} of ${groupId}`),
        ),
    );
}
