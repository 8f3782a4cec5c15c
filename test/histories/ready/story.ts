import fc from "fast-check";

/** How many intervals each group has. */
export const INTERVALS = 6;

/** Length of an interval, minutes. */
export const LENGTH = 10;

/** How long people, machines and the source do what they like, minutes. Afterwards the source is complete, and can be asked. */
export const TROUBLED = 2 * INTERVALS * LENGTH;

/** The fate of a question to the source. */
export interface ReadyAnswer {
  /** How long it takes, ms. */
  readonly takes: number;
  /** `silent`: it is never answered; `garbage`: by something else than an answer. */
  readonly is: "truth" | "error" | "garbage" | "silent";
  /** The wait that a source asks for that is not ready, seconds; 0: none. */
  readonly retryAfter: number;
}

/** The acts of people and machines, and when, minutes. */
export type ReadyStep = { readonly at: number } & (
  | { readonly do: "pause" | "resume" | "restart" | "mark" }
  | { readonly do: "crash"; readonly writes: number; readonly isWritten: boolean }
);

/** A source that two groups wait for, which ask the same. Plain data, as each history is. */
export interface ReadyStory {
  readonly overlap: "queue" | "allow";
  /** Whether the source says up to when it is complete. */
  readonly hasWatermark: boolean;
  /** How long after the end of each interval the source is complete, minutes. */
  readonly completeAfter: readonly number[];
  /** When the source is not ready whatever it said before, minutes. */
  readonly relapses: readonly { readonly from: number; readonly lasts: number }[];
  /** In turn, by the order of the questions. */
  readonly answers: readonly ReadyAnswer[];
  /** How long the jobs take, minutes, in turn. */
  readonly lasts: readonly number[];
  readonly steps: readonly ReadyStep[];
}

const at = fc.integer({ min: 1, max: TROUBLED });

const answer: fc.Arbitrary<ReadyAnswer> = fc.record({
  takes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 600 }), fc.integer({ min: 600, max: 29_000 })),
  is: fc.constantFrom<ReadyAnswer["is"]>("truth", "truth", "truth", "truth", "error", "garbage", "silent"),
  retryAfter: fc.constantFrom(0, 0, 0, 30, 400),
});

const step: fc.Arbitrary<ReadyStep> = fc.oneof(
  fc.record({
    at,
    do: fc.constantFrom("pause" as const, "resume" as const, "restart" as const, "mark" as const),
  }),
  fc.record({
    at,
    do: fc.constant("crash" as const),
    writes: fc.integer({ min: 1, max: 6 }),
    isWritten: fc.boolean(),
  }),
);

export const readyStories: fc.Arbitrary<ReadyStory> = fc.record({
  overlap: fc.constantFrom("queue", "allow"),
  hasWatermark: fc.boolean(),
  completeAfter: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 })), {
    minLength: INTERVALS,
    maxLength: INTERVALS,
  }),
  relapses: fc.array(fc.record({ from: at, lasts: fc.integer({ min: 1, max: 20 }) }), { maxLength: 3 }),
  answers: fc.array(answer, { minLength: 1, maxLength: 6 }),
  lasts: fc.array(fc.constantFrom(0, 0, 1, 7), { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { maxLength: 5 }).map((steps) => steps.sort((a, b) => a.at - b.at)),
});
