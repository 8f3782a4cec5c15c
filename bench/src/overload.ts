import { join } from "node:path";
import type { ScheduleInfo, ScheduleOperator } from "@tidegate/core";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atLeast, atMost, type Figure, percentile, rounded } from "./figure.js";
import { assemble, noopOperator, registerAll, sleep, temporaryDirectory } from "./setup.js";

/** About twice what two cores carry out in a second. */
const OFFERED = 26_000;
const HELD_S = 60;
const PEAK_WINDOW_S = 5;

/** Whether a machine that is offered twice what it can do goes on to do what it can. */
export async function overloadHold(): Promise<Figure[]> {
  const operator = noopOperator();
  const perSecond = await ratesOf(operator, secondly(OFFERED), HELD_S + PEAK_WINDOW_S);
  const peak = Math.max(...windowsOf(perSecond));
  const held = windowsOf(perSecond).at(-1)!;
  return [
    atLeast(0.9, {
      id: "overload-hold",
      what: `${OFFERED} runs offered per second: runs/s after ${HELD_S} s (${rounded(held)}), over the peak`,
      value: rounded(held / peak),
      unit: "",
      reference: { what: `the best ${PEAK_WINDOW_S} s of the same (runs/s)`, value: rounded(peak) },
    }),
  ];
}

const LATE_GROUPS = 1_000;
const FRESH_GROUPS = 100;
const FRESH_S = 30;

/** How late fresh schedules run beside a backlog of a million runs. */
export async function overloadFresh(): Promise<Figure[]> {
  const late: number[] = [];
  const operator = noopOperator();
  const submit = operator.submit.bind(operator);
  operator.submit = (request, options) => {
    if (request.groupId.startsWith("fresh")) late.push(Date.now() - request.scheduledTime);
    return submit(request, options);
  };
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  const backlog = Array.from(
    { length: LATE_GROUPS },
    (_, index): ScheduleInfo => ({
      groupId: `late-${index}`,
      trigger: { type: "period", every: 1, unit: "minute" },
      startTime: now - 1_000 * 60_000,
    }),
  );
  const fresh = secondly(FRESH_GROUPS).map((info) => ({ ...info, groupId: `fresh-${info.groupId}` }));
  const perSecond = await ratesOf(operator, [...backlog, ...fresh], FRESH_S);
  const idle = await freshAlone();
  return [
    atMost(1_000, {
      id: "overload-fresh",
      what: `${FRESH_GROUPS} schedules of a second beside a backlog of ${LATE_GROUPS * 1_000} runs (${rounded(percentile(perSecond, 0.5))}/s): lateness p99`,
      value: rounded(percentile(late, 0.99)),
      unit: "ms",
      reference: { what: "the same schedules alone, p99 (ms)", value: rounded(percentile(idle, 0.99)) },
    }),
  ];
}

async function freshAlone(): Promise<number[]> {
  const late: number[] = [];
  const operator = noopOperator();
  const submit = operator.submit.bind(operator);
  operator.submit = (request, options) => {
    late.push(Date.now() - request.scheduledTime);
    return submit(request, options);
  };
  await ratesOf(operator, secondly(FRESH_GROUPS), 5);
  return late;
}

const DRAINED_S = 60;

/** How fast a day of minutes of a thousand schedules is caught up with, and in how much memory. */
export async function drain(): Promise<Figure[]> {
  const peak = Math.max(...windowsOf(await ratesOf(noopOperator(), secondly(OFFERED), 15)));
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  const infos = Array.from(
    { length: LATE_GROUPS },
    (_, index): ScheduleInfo => ({
      groupId: `late-${index}`,
      trigger: { type: "period", every: 1, unit: "minute" },
      startTime: now - 1_440 * 60_000,
    }),
  );
  let largest = 0;
  const watch = setInterval(() => {
    largest = Math.max(largest, process.memoryUsage.rss());
  }, 500);
  const rates = await ratesOf(noopOperator(), infos, DRAINED_S);
  clearInterval(watch);
  const busy = rates.filter((rate) => rate > LATE_GROUPS);
  const rate = busy.reduce((sum, each) => sum + each, 0) / busy.length;
  const reference = { what: "the best 5 s of fresh runs (runs/s)", value: rounded(peak) };
  const what = `${LATE_GROUPS} minutely schedules that owe a day (1.44 million runs)`;
  return [
    atLeast(0.9, {
      id: "drain",
      what: `${what}: runs/s (${rounded(rate)}), over those of fresh runs`,
      value: rounded(rate / peak),
      unit: "",
      reference,
    }),
    atMost(600, {
      id: "drain-memory",
      what: `${what}: resident memory`,
      value: rounded(largest / 2 ** 20),
      unit: "MB",
      reference,
    }),
  ];
}

function secondly(count: number): ScheduleInfo[] {
  const start = Math.floor(Date.now() / 1_000) * 1_000 + 3_000;
  return Array.from({ length: count }, (_, index) => ({
    groupId: `group-${index}`,
    trigger: { type: "period", every: 1, unit: "second" },
    startTime: start + Math.floor((index * 1_000) / count),
  }));
}

/** How many jobs were submitted in each second, from the first that was. */
async function ratesOf(
  operator: ScheduleOperator & { count: number },
  infos: readonly ScheduleInfo[],
  seconds: number,
): Promise<number[]> {
  const directory = temporaryDirectory();
  const tidegate = assemble(new SqliteStore({ path: join(directory.path, "tidegate.db") }), operator);
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

/** Means over every few seconds that follow each other. */
function windowsOf(rates: readonly number[]): number[] {
  return rates
    .slice(PEAK_WINDOW_S - 1)
    .map(
      (_, end) => rates.slice(end, end + PEAK_WINDOW_S).reduce((sum, rate) => sum + rate, 0) / PEAK_WINDOW_S,
    );
}
