import {
  createTidegate,
  type DependencyTree,
  type RestatementPlan,
  type Run,
  type ScheduleInfo,
  type Tidegate,
} from "@tidegate/core";
import type { JobContext, JobOutcome, OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import type { ModelGroup, ModelRun, ModelTree } from "./model.js";
import type { ModelReach, ModelRestatement } from "./restate-model.js";

const MINUTE = 60_000;
/** When the model's minutes begin, epoch ms. */
export const START = Date.UTC(2026, 3, 4, 9);
const NEVER_MS = 36_500 * 86_400_000;

const nameOf = (group: number): string => `group-${group}`;

/** The number of the group with this name. */
export const groupOf = (groupId: string): number => Number(groupId.slice("group-".length));

/** The schedule that a group of the model describes. */
export function scheduleOf(group: ModelGroup, no: number): ScheduleInfo {
  const { period, start, zone, width, tree, past, lookback, catchup, blocks } = group;
  return {
    groupId: nameOf(no),
    trigger: { type: "period", every: period, unit: "minute" },
    startTime: START + start * MINUTE,
    timezone: zone,
    ...(width > 1 ? { overlap: "allow", maxActiveRuns: width } : {}),
    maxAttempts: 1,
    catchup,
    onFailure: blocks ? "block" : "continue",
    dependsOn: tree === undefined ? null : treeOf(tree),
    dependsOnPast: past ?? false,
    lookback: lookback === 0 ? null : { intervals: lookback },
  };
}

function treeOf(tree: ModelTree): DependencyTree {
  if ("all" in tree) return { all: tree.all.map(treeOf) };
  if ("any" in tree) return { any: tree.any.map(treeOf) };
  const { on, window, mayMiss, timeout, isSettledEnough, onRestate } = tree;
  const { from, to, fromIntervals, isWholeHours = false } = window;
  const shift = (minutes: number): string =>
    minutes % 60 === 0 ? `${minutes / 60} hours` : `${minutes} minutes`;
  return {
    groupId: nameOf(on),
    onRestate,
    ...(isSettledEnough ? { satisfiedBy: "settled" as const } : {}),
    window: {
      ...(from === undefined ? {} : { from: shift(from) }),
      ...(fromIntervals === undefined ? {} : { from: `${fromIntervals} intervals` }),
      ...(to === undefined ? {} : { to: shift(to) }),
      ...(isWholeHours ? { align: "hour" as const } : {}),
    },
    ...("percent" in mayMiss
      ? { atLeast: `${100 - mayMiss.percent}%` }
      : mayMiss.minutes === 0
        ? {}
        : { atLeast: { missing: `${mayMiss.minutes} minutes` } }),
    ...(timeout === undefined
      ? {}
      : { timeout: { afterMs: timeout.minutes * MINUTE, action: timeout.action } }),
  };
}

/** Runs each job for as long as its group says. */
class Jobs implements ScheduleOperator {
  readonly operatorType = "jobs";
  readonly #clock: VirtualClock;
  readonly #groups: readonly ModelGroup[];

  constructor(clock: VirtualClock, groups: readonly ModelGroup[]) {
    this.#clock = clock;
    this.#groups = groups;
  }

  async submit({ runId }: OfflineJobRequest): Promise<{ jobId: string }> {
    return { jobId: runId };
  }

  async find(): Promise<undefined> {
    return undefined;
  }

  wait(_jobId: string, request: OfflineJobRequest, _context: JobContext): Promise<JobOutcome> {
    const group = this.#groups[groupOf(request.groupId)]!;
    const index = ((Number(request.lowerBound) - START) / MINUTE - group.start) / group.period;
    const lower = Number(request.lowerBound);
    const intervals = group.touches(index).map((back) => {
      const from = lower - back * group.period * MINUTE;
      return { lower: from, upper: from + group.period * MINUTE };
    });
    const outcome: JobOutcome = group.fails(index)
      ? { state: "FAILED", error: { code: "JOB_FAILED", message: "no" } }
      : { state: "SUCCEEDED", touched: [{ intervals }] };
    return new Promise((resolve) => {
      // Begun a moment after a minute if a time-out lets it begin; it ends with a minute all the same.
      const late = (this.#clock.now() - START) % MINUTE;
      this.#clock.wakeAfter(group.minutesOf(index) * MINUTE - late, () => resolve(outcome));
    });
  }

  async cancel(): Promise<void> {}
}

/** Writes the reports of a minute; returns whether there are any. */
async function reported(tidegate: Tidegate, groups: readonly ModelGroup[], minute: number): Promise<boolean> {
  let count = 0;
  for (const [no, { reports = [] }] of groups.entries()) {
    for (const { from, to, version } of reports.filter(({ at }) => at === minute)) {
      const range = { lower: START + from * MINUTE, upper: START + to * MINUTE };
      await tidegate.client.reportCoverage(nameOf(no), { ...range, version: String(version) });
      count += 1;
    }
  }
  return count > 0;
}

/** Does what people do at a minute; returns whether there is anything. */
async function acted(tidegate: Tidegate, groups: readonly ModelGroup[], minute: number): Promise<boolean> {
  let count = 0;
  for (const [no, { period, start, reports, cancels, reruns }] of groups.entries()) {
    if (reports !== undefined) continue;
    for (const [what, index] of [
      ["cancel", cancels.get(minute)],
      ["rerun", reruns.get(minute)],
    ] as const) {
      if (index === undefined) continue;
      const lower = START + (start + index * period) * MINUTE;
      const within = { lower, upper: lower + period * MINUTE };
      const { items } = await tidegate.client.runs({ groupId: nameOf(no), within }, { limit: 100 });
      const live = items.find(({ kind }) => kind === "SCHEDULED");
      const isOpen = items.some(({ endedAt }) => endedAt === null);
      if (what === "cancel" && (live?.place === "gated" || live?.place === "blocking"))
        await tidegate.client.cancelRun(live.id);
      else if (what === "rerun" && live?.state === "SUCCEEDED" && !isOpen)
        await tidegate.client.trigger(nameOf(no), { lower: live.lower, upper: live.upper });
      else continue;
      count += 1;
    }
  }
  return count > 0;
}

/** What the library has made of groups. */
export interface Performance {
  /** All runs of the live lanes that are due. */
  readonly runs: readonly ModelRun[];
  /** How far it says that the restatement reaches. */
  readonly reach: ModelReach;
  /** Up to which minute the ledger of each group was planned and over when the restatement began. */
  readonly ends: readonly number[];
  /** When it began, epoch ms. */
  readonly restatedAt: number;
  /** All runs of all kinds, after the restatement. */
  readonly ledger: readonly Run[];
}

/** Longest that a restatement is given, minutes: a run of it may wait for what never comes. */
const LONGEST_RESTATEMENT = 180;

/** Has the library play groups up to a minute, and then make some time again. */
export async function performed(
  groups: readonly ModelGroup[],
  until: number,
  restatement: ModelRestatement,
): Promise<Performance> {
  const clock = new VirtualClock({ start: START });
  const store = new MemoryStore({ clock });
  const tidegate = createTidegate({
    store,
    clock,
    engines: [embeddedEngine()],
    operators: [new Jobs(clock, groups)],
    watchdogEveryMs: NEVER_MS,
    reconcileEveryMs: NEVER_MS,
    backfillEveryMs: NEVER_MS,
    dispatcher: { drainMs: 0 },
  });
  await tidegate.start();
  try {
    for (const [no, { reports }] of groups.entries())
      if (reports !== undefined)
        await tidegate.client.registerSource({ groupId: nameOf(no), startTime: START });
    const infos = groups.flatMap((group, no) => (group.reports === undefined ? [scheduleOf(group, no)] : []));
    const registered = await tidegate.client.registerMany(infos);
    for (const result of registered) if (!result.isRegistered) throw result.error;
    for (let minute = 1; minute <= until; minute += 1) {
      await clock.advance(MINUTE);
      for (let round = 0; round < 3; round += 1) await clock.advance(0);
      if (await acted(tidegate, groups, minute))
        for (let round = 0; round < 3; round += 1) await clock.advance(0);
      if (await reported(tidegate, groups, minute))
        for (let round = 0; round < 3; round += 1) await clock.advance(0);
    }
    // Time that is up with the last minute.
    await clock.advance(MINUTE / 2);
    const items = await allRuns(tidegate);
    const runs = items
      .filter(({ kind }) => kind === "SCHEDULED")
      .map(({ groupId, lower, upper, state, submittedAt }) => ({
        group: groupOf(groupId),
        lower: (lower - START) / MINUTE,
        minutes: (upper - lower) / MINUTE,
        state: state === "SUBMITTING" ? "RUNNING" : (state as ModelRun["state"]),
        begunAt: submittedAt === null ? null : Math.floor((submittedAt - START) / MINUTE),
      }));
    const ends = await endsOf(tidegate, groups);
    const { group, from, to } = restatement;
    const plan = await tidegate.client.restate({
      groupId: nameOf(group),
      from: START + from * MINUTE,
      to: START + to * MINUTE,
      cascade: "downstream",
    });
    const restatedAt = clock.now();
    await tidegate.client.applyRestatement(plan.planId);
    for (let minute = 0; minute < LONGEST_RESTATEMENT; minute += 1) {
      await clock.advance(MINUTE);
      for (let round = 0; round < 3; round += 1) await clock.advance(0);
      if ((await store.listBackfills({ states: ["RUNNING"] })).length === 0) break;
    }
    const ledger = await allRuns(tidegate);
    return { runs, reach: reachOf(plan), ends, restatedAt, ledger };
  } finally {
    // It waits for its jobs, whose time passes only here.
    let isStopped = false;
    const stopping = tidegate.stop().then(() => {
      isStopped = true;
    });
    while (!isStopped) await clock.advance(0);
    await stopping;
  }
}

async function allRuns({ client }: Tidegate): Promise<readonly Run[]> {
  const items: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.runs({}, { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return items;
}

function endsOf({ client }: Tidegate, groups: readonly ModelGroup[]): Promise<readonly number[]> {
  return Promise.all(
    groups.map(async ({ reports }, no) =>
      reports === undefined ? ((await client.get(nameOf(no))).watermark - START) / MINUTE : 0,
    ),
  );
}

function reachOf({ groups, stops }: RestatementPlan): ModelReach {
  const minutes = groups.map(({ groupId, intervals }) => {
    const all = new Set<number>();
    for (const { lower, upper } of intervals)
      for (let at = lower; at < upper; at += MINUTE) all.add((at - START) / MINUTE);
    return [groupOf(groupId), all] as const;
  });
  return { minutes: new Map(minutes), stops: stops.map(({ groupId }) => groupOf(groupId)) };
}
