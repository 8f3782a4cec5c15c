import fc from "fast-check";
import type { ModelGroup, ModelReport, ModelTree, ModelWindow } from "./model.js";

/** Random groups of which each depends only on those before it, so that there is no cycle. */
export const someGroups: fc.Arbitrary<readonly ModelGroup[]> = fc
  .integer({ min: 2, max: 12 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => aGroup(index))));

const aWindow: fc.Arbitrary<ModelWindow> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.integer({ min: 1, max: 120 }).map((minutes) => ({ from: -minutes })),
  fc.integer({ min: 1, max: 120 }).map((minutes) => ({ from: -minutes, to: -minutes })),
  fc.integer({ min: 1, max: 30 }).map((minutes) => ({ to: minutes })),
  fc.integer({ min: 1, max: 4 }).map((intervals) => ({ fromIntervals: -intervals })),
  fc.constant({ isWholeHours: true }),
  fc.integer({ min: 1, max: 2 }).map((hours) => ({ isWholeHours: true, from: -60 * hours, to: -60 * hours })),
);

function aLeaf(before: number): fc.Arbitrary<ModelTree> {
  return fc.record({
    on: fc.integer({ min: 0, max: before - 1 }),
    window: aWindow,
    mayMiss: fc.oneof(
      { weight: 4, arbitrary: fc.constant({ minutes: 0 }) },
      // Shorter than any window.
      fc.integer({ min: 1, max: 4 }).map((minutes) => ({ minutes })),
      fc.constantFrom(1, 20, 50).map((percent) => ({ percent })),
    ),
    timeout: fc.option(
      fc.record({
        minutes: fc.integer({ min: 1, max: 90 }),
        action: fc.constantFrom("fail" as const, "run" as const),
      }),
      { freq: 3, nil: undefined },
    ),
    isSettledEnough: fc.constantFrom(false, false, true),
    onRestate: fc.constantFrom("mark", "mark", "rerun", "ignore"),
  }) as fc.Arbitrary<ModelTree>;
}

function aTree(before: number): fc.Arbitrary<ModelTree> {
  const leaves = fc.array(aLeaf(before), { minLength: 1, maxLength: 3 });
  const branch = fc.oneof(
    leaves.map((all): ModelTree => ({ all })),
    leaves.map((any): ModelTree => ({ any })),
  );
  return fc.oneof(
    { weight: 2, arbitrary: aLeaf(before) },
    branch,
    fc.tuple(branch, aLeaf(before)).map((all): ModelTree => ({ all })),
    fc.tuple(branch, branch).map((any): ModelTree => ({ any })),
  );
}

/** A report of some time, long before or after it is over. */
const aReport: fc.Arbitrary<ModelReport> = fc
  .record({
    at: fc.integer({ min: 1, max: 400 }),
    from: fc.integer({ min: -6, max: 40 }).map((tens) => 10 * tens),
    length: fc.integer({ min: 6, max: 72 }).map((tens) => 10 * tens),
    version: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ length, ...report }) => ({ ...report, to: report.from + length }));

const someReports = fc
  .array(aReport, { minLength: 1, maxLength: 12 })
  .map((reports) => reports.sort((a, b) => a.at - b.at));

/** Moments at which something happens to an interval: minutes and its number. */
const someMoments = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: 60 })), { maxLength: 4 })
  .map((moments) => new Map(moments));

function aGroup(index: number): fc.Arbitrary<ModelGroup> {
  return fc
    .record({
      period: fc.constantFrom(5, 10, 15, 20, 30, 45, 60, 90),
      start: fc.constantFrom(0, 0, 0, 30, 60, 100),
      owed: fc.constantFrom(0, 0, 0, 1, 2, 7),
      catchup: fc.constantFrom("each" as const, "coalesce" as const, "drop" as const),
      blocks: fc.constantFrom(false, false, true),
      zone: fc.constantFrom<ModelGroup["zone"]>(
        "UTC",
        "UTC",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
      ),
      width: fc.constantFrom(1, 1, 1, 2, 3),
      cancels: someMoments,
      reruns: someMoments,
      tree: index === 0 ? fc.constant(undefined) : fc.option(aTree(index), { freq: 5, nil: undefined }),
      past: fc.constantFrom(undefined, undefined, undefined, "previous" as const, "all" as const),
      seed: fc.integer({ min: 1, max: 1_000 }),
      longest: fc.constantFrom(1, 3, 12, 40),
      failing: fc.constantFrom(0, 0, 0, 0.05, 0.3),
      reports: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, someReports),
      lookback: fc.constantFrom(0, 0, 1, 3),
      touching: fc.constantFrom(0, 0, 0.05, 0.2),
    })
    .map(({ seed, longest, failing, touching, reruns, width, owed, blocks, ...group }) => ({
      ...group,
      tree: group.tree === undefined || group.past === undefined ? group.tree : withoutReruns(group.tree),
      start: owed === 0 ? group.start : -owed * group.period,
      width: group.tree === undefined && group.past === undefined ? width : 1,
      blocks: blocks && (width === 1 || group.tree !== undefined || group.past !== undefined),
      // A run that waits for its own past waits for what is read again of it, too.
      lookback: group.past === undefined ? group.lookback : 0,
      reruns: group.past === undefined ? reruns : new Map(),
      touches: (n: number) => (noise(seed + 104_729, n) < touching ? [1, 3] : []),
      minutesOf: (n) => 1 + Math.floor(noise(seed, n) * longest),
      fails: (n) => noise(seed + 7_919, n) < failing,
    }));
}

function withoutReruns(tree: ModelTree): ModelTree {
  if ("all" in tree) return { all: tree.all.map(withoutReruns) };
  if ("any" in tree) return { any: tree.any.map(withoutReruns) };
  return tree.onRestate === "rerun" ? { ...tree, onRestate: "mark" } : tree;
}

/** A number from 0 up to 1 that looks random and follows from both. */
function noise(seed: number, n: number): number {
  const x = Math.sin(seed * 12.9898 + n * 78.233) * 43_758.5453;
  return x - Math.floor(x);
}
