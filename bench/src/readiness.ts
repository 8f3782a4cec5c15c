import { join } from "node:path";
import type { ScheduleInfo } from "@tidegate/core";
import type { ScheduleOperator } from "@tidegate/core/operator";
import type { ScheduleStore } from "@tidegate/core/store";
import { PostgresStore } from "@tidegate/store-postgres";
import { SqliteStore } from "@tidegate/store-sqlite";
import { PostgresServer } from "@tidegate/test-servers";
import { atMost, type Figure, percentile, rounded } from "./figure.js";
import { POSTGRES_SETTINGS } from "./postgres-settings.js";
import { assemble, noopOperator, registerAll, sleep, temporaryDirectory, waitUntil } from "./setup.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A month of minutes. */
const MINUTES = 44_640;
const START = Date.UTC(2026, 0, 1);
const ROUNDS = 200;

/** Groups that depend on others, and how many each depends on. */
const GROUPS = Number(process.env.TIDEGATE_BENCH_GROUPS ?? 10_000);
const EDGES = 10;
/** A minute, unless a trial is shorter. */
const IDLE_MS = Number(process.env.TIDEGATE_BENCH_IDLE_MS ?? MINUTE_MS);
const WAKES = 300;

/**
 * When nothing is left to do that began with the registration, ms: the watchdog looks for overdue fires 5 s after a
 * start or a new schedule, and then every quarter of an hour. It reads no group that waits.
 */
const SETTLED_MS = 15_000;

/** Sources that are registered at once. */
const BATCH = 100;

/** The stores of managers that share a ledger in which many groups wait. */
interface Bed {
  readonly name: string;
  /** Of the figures' ids. */
  readonly suffix: string;
  /** The longest that a wake may take, ms. */
  readonly goalMs: number;
  readonly stores: readonly ScheduleStore[];
  readonly dispose: () => Promise<void>;
}

/**
 * Measures dependencies between groups: a long window, and many groups at rest and when they are woken, on SQLite and
 * for two managers on Postgres.
 */
export async function readiness(): Promise<Figure[]> {
  const figures = [await longWindow()];
  for (const open of [onSqlite, onPostgres]) {
    const bed = await open();
    try {
      figures.push(...(await manyGroups(bed)));
    } finally {
      await bed.dispose();
    }
  }
  return figures;
}

async function onSqlite(): Promise<Bed> {
  const directory = temporaryDirectory();
  const stores = [new SqliteStore({ path: join(directory.path, "tidegate.db") })];
  return { name: "sqlite", suffix: "", goalMs: 50, stores, dispose: async () => directory.remove() };
}

async function onPostgres(): Promise<Bed> {
  const server = await PostgresServer.start(POSTGRES_SETTINGS);
  const connectionString = await server.createDatabase();
  const stores = [1, 2].map(() => new PostgresStore({ connectionString }));
  const dispose = (): Promise<void> => server.dispose();
  return { name: "postgres, two managers", suffix: "-postgres", goalMs: 250, stores, dispose };
}

/** Checks one monthly run over a month of minutely intervals that have all succeeded but one. */
async function longWindow(): Promise<Figure> {
  const directory = temporaryDirectory();
  const store = new SqliteStore({ path: join(directory.path, "tidegate.db") });
  const tidegate = assemble(store, noopOperator());
  try {
    await tidegate.start();
    const trigger = { type: "period", every: 1, unit: "minute" } as const;
    await registerAll(tidegate, [
      {
        groupId: "minutes",
        trigger,
        startTime: START,
        endTime: START + MINUTES * MINUTE_MS,
        overlap: "allow",
        maxActiveRuns: 1_000,
      },
    ]);
    const counted = async (): Promise<number> => (await store.tally("minutes", 0)).byState.SUCCEEDED;
    await waitUntil(async () => (await counted()) === MINUTES, "a month of minutes", 600_000);
    const within = { lower: START, upper: START + MINUTES * MINUTE_MS };
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const begun = performance.now();
      const [missing] = await store.missingTime([{ groupId: "minutes", within, by: "succeeded" }]);
      times.push(performance.now() - begun);
      if (missing!.length > 0) throw new Error("The month is not covered.");
    }
    const begun = performance.now();
    await store.coverage("minutes", within);
    const whole = performance.now() - begun;
    return atMost(2, {
      id: "readiness-window",
      what: `check of one run over ${MINUTES.toLocaleString("en-US")} minutely intervals (p99)`,
      value: rounded(percentile(times, 0.99)),
      unit: "ms",
      reference: { what: "reading its coverage, ms", value: rounded(whole) },
    });
  } finally {
    await tidegate.stop();
    directory.remove();
  }
}

/** Groups whose runs all wait for ten others each, at rest and when one of those ends. */
async function manyGroups({ name, suffix, goalMs, stores }: Bed): Promise<Figure[]> {
  const claimedAt = new Map<string, number>();
  const operator: ScheduleOperator = {
    ...noopOperator(),
    submit: async (request) => {
      claimedAt.set(request.groupId, performance.now());
      return { jobId: request.runId, outcome: { state: "SUCCEEDED" } };
    },
  };
  const counted = stores.map(counting);
  const managers = counted.map((store) => assemble(store, operator));
  const [first] = managers;
  try {
    for (const manager of managers) await manager.start();
    // A day that is over, so that one run of each is due at once.
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const numbers = Array.from({ length: GROUPS }, (_, no) => no);
    for (let no = 0; no < GROUPS; no += BATCH)
      await Promise.all(
        numbers.slice(no, no + BATCH).map((n) => first!.client.registerSource({ groupId: `source-${n}` })),
      );
    await registerAll(
      first!,
      numbers.map((no) => dependent(no, today)),
    );
    const gated = async (): Promise<number> =>
      (await stores[0]!.listGated({ now: Number.MAX_SAFE_INTEGER, limit: GROUPS })).length;
    await waitUntil(async () => (await gated()) === GROUPS, "all groups to wait", 600_000);
    const soon = (): number => Date.now() + MINUTE_MS;
    const isAsked = async (): Promise<boolean> =>
      (await stores[0]!.listGated({ now: soon(), limit: 1 })).length === 0;
    await waitUntil(isAsked, "all groups to be asked about", 600_000);
    await sleep(SETTLED_MS);
    counted[0]!.forgetCalls();
    await sleep(IDLE_MS);
    const idle = counted[0]!.calls();
    const times: number[] = [];
    for (let wake = 0; wake < WAKES; wake += 1) {
      const no = Math.floor((wake * GROUPS) / WAKES);
      const which = wake % managers.length;
      const range = { lower: today - DAY_MS, upper: today };
      await managers[which]!.client.reportCoverage(`source-${no}`, range);
      await waitUntil(() => claimedAt.has(`mart-${no}`), `mart-${no}`);
      times.push(claimedAt.get(`mart-${no}`)! - counted[which]!.reportedAt());
    }
    const edges = (GROUPS * EDGES).toLocaleString("en-US");
    return [
      ...(managers.length > 1 ? [] : [idleFigure(idle)]),
      atMost(goalMs, {
        id: `readiness-wake${suffix}`,
        what: `from the commit of coverage to the claim of the dependent, ${edges} dependencies, ${name} (p99)`,
        value: rounded(percentile(times, 0.99)),
        unit: "ms",
        reference: { what: "half of them, ms", value: rounded(percentile(times, 0.5)) },
      }),
    ];
  } finally {
    for (const manager of managers) await manager.stop();
  }
}

function dependent(no: number, today: number): ScheduleInfo {
  return {
    groupId: `mart-${no}`,
    trigger: { type: "period", every: 1, unit: "day" },
    startTime: today - DAY_MS,
    endTime: today,
    // All but the first may be missing.
    dependsOn: {
      all: [
        { groupId: `source-${no}` },
        {
          any: Array.from({ length: EDGES - 1 }, (_edge, n) => ({
            groupId: `source-${(no * 7 + n) % GROUPS}`,
            timeout: { afterMs: 1, action: "run" as const },
          })),
        },
      ],
    },
  };
}

type Counting = ScheduleStore & {
  /** The names of the methods that were called since the last `forgetCalls`, once for each call. */
  calls(): readonly string[];
  forgetCalls(): void;
  /** When a report was written last, as `performance.now` tells it. */
  reportedAt(): number;
};

/** A manager that has its store to itself asks it nothing while nothing happens; those that share one look for others' work. */
function idleFigure(calls: readonly string[]): Figure {
  if (calls.length > 0) console.error(`Called at rest: ${calls.join(", ")}.`);
  return atMost(0, {
    id: "readiness-idle",
    what: `calls of the store in ${IDLE_MS / 1_000} s while ${(GROUPS * EDGES).toLocaleString("en-US")} dependencies wait`,
    value: calls.length,
    unit: "calls",
    reference: { what: "groups that wait", value: GROUPS },
  });
}

function counting(store: ScheduleStore): Counting {
  let calls: string[] = [];
  let reportedAt = 0;
  const forgetCalls = (): void => {
    calls = [];
  };
  const own = { calls: () => [...calls], forgetCalls, reportedAt: () => reportedAt };
  return new Proxy(store, {
    get: (target, name) => {
      if (name in own) return own[name as keyof typeof own];
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        calls.push(String(name));
        const answer = (await value.apply(target, args)) as unknown;
        if (name === "report") reportedAt = performance.now();
        return answer;
      };
    },
  }) as Counting;
}
