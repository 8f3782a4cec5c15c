import fc from "fast-check";
import type { History, JobScript, Policies, Step, Tenths } from "./history.js";
import { TRIGGERS, type TriggerName } from "./triggers.js";

/** What a schedule may be changed to: intervals of about the same length, so that a history stays short. */
const SIMILAR: Readonly<Record<TriggerName, readonly TriggerName[]>> = {
  minutes: ["fiveMinutes", "tenSeconds"],
  hours: ["uneven", "sixHours", "once"],
  fiveMinutes: ["minutes", "uneven"],
  sixHours: ["hours"],
  uneven: ["hours", "fiveMinutes"],
  tenSeconds: ["minutes"],
  localDays: ["sixHours", "localNights"],
  localNights: ["localDays"],
  once: ["hours"],
};

const tenths = (min: Tenths, max: Tenths): fc.Arbitrary<Tenths> => fc.integer({ min, max });

/** Mostly whole intervals. */
const place = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -6, max: 12 }).map((n) => n * 10) },
  { weight: 1, arbitrary: tenths(-60, 120) },
);

const trigger = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<TriggerName>("hours", "minutes", "fiveMinutes", "uneven") },
  { weight: 3, arbitrary: fc.constantFrom<TriggerName>("sixHours", "tenSeconds", "once") },
  { weight: 1, arbitrary: fc.constantFrom<TriggerName>("localDays", "localNights") },
);

const rules = {
  catchup: fc.constantFrom("each", "coalesce", "drop"),
  window: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: tenths(10, 40) }),
  overlap: fc.constantFrom("queue", "allow", "coalesce-pending", "cancel-running", "drop"),
  maxActiveRuns: fc.integer({ min: 1, max: 3 }),
  onFailure: fc.constantFrom("block", "continue", "pause"),
  mode: fc.constantFrom("incremental", "incremental", "incremental", "full", "full-then-incremental"),
  fireAt: fc.constantFrom("interval-end", "interval-end", "interval-start"),
  endRule: fc.constantFrom("exclusive", "exclusive", "inclusive"),
  firstInterval: fc.constantFrom("start-time", "start-time", "first-nominal-time"),
  delay: fc.constantFrom(0, 0, 0, 3, 12),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  timeout: fc.constantFrom(0, 0, 4, 12),
  notBefore: fc.constantFrom(0, 0, 0, 0, 7, 14),
  dependsOnPast: fc.constantFrom<Policies["dependsOnPast"]>(false, false, false, false, "previous", "all"),
  canOvertake: fc.constantFrom(false, false, false, true),
  slots: fc.constantFrom(0, 0, 0, 1, 2),
  fullEvery: fc.constantFrom(0, 0, 25),
} as const satisfies { [Rule in keyof Policies]?: fc.Arbitrary<Policies[Rule]> };

const span = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: tenths(5, 80) });

const policies: fc.Arbitrary<Policies> = fc
  .record({ trigger, start: fc.oneof(fc.constant(0), tenths(-60, 15)), span, ...rules })
  .map((set) => (set.trigger === "once" ? { ...set, span: 0 } : set))
  .map(withCopies);

/** A schedule that makes copies is registered only without what would give up intervals that wait for one. */
function withCopies(set: Policies): Policies {
  if (set.mode !== "full-then-incremental") return set;
  // A copy that is waited for is looked for each minute, which are many in a day.
  const trigger = set.trigger.startsWith("local") ? "hours" : set.trigger;
  return {
    ...set,
    trigger,
    fireAt: "interval-end",
    catchup: set.catchup === "drop" ? "each" : set.catchup,
    window: 0,
  };
}

const job: fc.Arbitrary<JobScript> = fc.record({
  submit: fc.oneof(
    { weight: 6, arbitrary: fc.constant("quick" as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom<JobScript["submit"]>("slow", "lost", "away", "refused", "hangs"),
    },
  ),
  lasts: fc.oneof(fc.constant(0), tenths(1, 30)),
  ends: fc.constantFrom<JobScript["ends"]>(
    "succeeded",
    "succeeded",
    "succeeded",
    "failed",
    "failed",
    "malformed",
  ),
  cancel: fc.constantFrom<JobScript["cancel"]>("stops", "stops", "slow", "rejects", "finishes"),
});

const nth = fc.nat(5);
const interval = fc.record({ from: place, to: place });

const changes: fc.Arbitrary<Partial<Policies>> = fc.record(
  { span, ...rules },
  { requiredKeys: [], noNullPrototype: true },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant("pass" as const), for: tenths(1, 45) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("jump" as const), for: tenths(1, 45) }) },
  { weight: 2, arbitrary: fc.constant({ do: "pause" as const }) },
  { weight: 3, arbitrary: fc.constant({ do: "resume" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("update" as const), set: changes, adopts: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cancelRun" as const), nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("retryRun" as const), nth, latest: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ do: "trigger" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "resnapshot" as const }) },
  { weight: 1, arbitrary: interval.map((bounds) => ({ do: "rerun" as const, ...bounds })) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("backfill" as const),
      from: place,
      to: place,
      select: fc.constantFrom("missing" as const, "failed" as const, "incomplete" as const, "all" as const),
      concurrency: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "cancelBackfill" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "unregister" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "purge" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("register" as const), set: changes }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      writes: fc.integer({ min: 1, max: 9 }),
      isWritten: fc.boolean(),
      within: tenths(0, 25),
      after: tenths(0, 30),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), after: tenths(0, 30) }) },
);

/** Some changes also move the schedule to another trigger, or register it with another start. */
function withTriggers({ policies: first, jobs, steps }: History, picks: readonly number[]): History {
  const choices = SIMILAR[first.trigger];
  return {
    policies: first,
    jobs,
    steps: steps.map((each, index): Step => {
      const pick = picks[index] ?? 0;
      if (each.do !== "update" && each.do !== "register") return each;
      if (each.set.mode === "full-then-incremental" && first.trigger.startsWith("local"))
        return { ...each, set: { ...each.set, mode: "incremental" } };
      if (pick === 0) return each;
      const chosen = choices[pick % choices.length]!;
      const set = { ...each.set, trigger: chosen, ...(chosen === "once" ? { span: 0 } : {}) };
      return each.do === "update" ? { ...each, set } : { ...each, set: { ...set, start: (pick % 7) * 10 } };
    }),
  };
}

/** Any history of one group. */
export const histories: fc.Arbitrary<History> = fc
  .tuple(
    fc.record({
      policies,
      jobs: fc.array(job, { minLength: 1, maxLength: 5 }),
      steps: fc.array(step, { minLength: 1, maxLength: 12 }),
    }),
    fc.array(fc.constantFrom(0, 0, 1, 2, 3, 8, 9), { maxLength: 12 }),
  )
  .map(([history, picks]) => withTriggers(history, picks));

/** All triggers, for tables. */
export const triggerNames = Object.keys(TRIGGERS) as TriggerName[];
