import type { ScheduleInfo } from "@tidegate/core";
import { atLeast, atMost, type Figure, percentile, rounded } from "./figure.js";
import { findPeak, type Offer, offerOnPostgres, offerOnSqlite, ratesOf, secondly } from "./offered.js";
import { POSTGRES_SETTINGS } from "./postgres-settings.js";
import { noopOperator } from "./setup.js";

const HELD_S = 60;

/** For how long the rate is measured then, s: long enough to have its share of what a database does once a minute, such as a vacuum. */
const MEASURED_S = 20;

/** Whether a machine that is offered twice and five times its peak goes on to do what it can. */
export function overloadHold(): Promise<Figure[]> {
  return held("overload-hold", "SQLite", offerOnSqlite);
}

/** The same on Postgres. */
export async function overloadHoldOnPostgres(): Promise<Figure[]> {
  const { PostgresServer } = await import("@tidegate/test-servers");
  const server = await PostgresServer.start(POSTGRES_SETTINGS);
  try {
    return await held(
      "overload-hold-postgres",
      "Postgres",
      offerOnPostgres(() => server.createDatabase()),
    );
  } finally {
    await server.dispose();
  }
}

async function held(id: string, store: string, offer: Offer): Promise<Figure[]> {
  const peak = await findPeak(offer);
  const figures: Figure[] = [];
  for (const [suffix, times] of [
    ["", 2],
    ["-5", 5],
  ] as const) {
    const rates = (await offer(Math.round(peak * times), HELD_S + MEASURED_S)).slice(HELD_S);
    const rate = rates.reduce((sum, each) => sum + each, 0) / rates.length;
    figures.push(
      atLeast(0.9, {
        id: `${id}${suffix}`,
        what: `${times} times the peak offered on ${store}: runs/s after ${HELD_S} s (${rounded(rate)}), over the peak`,
        value: rounded(rate / peak),
        unit: "",
        reference: { what: "the peak: the most offered that was carried out (runs/s)", value: rounded(peak) },
      }),
    );
  }
  return figures;
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
  const peak = await findPeak();
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
  const reference = { what: "the peak of fresh runs (runs/s)", value: rounded(peak) };
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
