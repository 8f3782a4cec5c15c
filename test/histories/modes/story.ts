import type { BackfillSelect, ScheduleInfo } from "@tidegate/core";
import fc from "fast-check";

/** How many intervals the source writes rows in. */
export const INTERVALS = 8;

/** Length of an interval, minutes. */
export const LENGTH = 10;

/** How long people, machines and jobs do what they like, minutes. */
export const TROUBLED = INTERVALS * LENGTH;

/** The fate of a submission and its job, or of a shard. */
export interface ModeJob {
  /** How long it takes, minutes. */
  readonly lasts: number;
  /** `lossy`: succeeds, and the first increment of an interval whose rows are verified has written only every other one. */
  readonly ends: "succeeded" | "failed" | "malformed" | "lossy";
  /** `lost`: taken, but the answer is an error. */
  readonly submit: "quick" | "lost" | "away";
  readonly cancel: "stops" | "rejects" | "finishes";
  /** The fate of a merge: `lost` is made, but its answer is an error. */
  readonly merge: "made" | "fails" | "lost";
}

/** The fields that an update changes. */
export interface ModeSettings {
  readonly mode: NonNullable<ScheduleInfo["mode"]>;
  readonly overlap: NonNullable<ScheduleInfo["overlap"]>;
  readonly onFailure: NonNullable<ScheduleInfo["onFailure"]>;
  readonly catchup: NonNullable<ScheduleInfo["catchup"]>;
  readonly maxAttempts: number;
  /** Minutes; 0: unlimited. */
  readonly timeout: number;
  readonly isSplit: boolean;
  /** How many intervals each run reads again later, 0: none. */
  readonly lookback: number;
}

/** The acts of people and machines, and when, minutes. */
export type ModeStep = { readonly at: number } & (
  | { readonly do: "pause" | "resume" | "unregister" | "resnapshot" | "trigger" }
  | { readonly do: "register" | "rebase" }
  | { readonly do: "restart" }
  | { readonly do: "update"; readonly set: Partial<ModeSettings>; readonly adopts: boolean }
  | { readonly do: "cancel"; readonly nth: number }
  | { readonly do: "retry"; readonly nth: number; readonly latest: boolean; readonly resplit: boolean }
  | { readonly do: "backfill"; readonly from: number; readonly to: number; readonly select: BackfillSelect }
  | { readonly do: "rerun" | "seal"; readonly nth: number }
  | { readonly do: "crash"; readonly writes: number; readonly isWritten: boolean }
);

/** A group whose mode changes while its jobs succeed, fail and are lost. Plain data, as each history is. */
export interface ModeStory {
  readonly boundaryType: "TIME" | "OFFSET";
  readonly first: ModeSettings;
  /** Whether each run is verified, and none is split. */
  readonly verifies: boolean;
  /** In turn, by the order of submission. */
  readonly jobs: readonly ModeJob[];
  readonly steps: readonly ModeStep[];
}

const nth = fc.nat(7);
const at = fc.integer({ min: 1, max: TROUBLED });

const settings = {
  mode: fc.constantFrom<ModeSettings["mode"]>("incremental", "full", "full-then-incremental"),
  overlap: fc.constantFrom<ModeSettings["overlap"]>(
    "queue",
    "queue",
    "allow",
    "coalesce-pending",
    "cancel-running",
    "drop",
  ),
  onFailure: fc.constantFrom<ModeSettings["onFailure"]>("block", "continue", "pause"),
  catchup: fc.constantFrom<ModeSettings["catchup"]>("each", "each", "coalesce"),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  timeout: fc.constantFrom(0, 0, 7),
  isSplit: fc.boolean(),
  lookback: fc.constantFrom(0, 0, 0, 1, 2),
};

const job: fc.Arbitrary<ModeJob> = fc.record({
  lasts: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 25 })),
  ends: fc.constantFrom<ModeJob["ends"]>(
    "succeeded",
    "succeeded",
    "succeeded",
    "failed",
    "malformed",
    "lossy",
  ),
  submit: fc.constantFrom<ModeJob["submit"]>("quick", "quick", "quick", "lost", "away"),
  cancel: fc.constantFrom<ModeJob["cancel"]>("stops", "stops", "rejects", "finishes"),
  merge: fc.constantFrom<ModeJob["merge"]>("made", "made", "fails", "lost"),
});

const place = fc.integer({ min: 0, max: INTERVALS });

const step: fc.Arbitrary<ModeStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      at,
      do: fc.constant("update" as const),
      set: fc.record(settings, { requiredKeys: ["mode"], noNullPrototype: true }),
      adopts: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      at,
      do: fc.constantFrom(
        "pause" as const,
        "resume" as const,
        "resume" as const,
        "restart" as const,
        "unregister" as const,
        "register" as const,
        "resnapshot" as const,
        "rebase" as const,
        "trigger" as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ at, do: fc.constant("cancel" as const), nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      at,
      do: fc.constant("retry" as const),
      nth,
      latest: fc.boolean(),
      resplit: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      at,
      do: fc.constant("backfill" as const),
      from: place,
      to: place,
      select: fc.constantFrom<BackfillSelect>("missing", "failed", "incomplete", "all"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ at, do: fc.constantFrom("rerun" as const, "seal" as const), nth }) },
  {
    weight: 2,
    arbitrary: fc.record({
      at,
      do: fc.constant("crash" as const),
      writes: fc.integer({ min: 1, max: 9 }),
      isWritten: fc.boolean(),
    }),
  },
);

export const modeStories: fc.Arbitrary<ModeStory> = fc.record({
  boundaryType: fc.constantFrom("TIME", "OFFSET"),
  first: fc.record(settings),
  verifies: fc.constantFrom(false, false, true),
  jobs: fc.array(job, { minLength: 1, maxLength: 5 }),
  steps: fc.array(step, { minLength: 1, maxLength: 8 }).map((steps) => steps.sort((a, b) => a.at - b.at)),
});
