import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "@tidegate/core";
import { type Span, until } from "@tidegate/testkit";
import { Cluster } from "../distributed/cluster.js";
import { Scene } from "../scene.js";
import { oneOf, seeded } from "./chance.js";
import { latenessOutside, percentile, type Recovery, recoveryOf } from "./chronicle.js";
import { ALL_FAULTS, CHIEF_FAULTS, type Fault } from "./faults.js";
import { Fleet } from "./fleet.js";

/** `TIDEGATE_CAMPAIGN_MINUTES=30` is the long run; the default goes through the chief faults once. */
const MINUTES = Number(process.env.TIDEGATE_CAMPAIGN_MINUTES ?? 0);
const SEED = Number(process.env.TIDEGATE_CAMPAIGN_SEED ?? Date.now() % 1_000_000);

/** `TIDEGATE_CAMPAIGN_FAULTS="Redis"`: a long run draws only from faults with such a name. */
const DRAWN = ALL_FAULTS.filter(({ name }) => name.includes(process.env.TIDEGATE_CAMPAIGN_FAULTS ?? ""));

const IS_LONG = MINUTES > 0;

const MANAGERS = 3;
const OVERLAPS = ["queue", "allow", "coalesce-pending", "cancel-running", "drop"] as const;

/**
 * Within these times after a fault the fleet is at work again. The short run allows for a busy machine, but not for the
 * watchdog's grace: no fire is lost.
 */
const RECOVERY_MS = IS_LONG ? 5_000 : 15_000;
const RECOVERY_OF_ALL_MS = 20_000;

/** Far longer than a recovery takes: a fleet that has not come back by then never will. */
const PATIENCE_MS = 180_000;

const conduct = {
  slownessMs: 100,
  longestJobMs: 1_200,
  refuses: 0.02,
  losesAnswer: 0.03,
  losesJob: 0.03,
  cannotFind: 0.05,
  cannotStop: 0.2,
};

/** Every overlap policy on each of the engines. */
function settings(index: number): Partial<ScheduleInfo> {
  return {
    engine: index % 2 === 0 ? "bullmq" : "embedded",
    overlap: OVERLAPS[Math.floor(index / 2) % OVERLAPS.length]!,
  };
}

/** A fault that has happened, from its beginning until the fleet was at work again. */
interface Ordeal extends Span {
  readonly fault: Fault;
  readonly recovery: Recovery;
}

let cluster: Cluster;
let scene: Scene;
let fleet: Fleet;

beforeAll(async () => {
  cluster = await Cluster.start();
  const { plainDeployment: deployment } = cluster;
  scene = new Scene({ groups: 2 * OVERLAPS.length, conduct, settings, deployment });
  fleet = await Fleet.start(cluster, scene, MANAGERS);
}, PATIENCE_MS);

afterAll(async () => {
  await fleet?.dispose();
  await scene?.remove();
  await cluster?.dispose();
});

describe(`three managers, one fault after the other (TIDEGATE_CAMPAIGN_SEED=${SEED})`, () => {
  it(
    "cover each interval exactly once, and are at work again soon after each fault",
    async () => {
      const ordeals: Ordeal[] = [];
      const chance = seeded(SEED);
      const endAt = Date.now() + MINUTES * 60_000;
      await untilAtWork(Date.now());
      for (const fault of CHIEF_FAULTS) ordeals.push(await suffer(fault));
      while (Date.now() < endAt) ordeals.push(await suffer(oneOf(chance, DRAWN)));
      await fleet.finish();
      report(ordeals);
      await scene.expectEachIntervalOnce({ mayRepeat: true, skippedFor: ["overlap-dropped"] });
      expect(ordeals.filter(isTooLong).map(shown)).toEqual([]);

      async function suffer(fault: Fault): Promise<Ordeal> {
        // Faults are apart, so that each is judged by itself.
        await sleep(1_000 + chance() * 2_000);
        const lower = Date.now();
        await fault.happen(fleet, chance);
        const over = Date.now();
        const recovery = await untilAtWork(over);
        const ordeal = { fault, lower, upper: over + recovery.ms, recovery };
        if (IS_LONG) process.stderr.write(`${shown(ordeal)}\n`);
        return ordeal;
      }
    },
    MINUTES * 60_000 + 10 * PATIENCE_MS,
  );
});

/** Waits until a job of each group has succeeded since; returns how long that took, ms. */
async function untilAtWork(since: number): Promise<Recovery> {
  const before = scene.records().length;
  const recovery = (): Recovery | undefined =>
    recoveryOf(scene.records().slice(before), scene.groupIds, since);
  await until(() => recovery() !== undefined, {
    what: "a job of each group to succeed",
    limitMs: PATIENCE_MS,
  });
  return recovery()!;
}

function isTooLong({ fault, recovery }: Ordeal): boolean {
  return recovery.ms > (fault.isOfAllManagers ? RECOVERY_OF_ALL_MS : RECOVERY_MS);
}

function shown({ fault, lower, recovery: { ms, lastGroupId } }: Ordeal): string {
  return `${new Date(lower).toISOString()} ${fault.name}: over after ${ms} ms (${lastGroupId})`;
}

/** Prints how late jobs were while nothing happened but what the service itself does, which depends on the machine. */
function report(ordeals: readonly Ordeal[]): void {
  const lateness = latenessOutside(scene.records(), ordeals);
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => percentile(lateness, share));
  process.stderr.write(
    `${ordeals.length} faults; outside them ${lateness.length} submissions were late by ${p50} ms (median), ${p99} ms (p99), ${most} ms (at most)\n`,
  );
}
