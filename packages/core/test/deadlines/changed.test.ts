import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

// TIDEGATE_DEADLINES=10000 TIDEGATE_SEED=7 plays ten thousand, others than those of each run.
const COUNT = Number(process.env.TIDEGATE_DEADLINES ?? 60);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_261_130);

/** The terms by which intervals from an instant on are judged. */
interface Terms {
  readonly since: number;
  readonly afterMs: number;
  readonly whilePaused: "alert" | "excuse";
}

type Step =
  | { readonly does: "pass" | "down"; readonly minutes: number }
  | { readonly does: "update" | "register"; readonly afterMinutes: number; readonly alerts: boolean }
  | { readonly does: "fire" | "succeed" | "fail" | "retry" | "cancel" | "pause" | "resume" | "unregister" };

const terms = { afterMinutes: fc.constantFrom(5, 30, 75, 130, 300), alerts: fc.boolean() };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 100 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant("down" as const), minutes: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("update" as const), ...terms }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("register" as const), ...terms }) },
  { weight: 4, arbitrary: fc.constantFrom("fire", "succeed").map((does) => ({ does })) },
  { weight: 4, arbitrary: fc.constantFrom("pause", "resume", "resume").map((does) => ({ does })) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("fail", "retry", "cancel", "unregister").map((does) => ({ does })),
  },
);

/** The fate of an interval: it was missed, excused, or is expected by nobody any more. */
type Fate = "MISSED" | "EXCUSED" | "none";

/** A second reading of what is documented, beside the world that it watches. */
class Model {
  readonly fates = new Map<number, Fate>();
  readonly #versions: Terms[] = [];
  #unregisteredAt: number | undefined;

  /** Terms take effect at the watermark. */
  changed(version: Terms): void {
    this.#versions.push(version);
  }

  /** Excuses all intervals that are open. */
  unregistered(watermark: number, met: ReadonlySet<number>): void {
    this.#unregisteredAt = watermark;
    for (const [lower, fate] of this.fates)
      if (fate === "MISSED" && !met.has(lower)) this.fates.set(lower, "EXCUSED");
  }

  /** Intervals that are over by then are expected by nobody, unless their fate is known. */
  registered(version: Terms, now: number, met: ReadonlySet<number>): void {
    this.changed(version);
    for (let lower = T0; lower < now + HOUR; lower += HOUR) {
      const isOver = lower < this.#unregisteredAt! || this.deadlineOf(lower) <= now;
      if (!isOver) this.fates.delete(lower);
      else if (!this.fates.has(lower) && !met.has(lower)) this.fates.set(lower, "none");
    }
    this.#unregisteredAt = undefined;
  }

  deadlineOf(lower: number): number {
    const version = this.#versions.findLast(({ since }) => since <= lower) ?? this.#versions[0]!;
    return lower + HOUR + version.afterMs;
  }

  /** Judges what has come to its deadline by now and had not been met before. */
  judge(now: number, metAt: ReadonlyMap<number, number>, isExcused: boolean): void {
    if (this.#unregisteredAt !== undefined) return;
    for (let lower = T0; lower + HOUR <= now; lower += HOUR) {
      const deadlineAt = this.deadlineOf(lower);
      const met = metAt.get(lower);
      if (this.fates.has(lower) || deadlineAt > now || (met !== undefined && met < deadlineAt)) continue;
      this.fates.set(lower, isExcused ? "EXCUSED" : "MISSED");
    }
  }

  get last(): Terms {
    return this.#versions.at(-1)!;
  }
}

async function metAtOf(world: World): Promise<Map<number, number>> {
  const met = new Map<number, number>();
  for (const { lower, upper, state, endedAt } of await world.runs("orders"))
    for (let at = lower; state === "SUCCEEDED" && at < upper; at += HOUR)
      met.set(at, Math.min(endedAt!, met.get(at) ?? endedAt!));
  return met;
}

async function played(
  onFailure: NonNullable<ScheduleInfo["onFailure"]>,
  steps: readonly Step[],
): Promise<void> {
  const world = await World.start();
  const { client } = world;
  world.operator.answer = () => "runs";
  const model = new Model();
  const info = ({ afterMs, whilePaused }: Omit<Terms, "since">): ScheduleInfo =>
    hourly("orders", { deadline: { afterMs, whilePaused }, onFailure, maxAttempts: 1 });
  const first: Terms = { since: T0, afterMs: 75 * MINUTE, whilePaused: "excuse" };
  await client.register(info(first));
  model.changed(first);
  const failedRun = async () => (await world.runs("orders", { states: ["FAILED"] }))[0];
  const judge = async (): Promise<void> => {
    const { status, blockingRuns } = await world.client.get("orders");
    const isExcused = status === "PAUSED" && blockingRuns === 0 && model.last.whilePaused === "excuse";
    model.judge(world.clock.now(), await metAtOf(world), isExcused);
  };
  for (const each of steps) {
    const { status, version, watermark } = await world.client.get("orders");
    const given = (one: { afterMinutes: number; alerts: boolean }): Terms => ({
      since: watermark,
      afterMs: one.afterMinutes * MINUTE,
      whilePaused: one.alerts ? "alert" : "excuse",
    });
    const isGone = status === "DELETED";
    if (each.does === "pass") await world.advance(each.minutes * MINUTE);
    if (each.does === "down") {
      await world.stop();
      await world.clock.advance(each.minutes * MINUTE);
      await world.start();
    }
    if (each.does === "update" && !isGone) {
      await world.client.update(info(given(each)), { version });
      model.changed(given(each));
    }
    if (each.does === "register" && isGone) {
      await world.client.register(info(given(each)));
      model.registered(given(each), world.clock.now(), new Set((await metAtOf(world)).keys()));
    }
    if (each.does === "unregister" && !isGone) {
      const met = new Set((await metAtOf(world)).keys());
      await world.client.unregister("orders");
      model.unregistered(watermark, met);
    }
    if (each.does === "pause" && !isGone && status !== "PAUSED") await world.client.pause("orders");
    if (each.does === "resume" && !isGone) await world.client.resume("orders");
    if (each.does === "fire") await world.engine.fire("orders", world.clock.now());
    if (each.does === "succeed") world.operator.endAll();
    if (each.does === "fail") world.operator.endAll(failed("broken"));
    const run = await failedRun();
    if (each.does === "retry" && run !== undefined)
      await world.client.retryRun(run.id).catch(() => undefined);
    if (each.does === "cancel" && run !== undefined)
      await world.client.cancelRun(run.id).catch(() => undefined);
    await world.settle();
    await judge();
  }
  // Another manager tells what is left to be told after half a minute.
  await world.advance(31 * SECOND);
  await judge();
  const met = await metAtOf(world);
  const { items } = await world.client.deadlines({ groupId: "orders" }, { limit: 1_000 });
  const ids = world.eventsOf("deadline-missed").map(({ id }) => id);
  const missed = world.eventsOf("deadline-missed").map(({ lower }) => lower);
  expect(new Set(ids).size).toBe(ids.length);
  const expected: string[] = [];
  const found: string[] = [];
  const show = (lower: number, state: string, isTold: boolean): string =>
    `${(lower - T0) / HOUR}: ${state}${isTold ? ", told" : ""}`;
  for (let lower = T0; lower + HOUR <= world.clock.now(); lower += HOUR) {
    const [record, ...others] = items.filter((one) => one.lower <= lower && lower < one.upper);
    expect(others).toEqual([]);
    const fate = model.fates.get(lower) ?? "none";
    // One that was at risk is excused when it is expected no longer.
    const states = fate === "none" ? ["MISSED", "LATE"] : ["MISSED", "LATE", "EXCUSED"];
    const isSettled = record !== undefined && states.includes(record.state);
    found.push(show(lower, isSettled ? record.state : "none", missed.includes(lower)));
    const state = fate === "MISSED" && met.has(lower) ? "LATE" : fate;
    expected.push(show(lower, state, missed.includes(lower)));
    if (fate === "MISSED" && !missed.includes(lower)) expected.push(`${lower} was not told`);
  }
  expect(found).toEqual(expected);
  await world.stop();
}

describe("a schedule that is paused, updated and registered again", () => {
  it("has each deadline judged as it was when it passed, by the terms of its interval", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("block", "continue", "pause"),
        fc.array(step, { minLength: 5, maxLength: 40 }),
        played,
      ),
      { numRuns: COUNT, seed: SEED },
    );
  }, 600_000);
});
