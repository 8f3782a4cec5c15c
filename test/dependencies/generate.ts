import fc from "fast-check";
import type { ModelGroup, ModelTree, ModelWindow } from "./model.js";

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

function aGroup(index: number): fc.Arbitrary<ModelGroup> {
  return fc
    .record({
      period: fc.constantFrom(5, 10, 15, 20, 30, 45, 60, 90),
      start: fc.constantFrom(0, 0, 0, 30, 60, 100),
      tree: index === 0 ? fc.constant(undefined) : fc.option(aTree(index), { freq: 5, nil: undefined }),
      past: fc.constantFrom(undefined, undefined, undefined, "previous" as const, "all" as const),
      seed: fc.integer({ min: 1, max: 1_000 }),
      longest: fc.constantFrom(1, 3, 12, 40),
      failing: fc.constantFrom(0, 0, 0, 0.05, 0.3),
    })
    .map(({ seed, longest, failing, ...group }) => ({
      ...group,
      minutesOf: (n) => 1 + Math.floor(noise(seed, n) * longest),
      fails: (n) => noise(seed + 7_919, n) < failing,
    }));
}

/** A number from 0 up to 1 that looks random and follows from both. */
function noise(seed: number, n: number): number {
  const x = Math.sin(seed * 12.9898 + n * 78.233) * 43_758.5453;
  return x - Math.floor(x);
}
