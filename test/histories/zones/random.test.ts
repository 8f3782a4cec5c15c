import { describe, expect, it } from "@jest/globals";
import { createTidegate, type Run, type ScheduleInfo, type Tidegate, type TriggerSpec } from "@tidegate/core";
import type { JobOutcome, ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import fc from "fast-check";
import { changesOf, cutsOf, type ModelTrigger } from "./civil-model.js";

// TIDEGATE_ZONES=10000 TIDEGATE_SEED=7 plays ten thousand, others than those of each run.
const COUNT = Number(process.env.TIDEGATE_ZONES ?? 40);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_261_130);

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 2_000);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NEVER_MS = 36_500 * DAY;

/** How long after its end time is sealed. */
const SEALED_AFTER = 30 * HOUR;

/** Days before and after a change of the clocks that a history may touch. */
const BEFORE = 9;
const AFTER = 12;

/** Zones whose clocks are changed, at midnight or at night, by an hour or another time, and one date of each kind in 2026. */
const CHANGES = [
  ["Europe/Berlin", "2026-03-29", "2026-10-25"],
  ["America/New_York", "2026-03-08", "2026-11-01"],
  ["Australia/Lord_Howe", "2026-10-03", "2026-04-04"],
  ["America/Santiago", "2026-09-06", "2026-04-05"],
  ["Africa/Cairo", "2026-04-23", "2026-10-29"],
  ["Asia/Beirut", "2026-03-28", "2026-10-24"],
  ["Antarctica/Troll", "2026-03-29", "2026-10-25"],
] as const;

const ZONES = [...CHANGES.map(([zone]) => zone), "UTC", "Asia/Kathmandu", "Pacific/Kiritimati"];

interface Place {
  readonly zone: string;
  readonly from: number;
  readonly to: number;
  /** The change of the clocks around which it plays. */
  readonly change: number;
}

function placeOf([zone, ...dates]: (typeof CHANGES)[number], no: number): Place {
  const day = Date.parse(dates[no]!);
  const [from, to] = [day - (BEFORE + 6) * DAY, day + (AFTER + 9) * DAY];
  const change = changesOf(zone, from, to).find((at) => Math.abs(at - day) <= 2 * DAY);
  if (change === undefined) throw new Error(`The clocks of ${zone} are not changed on ${dates[no]}.`);
  return { zone, from, to, change };
}

const PLACES = CHANGES.flatMap((one) => [placeOf(one, 0), placeOf(one, 1)]);

interface Version {
  readonly trigger: ModelTrigger;
  readonly zone: string;
}

type ZoneStep =
  /** Time passes up to this instant, in ms from the change; a step back does nothing. */
  | { readonly do: "pass"; readonly to: number }
  | { readonly do: "update"; readonly version: Version }
  | { readonly do: "pause" | "resume" };

interface ZoneStory {
  readonly place: Place;
  readonly start: number;
  readonly first: Version;
  readonly catchup: "each" | "coalesce";
  readonly steps: readonly ZoneStep[];
}

/** Most of them near the change, or at the very moment. */
const moment = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.integer({ min: -BEFORE * 24 * 4, max: AFTER * 24 * 4 }).map((n) => n * 15 * MINUTE),
  },
  { weight: 2, arbitrary: fc.integer({ min: -12, max: 12 }).map((n) => n * 15 * MINUTE) },
  { weight: 2, arbitrary: fc.constantFrom(-HOUR, -1, 0, 1, HOUR) },
);

function aVersion(zone: string, anchorsFrom: number): fc.Arbitrary<Version> {
  const time = fc.oneof(
    fc.integer({ min: 0, max: 95 }).map((n) => n * 15),
    fc.integer({ min: 0, max: 16 }).map((n) => n * 15),
  );
  const trigger: fc.Arbitrary<ModelTrigger> = fc.oneof(
    fc.record({ at: time, weekdays: fc.constantFrom([0, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5], [0], [0, 6]) }),
    fc.record({
      everyDays: fc.integer({ min: 1, max: 7 }),
      anchor: fc.integer({ min: 0, max: 5 * 96 }).map((n) => anchorsFrom + n * 15 * MINUTE),
    }),
    fc.record({
      everyMinutes: fc.constantFrom(60, 90, 360, 1_440),
      anchor: fc.integer({ min: 0, max: 96 }).map((n) => anchorsFrom + n * 15 * MINUTE),
    }),
  );
  return fc.record({ trigger, zone: fc.oneof(fc.constant(zone), fc.constantFrom(...ZONES)) });
}

const stories: fc.Arbitrary<ZoneStory> = fc.constantFrom(...PLACES).chain((place) => {
  const { zone, from, change } = place;
  // Anchors of every zone lie in what the model has looked at.
  const version = aVersion(zone, from + 3 * DAY);
  return fc.record({
    place: fc.constant(place),
    start: fc.integer({ min: -BEFORE * 96, max: 0 }).map((n) => change + n * 15 * MINUTE),
    first: version,
    catchup: fc.constantFrom("each", "each", "coalesce"),
    steps: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: moment.map((to) => ({ do: "pass" as const, to: change + to })) },
        { weight: 3, arbitrary: version.map((next) => ({ do: "update" as const, version: next })) },
        { weight: 2, arbitrary: fc.constantFrom({ do: "pause" as const }, { do: "resume" as const }) },
      ),
      { minLength: 3, maxLength: 14 },
    ),
  });
});

function specOf(trigger: ModelTrigger): TriggerSpec {
  if ("everyMinutes" in trigger)
    return { type: "period", every: trigger.everyMinutes, unit: "minute", anchor: trigger.anchor };
  if ("everyDays" in trigger)
    return { type: "period", every: trigger.everyDays, unit: "day", anchor: trigger.anchor };
  const { at, weekdays } = trigger;
  return { type: "cron", expression: `${at % 60} ${Math.floor(at / 60)} * * ${weekdays.join()}` };
}

function infoOf({ start, catchup }: ZoneStory, { trigger, zone }: Version): ScheduleInfo {
  const seal = { afterMs: SEALED_AFTER };
  return { groupId: "g", trigger: specOf(trigger), timezone: zone, startTime: start, catchup, seal };
}

/** Succeeds at once. */
const operator: ScheduleOperator = {
  operatorType: "jobs",
  submit: async ({ runId }) => ({ jobId: runId, outcome: { state: "SUCCEEDED" } }),
  find: async () => undefined,
  wait: async (): Promise<JobOutcome> => ({ state: "SUCCEEDED" }),
  cancel: async () => undefined,
};

/** The ledger that a story comes to. */
interface Ledger {
  readonly intervals: readonly string[];
  readonly sealedThrough: number | null;
}

/** Returns the ledger that a story is to come to. Each interval that is due is planned at once, unless the schedule is paused. */
function expectedOf({ place: { from, to }, start, first, catchup, steps }: ZoneStory): Ledger {
  const planned: string[] = [];
  const ends: number[] = [];
  let version = first;
  let watermark = start;
  let now = start;
  let isPaused = false;
  const plan = (): void => {
    if (isPaused) return;
    const due = cutsOf(version.trigger, version.zone, from, to).filter((at) => at > watermark && at <= now);
    ends.push(...due);
    for (const upper of catchup === "coalesce" ? due.slice(-1) : due) {
      planned.push(`${watermark} ${upper}`);
      watermark = upper;
    }
  };
  for (const step of steps) {
    if (step.do === "pass") {
      // Without a backlog each is planned by itself.
      const due = cutsOf(version.trigger, version.zone, from, to).filter((at) => at > now && at < step.to);
      for (const at of isPaused ? [] : due) {
        now = at;
        plan();
      }
      now = Math.max(now, step.to);
    } else if (step.do === "update") version = step.version;
    else isPaused = step.do === "pause";
    plan();
  }
  const sealedThrough = ends.findLast((end) => end <= now - SEALED_AFTER) ?? null;
  return { intervals: planned, sealedThrough };
}

async function settle(clock: VirtualClock): Promise<void> {
  for (let round = 0; round < 6; round += 1) await clock.advance(0);
}

/** Returns the ledger that the library makes of a story, and whether its audit calls it sound. */
async function playedOf(story: ZoneStory): Promise<Ledger & { readonly isSound: boolean }> {
  const clock = new VirtualClock({ start: story.start });
  const store = new MemoryStore({ clock });
  const tidegate: Tidegate = createTidegate({
    store,
    clock,
    engines: [embeddedEngine()],
    operators: [operator],
    watchdogEveryMs: NEVER_MS,
    reconcileEveryMs: NEVER_MS,
    backfillEveryMs: NEVER_MS,
    dispatcher: { drainMs: 0 },
  });
  await tidegate.start();
  try {
    const { client } = tidegate;
    await client.register(infoOf(story, story.first));
    await settle(clock);
    for (const step of story.steps) {
      if (step.do === "pass") await clock.advance(Math.max(0, step.to - clock.now()));
      else if (step.do === "update") {
        const { version } = await client.get("g");
        await client.update(infoOf(story, step.version), { version });
      } else if (step.do === "pause") {
        if ((await client.get("g")).status !== "PAUSED") await client.pause("g");
      } else await client.resume("g");
      await settle(clock);
    }
    const runs: Run[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.runs(
        { groupId: "g" },
        { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) },
      );
      runs.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    const { isSound } = await client.audit("g");
    const { sealedThrough } = await client.describe("g");
    return { intervals: runs.map(({ lower, upper }) => `${lower} ${upper}`), sealedThrough, isSound };
  } finally {
    await tidegate.stop();
  }
}

describe("schedules whose zone and trigger are changed around changes of the clocks", () => {
  it(
    "cover each instant once, cut where brute force cuts",
    async () => {
      let intervals = 0;
      await fc.assert(
        fc.asyncProperty(stories, async (story) => {
          const expected = expectedOf(story);
          const played = await playedOf(story);
          expect(played).toEqual({ ...expected, isSound: true });
          intervals += expected.intervals.length;
        }),
        { numRuns: COUNT, seed: SEED },
      );
      expect(intervals).toBeGreaterThan(10 * COUNT);
    },
    LIMIT_MS,
  );
});
