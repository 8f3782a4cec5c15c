import { join } from "node:path";
import type { ScheduleInfo } from "@tidegate/core";
import type { ScheduleStore } from "@tidegate/core/store";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atMost, type Figure, percentile, rounded } from "./figure.js";
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

/** Measures dependencies between groups on SQLite: a long window, many groups at rest, and a wake. */
export async function readiness(): Promise<Figure[]> {
  return [await longWindow(), ...(await manyGroups())];
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
async function manyGroups(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const store = counting(new SqliteStore({ path: join(directory.path, "tidegate.db") }));
  const operator = noopOperator();
  const claimedAt = new Map<string, number>();
  const tidegate = assemble(store, {
    ...operator,
    submit: async (request) => {
      claimedAt.set(request.groupId, performance.now());
      return { jobId: request.runId, outcome: { state: "SUCCEEDED" } };
    },
  });
  try {
    await tidegate.start();
    // A day that is over, so that one run of each is due at once.
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const day = { type: "period", every: 1, unit: "day" } as const;
    const common = { trigger: day, startTime: today - DAY_MS, endTime: today } as const;
    for (let no = 0; no < GROUPS; no += 1) await tidegate.client.registerSource({ groupId: `source-${no}` });
    const dependents: ScheduleInfo[] = Array.from({ length: GROUPS }, (_, no) => ({
      ...common,
      groupId: `mart-${no}`,
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
    }));
    await registerAll(tidegate, dependents);
    const gated = async (): Promise<number> =>
      (await store.listGated({ now: Number.MAX_SAFE_INTEGER, limit: GROUPS })).length;
    await waitUntil(async () => (await gated()) === GROUPS, "all groups to wait", 600_000);
    await sleep(5_000);
    const before = store.calls();
    await sleep(IDLE_MS);
    const idle = store.calls() - before;
    const times: number[] = [];
    for (let wake = 0; wake < WAKES; wake += 1) {
      const no = Math.floor((wake * GROUPS) / WAKES);
      await tidegate.client.reportCoverage(`source-${no}`, { lower: today - DAY_MS, upper: today });
      await waitUntil(() => claimedAt.has(`mart-${no}`), `mart-${no}`);
      times.push(claimedAt.get(`mart-${no}`)! - store.reportedAt());
    }
    const edges = (GROUPS * EDGES).toLocaleString("en-US");
    return [
      atMost(0, {
        id: "readiness-idle",
        what: `calls of the store in ${IDLE_MS / 1_000} s while ${edges} dependencies wait`,
        value: idle,
        unit: "calls",
        reference: { what: "groups that wait", value: GROUPS },
      }),
      atMost(50, {
        id: "readiness-wake",
        what: `from the commit of coverage to the claim of the dependent, ${edges} dependencies (p99)`,
        value: rounded(percentile(times, 0.99)),
        unit: "ms",
        reference: { what: "half of them, ms", value: rounded(percentile(times, 0.5)) },
      }),
    ];
  } finally {
    await tidegate.stop();
    directory.remove();
  }
}

type Counting = ScheduleStore & {
  /** How often the store was called. */
  calls(): number;
  /** When a report was written last, as `performance.now` tells it. */
  reportedAt(): number;
};

function counting(store: ScheduleStore): Counting {
  let calls = 0;
  let reportedAt = 0;
  const own = { calls: () => calls, reportedAt: () => reportedAt };
  return new Proxy(store, {
    get: (target, name) => {
      if (name in own) return own[name as keyof typeof own];
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        calls += 1;
        const answer = (await value.apply(target, args)) as unknown;
        if (name === "report") reportedAt = performance.now();
        return answer;
      };
    },
  }) as Counting;
}
