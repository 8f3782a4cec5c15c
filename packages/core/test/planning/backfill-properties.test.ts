import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { BackfillSelect } from "../../src/run/backfill.js";
import type { NewRun, Run, RunState } from "../../src/run/run.js";
import { runId } from "../../src/run/run-id.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";
import { failed, ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** Bounds are counted in these, so that some of them lie inside hours. */
const SLOT = HOUR / 2;
const at = (slot: number): number => T0 + slot * SLOT;

type Ended = Extract<RunState, "SUCCEEDED" | "FAILED" | "CANCELLED" | "SKIPPED">;

interface Piece {
  /** In slots. */
  readonly length: number;
  readonly state: Ended;
}

/** A run beside the live ones: a re-run of one of them, or of any bounds. */
interface Beside {
  readonly of: number | { readonly lower: number; readonly length: number };
  readonly state: Ended | "RUNNING";
}

interface Case {
  readonly pieces: readonly Piece[];
  readonly besides: readonly Beside[];
  readonly range: { readonly lower: number; readonly length: number };
  readonly select: BackfillSelect;
  readonly concurrency: number;
  /** Every how many-th job fails; none if 0. */
  readonly failing: number;
}

const ended = fc.constantFrom<Ended>("SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED");

const aCase: fc.Arbitrary<Case> = fc.record({
  pieces: fc.array(fc.record({ length: fc.integer({ min: 1, max: 7 }), state: ended }), {
    minLength: 1,
    maxLength: 12,
  }),
  besides: fc.array(
    fc.record({
      of: fc.oneof(
        fc.nat({ max: 11 }),
        fc.record({ lower: fc.integer({ min: -8, max: 30 }), length: fc.integer({ min: 1, max: 6 }) }),
      ),
      state: fc.oneof(ended, fc.constant("RUNNING" as const)),
    }),
    { maxLength: 8 },
  ),
  range: fc.record({ lower: fc.integer({ min: -8, max: 40 }), length: fc.integer({ min: 1, max: 40 }) }),
  select: fc.constantFrom<BackfillSelect>("missing", "failed", "incomplete", "all"),
  concurrency: fc.integer({ min: 1, max: 6 }),
  failing: fc.nat({ max: 4 }),
});

type Bounds = readonly [lower: number, upper: number];

/** Writes a ledger as no planner would leave it, and returns its watermark in slots. */
async function write(store: MemoryStore, { pieces, besides }: Case): Promise<number> {
  const spec = specOf(hourly("g", { onFailure: "continue", maxAttempts: 1 }));
  await store.open();
  await store.insertSchedules([
    {
      spec,
      status: "REGISTERED",
      incarnation: "",
      origin: T0,
      watermark: T0,
      nextFireAt: T0 + HOUR,
      laneWidth: 1,
      tzdata: "2025c",
      createdAt: T0,
    },
  ]);
  let upper = 0;
  const tiles = pieces.map(({ length, state }) => {
    const lower = upper;
    upper += length;
    return { bounds: [lower, upper] as Bounds, state };
  });
  const runs = tiles.map(({ bounds }) => runOf(bounds, "SCHEDULED", 0));
  const commit = {
    groupId: "g",
    incarnation: "",
    version: 1,
    watermark: T0,
    plannedAt: T0,
    nextFireAt: null,
  };
  await store.plan([{ ...commit, newWatermark: at(upper), runs }]);
  for (const [index, { state }] of tiles.entries()) await end(store, runs[index]!.id, state);
  for (const { of, state } of besides) {
    const bounds: Bounds =
      typeof of === "number"
        ? tiles[of % tiles.length]!.bounds
        : [of.lower, Math.min(upper, of.lower + of.length)];
    if (bounds[0] >= bounds[1]) continue;
    const generation = (await allRuns(store)).filter((run) => isOf(run, bounds)).length;
    const run = runOf(bounds, "MANUAL", generation);
    if ((await store.insertRuns([run]))[0] && state !== "RUNNING") await end(store, run.id, state);
  }
  await store.close();
  return upper;
}

function runOf([lower, upper]: Bounds, kind: NewRun["kind"], generation: number): NewRun {
  const bounds = { lower: at(lower), upper: at(upper) };
  return {
    ...bounds,
    id: runId({ namespace: "default", groupId: "g", incarnation: "", ...bounds, generation }),
    groupId: "g",
    kind,
    generation,
    intervals: 1,
    scheduledTime: bounds.upper,
    state: "PLANNED",
    reason: null,
    scheduleVersion: 1,
    backfillId: null,
    // Nobody here has it, so what is open stays open.
    operator: "elsewhere",
    plannedAt: T0,
  };
}

async function end(store: MemoryStore, id: string, state: Ended): Promise<void> {
  await store.changeRuns([{ id, from: ["PLANNED"], state, at: T0, endedAt: T0 }]);
}

async function allRuns(store: MemoryStore): Promise<readonly Run[]> {
  return (await store.listRuns({ groupId: "g" }, { limit: 1_000 })).items;
}

const isOf = (run: Run, [lower, upper]: Bounds): boolean =>
  run.lower === at(lower) && run.upper === at(upper);

/** What a backfill must run, found slot by slot. */
function expected(runs: readonly Run[], watermark: number, { range, select }: Case): Bounds[] {
  const asked: Bounds = [range.lower, Math.min(range.lower + range.length, watermark)];
  const slots = runs.map((run) => ({
    ...run,
    bounds: [(run.lower - T0) / SLOT, (run.upper - T0) / SLOT] as Bounds,
  }));
  const standing = slots.filter(
    ({ state, isSuperseded }) => !isSuperseded && !["SKIPPED", "CANCELLED"].includes(state),
  );
  const touches = (a: Bounds, b: Bounds): boolean => a[0] < b[1] && b[0] < a[1];
  const again = standing.filter(
    ({ state }) =>
      select !== "missing" && (state === "FAILED" || (select === "all" && state === "SUCCEEDED")),
  );
  const found: Bounds[] = again.map(({ bounds }) => bounds);
  if (select !== "failed") {
    const isFree = (slot: number): boolean =>
      slot < watermark && !standing.some(({ bounds }) => touches(bounds, [slot, slot + 1]));
    for (let hour = -20; hour < 100; hour += 2) {
      const [first, second] = [isFree(hour), isFree(hour + 1)];
      if (first && second) found.push([hour, hour + 2]);
      else if (first) found.push([hour, hour + 1]);
      else if (second) found.push([hour + 1, hour + 2]);
    }
  }
  const isOpen = (bounds: Bounds): boolean =>
    standing.some((run) => !["SUCCEEDED", "FAILED"].includes(run.state) && touches(run.bounds, bounds));
  return found
    .filter((bounds) => touches(bounds, asked))
    .sort((a, b) => a[0] - b[0] || b[1] - a[1])
    .filter((bounds, index, all) => !all.slice(0, index).some((other) => other[1] >= bounds[1]))
    .filter((bounds) => !isOpen(bounds));
}

/** An interval that lies within another one, which begins before the range and cannot run now. */
const WITHIN_ONE_UNDER_WAY: Case = {
  pieces: [
    { length: 1, state: "FAILED" },
    { length: 1, state: "FAILED" },
  ],
  besides: [
    { of: { lower: -1, length: 1 }, state: "RUNNING" },
    { of: { lower: -2, length: 3 }, state: "FAILED" },
  ],
  range: { lower: 0, length: 2 },
  select: "incomplete",
  concurrency: 1,
  failing: 0,
};

describe("a backfill of any ledger", () => {
  it("makes exactly the runs that its plan says, and is done when the last has ended", async () => {
    await fc.assert(
      fc.asyncProperty(aCase, async (given) => {
        const store = new MemoryStore();
        const watermark = await write(store, given);
        await store.open();
        const before = await allRuns(store);
        const wanted = expected(before, watermark, given);
        await store.close();

        const operator = new ScriptedOperator();
        operator.answer = () => "runs";
        const clock = new VirtualClock({ start: at(watermark) });
        const world = await World.start({ store, operator, clock });
        const { lower, length } = given.range;
        const request = {
          groupId: "g",
          from: at(lower),
          to: at(lower + length),
          select: given.select,
          concurrency: given.concurrency,
        };
        if (lower >= watermark) {
          await expect(world.client.backfill(request)).rejects.toMatchObject({ code: "INTERVAL_INVALID" });
          return world.stop();
        }
        const plan = await world.client.backfill({ ...request, isDryRun: true });
        const { backfill } = await world.client.backfill(request);
        const known = new Set(before.map(({ id }) => id));
        let count = 0;
        for (let round = 0; backfill !== undefined && round < 200; round += 1) {
          await world.clock.settle();
          const { state, openRuns } = (await world.client.getBackfill(backfill.id))!;
          expect(openRuns).toBeLessThanOrEqual(given.concurrency);
          if (state !== "RUNNING") {
            expect({ state, openRuns }).toEqual({ state: "DONE", openRuns: 0 });
            break;
          }
          const [next] = operator.running.filter((key) => !known.has(key));
          if (next !== undefined) {
            count += 1;
            operator.end(next, count % given.failing === 0 ? failed("no") : SUCCEEDED);
          }
        }
        const made = (await allRuns(store)).filter(({ id }) => !known.has(id));
        const bounds = ({ lower, upper }: { lower: number; upper: number }): Bounds => [
          (lower - T0) / SLOT,
          (upper - T0) / SLOT,
        ];
        expect(made.map(bounds)).toEqual(wanted);
        expect(plan.runs).toBe(wanted.length);
        expect(plan.first.map(bounds)).toEqual(wanted);
        if (backfill !== undefined)
          expect(await world.client.getBackfill(backfill.id)).toMatchObject({
            state: "DONE",
            plannedRuns: wanted.length,
          });
        await world.stop();
      }),
      { numRuns: 200, examples: [[WITHIN_ONE_UNDER_WAY]] },
    );
  });
});
