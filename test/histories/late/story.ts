import fc from "fast-check";

/** How many intervals each group has. */
export const INTERVALS = 12;

/** Length of an interval, minutes. */
export const LENGTH = 10;

/** The fate of a job. */
export interface LateJob {
  /** How long it takes, minutes. */
  readonly lasts: number;
  readonly fails: boolean;
  /** How many intervals before its own its rows belong to: of the facts, and of its own group. */
  readonly facts: readonly number[];
  readonly own: readonly number[];
}

/** The acts of people and machines, and when, minutes. */
export type LateStep = { readonly at: number } & (
  | { readonly do: "pause" | "resume" | "restart" }
  | { readonly do: "crash"; readonly writes: number; readonly isWritten: boolean }
);

/** Arrivals whose rows belong to earlier intervals of facts, which read them. Plain data, as each history is. */
export interface LateStory {
  readonly onLate: "ignore" | "mark" | "restate";
  /** How long nothing more must have come, minutes. */
  readonly settle: number;
  /** In turn, by the order of submission. */
  readonly arrivals: readonly LateJob[];
  readonly facts: readonly LateJob[];
  readonly steps: readonly LateStep[];
}

const back = fc.uniqueArray(fc.integer({ min: 1, max: INTERVALS }), { maxLength: 3 });
const lasts = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 25 }));
const fails = fc.constantFrom(false, false, false, true);
const at = fc.integer({ min: 1, max: 2 * INTERVALS * LENGTH });
const none = fc.constant<number[]>([]);

const step: fc.Arbitrary<LateStep> = fc.oneof(
  fc.record({ at, do: fc.constantFrom("pause" as const, "resume" as const, "restart" as const) }),
  fc.record({
    at,
    do: fc.constant("crash" as const),
    writes: fc.integer({ min: 1, max: 6 }),
    isWritten: fc.boolean(),
  }),
);

export const lateStories: fc.Arbitrary<LateStory> = fc.record({
  onLate: fc.constantFrom("ignore", "mark", "restate", "restate", "restate"),
  settle: fc.integer({ min: 1, max: 30 }),
  arrivals: fc.array(fc.record({ lasts, fails, facts: back, own: back }), { minLength: 1, maxLength: 6 }),
  facts: fc.array(fc.record({ lasts, fails, facts: none, own: none }), { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { maxLength: 5 }).map((steps) => steps.sort((a, b) => a.at - b.at)),
});
