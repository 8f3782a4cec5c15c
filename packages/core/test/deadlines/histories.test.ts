import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Run } from "../../src/run/run.js";
import { HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** A step of a history: time passes, something fires, a job ends, a person acts, the manager restarts. */
type Step =
  | { readonly does: "pass"; readonly minutes: number }
  | { readonly does: "fire" | "succeed" | "fail" | "retry" | "cancel" | "restart" };

const AFTER_MS = 75 * MINUTE;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 100 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ does: "fire" as const }) },
  { weight: 3, arbitrary: fc.constant({ does: "succeed" as const }) },
  { weight: 1, arbitrary: fc.constantFrom("fail", "retry", "cancel", "restart").map((does) => ({ does })) },
);

async function take(world: World, { does, ...rest }: Step): Promise<void> {
  const open = async () => (await world.runs("orders")).filter(({ state }) => state === "FAILED");
  if (does === "pass") await world.advance((rest as { minutes: number }).minutes * MINUTE);
  if (does === "fire") await world.engine.fire("orders", world.clock.now());
  if (does === "succeed") world.operator.endAll();
  if (does === "fail") world.operator.endAll(failed("broken"));
  if (does === "restart") await world.restart();
  if (does === "retry")
    for (const { id } of await open()) await world.client.retryRun(id).catch(() => undefined);
  if (does === "cancel")
    for (const { id } of await open()) await world.client.cancelRun(id).catch(() => undefined);
  await world.settle();
}

/** When an interval had succeeded, from its runs alone; runs of this schedule cover one interval each. */
function metAt(runs: readonly Run[], lower: number): number | undefined {
  const ends = runs
    .filter((run) => run.lower === lower && run.state === "SUCCEEDED")
    .map(({ endedAt }) => endedAt!);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

describe("every history", () => {
  it("leaves each interval in the state that its runs and the clock say, and tells each edge once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.constantFrom("queue" as const, "allow" as const),
        async (steps, overlap) => {
          const world = await World.start();
          world.operator.answer = () => "runs";
          const deadline = { afterMs: AFTER_MS };
          await world.client.register(
            hourly("orders", { deadline, overlap, onFailure: "continue", maxAttempts: 1 }),
          );
          for (const each of steps) await take(world, each);
          // Another manager tells what is left to be told after half a minute.
          await world.advance(31 * SECOND);
          const now = world.clock.now();
          const runs = await world.runs("orders");
          const { items } = await world.client.deadlines({ groupId: "orders" }, { limit: 1_000 });
          const missed = world.eventsOf("deadline-missed").map(({ lower }) => lower);
          const recovered = world.eventsOf("deadline-recovered").map(({ lower }) => lower);
          for (let lower = T0; lower + HOUR + AFTER_MS <= now; lower += HOUR) {
            const at = lower + HOUR + AFTER_MS;
            const met = metAt(runs, lower);
            const record = items.find((each) => each.lower === lower);
            const isMissed = met === undefined || met >= at;
            const state =
              met === undefined
                ? "MISSED"
                : met >= at
                  ? "LATE"
                  : record === undefined
                    ? undefined
                    : "ON_TIME";
            expect({ lower, state: record?.state }).toEqual({ lower, state });
            expect(missed.filter((each) => each === lower)).toHaveLength(isMissed ? 1 : 0);
          }
          expect(new Set(missed).size).toBe(missed.length);
          expect(new Set(recovered).size).toBe(recovered.length);
          const closed = items.filter(({ state }) => state === "LATE" || state === "ON_TIME");
          expect(recovered.sort()).toEqual(closed.map(({ lower }) => lower).sort());
          await world.stop();
        },
      ),
      { numRuns: 60 },
    );
  });
});
