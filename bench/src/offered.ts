import { join } from "node:path";
import type { ScheduleInfo } from "@tidegate/core";
import type { ScheduleOperator } from "@tidegate/core/operator";
import type { ScheduleStore } from "@tidegate/core/store";
import { runApart } from "./apart.js";
import { assemble, noopOperator, registerAll, sleep, temporaryDirectory } from "./setup.js";

const PEAK_WINDOW_S = 5;

/** First rate that is offered, runs/s. */
const LOWEST = 4_000;

/** Each rate that is carried out is followed by one larger by this factor. */
const STEP = 1.25;

/** A rate is carried out if at least this share of it is. */
const CARRIED_OUT = 0.97;

/** Measurements that each have a process of their own. */
export const OFFERED_TASKS: Readonly<Record<string, (...args: string[]) => Promise<unknown>>> = {
  "offered:secondly": (count, seconds, connectionString) =>
    ratesOf(noopOperator(), secondly(Number(count)), Number(seconds), connectionString),
};

/**
 * Offers that many schedules of a second for so many seconds, on a new store and in a process of its own. Returns how many
 * jobs were submitted in each second.
 */
export type Offer = (count: number, seconds: number) => Promise<number[]>;

export const offerOnSqlite: Offer = async (count, seconds) =>
  runApart("offered:secondly", String(count), String(seconds));

/** @param newDatabase - returns the connection string of an empty database */
export function offerOnPostgres(newDatabase: () => Promise<string>): Offer {
  return async (count, seconds) =>
    runApart("offered:secondly", String(count), String(seconds), await newDatabase());
}

/**
 * Returns the largest number of runs per second that is carried out as offered, by the embedded engine: the rate is raised
 * until no more than that is done. A few seconds in which more is done than is offered, as some waited, do not count as more.
 */
export async function findPeak(offer: Offer = offerOnSqlite): Promise<number> {
  let peak = 0;
  for (let offered = LOWEST; ; offered = Math.round(offered * STEP)) {
    const carriedOut = Math.max(...windowsOf(await offer(offered, 12)));
    peak = Math.max(peak, Math.min(offered, carriedOut));
    process.stderr.write(`${offered} offered: ${Math.round(carriedOut)}/s ... `);
    if (carriedOut < offered * CARRIED_OUT) return peak;
  }
}

/** That many schedules of a second, spread evenly over it, that begin soon. */
export function secondly(count: number): ScheduleInfo[] {
  const start = Math.floor(Date.now() / 1_000) * 1_000 + 3_000;
  return Array.from({ length: count }, (_, index) => ({
    groupId: `group-${index}`,
    trigger: { type: "period", every: 1, unit: "second" },
    startTime: start + Math.floor((index * 1_000) / count),
  }));
}

/**
 * How many jobs were submitted in each second, from the first that was.
 *
 * @param connectionString - of an empty Postgres database. @default a SQLite file
 */
export async function ratesOf(
  operator: ScheduleOperator & { count: number },
  infos: readonly ScheduleInfo[],
  seconds: number,
  connectionString?: string,
): Promise<number[]> {
  const directory = temporaryDirectory();
  const tidegate = assemble(await storeOf(directory.path, connectionString), operator);
  await tidegate.start();
  await registerAll(tidegate, infos);
  while (operator.count === 0) await sleep(20);
  const rates: number[] = [];
  let [count, at] = [operator.count, performance.now()];
  while (rates.length < seconds) {
    await sleep(1_000);
    const now = performance.now();
    rates.push(((operator.count - count) / (now - at)) * 1_000);
    [count, at] = [operator.count, now];
  }
  await tidegate.stop();
  directory.remove();
  return rates;
}

/** A store on a file of a directory or in a database; only its own driver is loaded. */
async function storeOf(directory: string, connectionString: string | undefined): Promise<ScheduleStore> {
  if (connectionString !== undefined) {
    const { PostgresStore } = await import("@tidegate/store-postgres");
    return new PostgresStore({ connectionString });
  }
  const { SqliteStore } = await import("@tidegate/store-sqlite");
  return new SqliteStore({ path: join(directory, "tidegate.db") });
}

/** Means over every few seconds that follow each other. */
export function windowsOf(rates: readonly number[]): number[] {
  return rates
    .slice(PEAK_WINDOW_S - 1)
    .map(
      (_, end) => rates.slice(end, end + PEAK_WINDOW_S).reduce((sum, rate) => sum + rate, 0) / PEAK_WINDOW_S,
    );
}
