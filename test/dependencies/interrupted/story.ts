import fc from "fast-check";
import { someGroups } from "../generate.js";
import type { ModelGroup } from "../model.js";

/** Something that a person or a machine does at a minute, to one of the groups or to the n-th run of it that it is possible with. */
export interface Act {
  readonly at: number;
  readonly group: number;
  readonly n: number;
  readonly do:
    | "retry"
    | "cancel"
    | "rerun"
    | "backfill"
    | "pause"
    | "resume"
    | "unregister"
    | "purge"
    | "register"
    | "crash";
}

/** Groups that read each other, and all that comes between. Plain data but for the fates of the jobs. */
export interface InterruptedStory {
  readonly groups: readonly ModelGroup[];
  readonly acts: readonly Act[];
}

/** How long people interfere, minutes. */
export const MEDDLING = 300;

const anAct: fc.Arbitrary<Act> = fc.record({
  at: fc.integer({ min: 1, max: MEDDLING }),
  group: fc.nat(11),
  n: fc.nat(40),
  do: fc.constantFrom(
    "retry",
    "retry",
    "retry",
    "cancel",
    "cancel",
    "cancel",
    "rerun",
    "backfill",
    "pause",
    "resume",
    "unregister",
    "purge",
    "register",
    "register",
    "register",
    "crash",
  ),
});

export const interruptedStories: fc.Arbitrary<InterruptedStory> = fc
  .record({ groups: someGroups, acts: fc.array(anAct, { minLength: 4, maxLength: 30 }) })
  .map(({ groups, acts }) => ({ groups, acts: acts.sort((a, b) => a.at - b.at) }));
